#include "vitrine/feature_store/transform/column_summary.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <unordered_map>

#include "feature_store/transform/statistics.h"
#include "vitrine/feature_store/parse_cell.h"

namespace vitrine {
namespace {

// The bin of `value`, from 0 on; the maximum is in the last one.
std::size_t BinOf(double value, double low, double high, std::size_t num_bins) {
  // Halves: the distance of two numbers may be infinite.
  const double share = high == low ? 0 : (value / 2 - low / 2) / (high / 2 - low / 2);
  const auto bin = static_cast<std::size_t>(share * static_cast<double>(num_bins));
  return std::min(bin, num_bins - 1);
}

void SummarizeNumbers(const Numbers& numbers, std::size_t num_bins, ColumnSummary& summary) {
  const Numbers sorted = SortedPresent(numbers);
  summary.num_missing = numbers.size() - sorted.size();
  if (sorted.empty()) return;
  summary.num_distinct = 1;
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    if (sorted[i] != sorted[i - 1]) ++summary.num_distinct;
  }
  summary.mean = Mean(sorted);
  summary.deviation = Deviation(sorted, summary.mean);
  for (const double q : kSummaryQuantiles) summary.quantiles.push_back(Quantile(sorted, q));
  summary.histogram.assign(num_bins, 0);
  for (const double value : sorted) {
    ++summary.histogram[BinOf(value, sorted.front(), sorted.back(), num_bins)];
  }
}

void SummarizeTexts(const Texts& texts, std::size_t num_frequent, ColumnSummary& summary) {
  std::unordered_map<std::string, std::size_t> counts;
  for (const auto& text : texts) {
    if (!text.has_value()) {
      ++summary.num_missing;
      continue;
    }
    ++counts[*text];
    if (ParseAnyNumber(*text).has_value()) ++summary.num_like_numbers;
  }
  summary.num_distinct = counts.size();
  auto& frequent = summary.most_frequent;
  frequent.assign(counts.begin(), counts.end());
  const auto middle =
      frequent.begin() + static_cast<std::ptrdiff_t>(std::min(num_frequent, frequent.size()));
  std::partial_sort(frequent.begin(), middle, frequent.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  frequent.erase(middle, frequent.end());
}

}  // namespace

ColumnSummary Summarize(const Column& column, std::size_t num_bins, std::size_t num_frequent) {
  assert(num_bins >= 1);
  ColumnSummary summary{.name = column.name,
                        .kind = column.kind(),
                        .num_rows = column.size(),
                        .num_infinite = column.num_infinite};
  if (const auto* numbers = std::get_if<Numbers>(&column.cells)) {
    SummarizeNumbers(*numbers, num_bins, summary);
  } else {
    SummarizeTexts(std::get<Texts>(column.cells), num_frequent, summary);
  }
  return summary;
}

}  // namespace vitrine
