#include "feature_store/transform/statistics.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>

#include "absl/strings/str_format.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {

Numbers SortedPresent(const Numbers& numbers) {
  Numbers present;
  present.reserve(numbers.size());
  std::copy_if(numbers.begin(), numbers.end(), std::back_inserter(present),
               [](double value) { return !std::isnan(value); });
  std::sort(present.begin(), present.end());
  return present;
}

double Quantile(const Numbers& sorted, double q) {
  assert(!sorted.empty());
  const double place = static_cast<double>(sorted.size() - 1) * q;
  const auto below = static_cast<std::size_t>(place);
  if (below + 1 >= sorted.size()) return sorted.back();
  const double share = place - static_cast<double>(below);
  const double gap = sorted[below + 1] - sorted[below];
  if (std::isfinite(gap)) return sorted[below] + share * gap;
  return sorted[below] * (1 - share) + sorted[below + 1] * share;
}

double Mean(const Numbers& present) {
  double sum = 0;
  for (const double value : present) sum += value;
  return sum / static_cast<double>(present.size());
}

double Deviation(const Numbers& present, double mean) {
  double sum = 0;
  for (const double value : present) sum += (value - mean) * (value - mean);
  return std::sqrt(sum / static_cast<double>(present.size()));
}

absl::StatusOr<Numbers> LearnFrom(const FeatureTable& table, std::string_view column,
                                  std::string_view wanted) {
  VITRINE_ASSIGN_OR_RETURN(const Numbers* numbers, table.GetNumbers(column));
  Numbers present = SortedPresent(*numbers);
  if (!present.empty()) return present;
  return absl::InvalidArgumentError(absl::StrFormat(
      "all %d values of column %s are missing, so there is nothing to take %s from; drop the "
      "column, or impute a constant before this step",
      numbers->size(), column, wanted));
}

absl::Status CheckFinite(double value, std::string_view column, std::string_view what) {
  if (std::isfinite(value)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("the numbers of column %s are too large: their %s is not finite; clip them "
                      "before this step",
                      column, what));
}

}  // namespace vitrine
