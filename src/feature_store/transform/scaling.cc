#include "vitrine/feature_store/transform/scaling.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "feature_store/transform/statistics.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/feature_store/parse_cell.h"

namespace vitrine {
namespace {

absl::Status Check(const ScaleSettings& settings) {
  if (!(settings.low < settings.high)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("low is %g and high is %g; wants low < high", settings.low, settings.high));
  }
  if (!(settings.lower >= 0 && settings.lower < settings.upper && settings.upper <= 1)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the quantiles are %g and %g; wants 0 <= lower < upper <= 1",
                        settings.lower, settings.upper));
  }
  return absl::OkStatus();
}

// Center and spread of `sorted`, before constants are looked at.
ScaledColumn Learn(const Numbers& sorted, const ScaleSettings& settings) {
  switch (settings.method) {
    case ScaleMethod::kMinMax:
      return {.center = sorted.front(), .spread = sorted.back() - sorted.front()};
    case ScaleMethod::kStandard: {
      const double mean = Mean(sorted);
      return {.center = mean, .spread = Deviation(sorted, mean)};
    }
    case ScaleMethod::kRobust:
      return {.center = Quantile(sorted, 0.5),
              .spread = Quantile(sorted, settings.upper) - Quantile(sorted, settings.lower)};
  }
  return {};
}

absl::StatusOr<ScaledColumn> FitColumn(const FeatureTable& table, const std::string& name,
                                       const ScaleSettings& settings) {
  VITRINE_ASSIGN_OR_RETURN(const Numbers sorted, LearnFrom(table, name, "a scale"));
  ScaledColumn column = Learn(sorted, settings);
  column.name = name;
  // Equal values have a mean beside them by rounding, and a deviation of nearly nothing.
  if (sorted.front() == sorted.back()) column.center = sorted.front();
  if (sorted.front() == sorted.back() || column.spread == 0) column.spread = 1;
  if (settings.method == ScaleMethod::kMinMax) column.spread /= settings.high - settings.low;
  VITRINE_RETURN_IF_ERROR(CheckFinite(column.center, name, "center"));
  VITRINE_RETURN_IF_ERROR(CheckFinite(column.spread, name, "spread"));
  return column;
}

absl::Status CheckNegatives(const Numbers& numbers, std::string_view name, NegativePolicy policy) {
  if (policy != NegativePolicy::kError) return absl::OkStatus();
  const auto is_negative = [](double value) { return value < 0; };
  const auto first = std::find_if(numbers.begin(), numbers.end(), is_negative);
  if (first == numbers.end()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("column %s has %d negative numbers, the first %s in row %d, which have no "
                      "log1p; let negative "
                      "be \"signed\" or \"zero\"",
                      name, std::count_if(first, numbers.end(), is_negative), FormatNumber(*first),
                      first - numbers.begin() + 1));
}

}  // namespace

absl::StatusOr<FittedScale> Fit(const FeatureTable& table, const ScaleSettings& settings) {
  VITRINE_RETURN_IF_ERROR(Check(settings));
  FittedScale fitted{.method = settings.method,
                     .low = settings.low,
                     .high = settings.high,
                     .is_clipped = settings.is_clipped};
  VITRINE_ASSIGN_OR_RETURN(const auto names, ChooseColumns(table, settings.columns));
  for (const std::string& name : names) {
    VITRINE_ASSIGN_OR_RETURN(ScaledColumn column, FitColumn(table, name, settings));
    fitted.columns.push_back(std::move(column));
  }
  return fitted;
}

absl::StatusOr<FeatureTable> Apply(const FittedScale& fitted, FeatureTable table) {
  const bool is_min_max = fitted.method == ScaleMethod::kMinMax;
  for (const ScaledColumn& column : fitted.columns) {
    VITRINE_ASSIGN_OR_RETURN(const Numbers* numbers, table.GetNumbers(column.name));
    Numbers scaled = *numbers;
    for (double& value : scaled) {
      value = (value - column.center) / column.spread;
      if (is_min_max) value += fitted.low;
      // NaN is neither below nor above.
      if (is_min_max && fitted.is_clipped) value = std::clamp(value, fitted.low, fitted.high);
    }
    VITRINE_RETURN_IF_ERROR(table.ReplaceNumbers(column.name, std::move(scaled)));
  }
  return table;
}

bool IsSound(const FittedScale& fitted) {
  return fitted.low < fitted.high &&
         std::all_of(fitted.columns.begin(), fitted.columns.end(),
                     [](const ScaledColumn& column) { return column.spread > 0; });
}

std::vector<std::string> Describe(const FittedScale& fitted) {
  std::vector<std::string> lines;
  for (const ScaledColumn& column : fitted.columns) {
    std::string line =
        absl::StrFormat("%s: (x - %.6g) / %.6g", column.name, column.center, column.spread);
    if (fitted.method == ScaleMethod::kMinMax) {
      line += absl::StrFormat(" + %.6g", fitted.low);
      if (fitted.is_clipped) line += absl::StrFormat(", in [%g, %g]", fitted.low, fitted.high);
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

absl::StatusOr<FittedLog> Fit(const FeatureTable& table, const LogSettings& settings) {
  FittedLog fitted{.negative = settings.negative};
  VITRINE_ASSIGN_OR_RETURN(fitted.columns, ChooseColumns(table, settings.columns));
  for (const std::string& name : fitted.columns) {
    VITRINE_ASSIGN_OR_RETURN(const Numbers* numbers, table.GetNumbers(name));
    VITRINE_RETURN_IF_ERROR(CheckNegatives(*numbers, name, settings.negative));
  }
  return fitted;
}

absl::StatusOr<FeatureTable> Apply(const FittedLog& fitted, FeatureTable table) {
  for (const std::string& name : fitted.columns) {
    VITRINE_ASSIGN_OR_RETURN(const Numbers* numbers, table.GetNumbers(name));
    VITRINE_RETURN_IF_ERROR(CheckNegatives(*numbers, name, fitted.negative));
    Numbers logs = *numbers;
    for (double& value : logs) {
      if (value < 0 && fitted.negative == NegativePolicy::kZero) value = 0;
      value = std::copysign(std::log1p(std::abs(value)), value);
    }
    VITRINE_RETURN_IF_ERROR(table.ReplaceNumbers(name, std::move(logs)));
  }
  return table;
}

std::vector<std::string> Describe(const FittedLog& fitted) {
  constexpr const char* kFormulas[] = {"ln(1 + x), x >= 0", "sign(x) ln(1 + |x|)",
                                       "ln(1 + max(x, 0))"};
  std::vector<std::string> lines;
  for (const std::string& name : fitted.columns) {
    lines.push_back(name + ": " + kFormulas[static_cast<std::size_t>(fitted.negative)]);
  }
  return lines;
}

absl::StatusOr<FittedBins> Fit(const FeatureTable& table, const BinSettings& settings) {
  if (settings.num_bins < 2) {
    return absl::InvalidArgumentError(
        absl::StrFormat("there would be %d bins; wants 2 at least", settings.num_bins));
  }
  FittedBins fitted;
  VITRINE_ASSIGN_OR_RETURN(const auto names, ChooseColumns(table, settings.columns));
  for (const std::string& name : names) {
    VITRINE_ASSIGN_OR_RETURN(const Numbers sorted, LearnFrom(table, name, "quantiles"));
    BinnedColumn& column = fitted.columns.emplace_back();
    column.name = name;
    double last = sorted.front();
    for (std::size_t bin = 1; bin < settings.num_bins; ++bin) {
      const double edge =
          Quantile(sorted, static_cast<double>(bin) / static_cast<double>(settings.num_bins));
      if (edge > last && edge < sorted.back()) column.edges.push_back(last = edge);
    }
  }
  return fitted;
}

absl::StatusOr<FeatureTable> Apply(const FittedBins& fitted, FeatureTable table) {
  for (const BinnedColumn& column : fitted.columns) {
    VITRINE_ASSIGN_OR_RETURN(const Numbers* numbers, table.GetNumbers(column.name));
    Numbers bins = *numbers;
    for (double& value : bins) {
      if (std::isnan(value)) continue;
      const auto above = std::upper_bound(column.edges.begin(), column.edges.end(), value);
      value = static_cast<double>(above - column.edges.begin());
    }
    VITRINE_RETURN_IF_ERROR(table.ReplaceNumbers(column.name, std::move(bins)));
  }
  return table;
}

bool IsSound(const FittedBins& fitted) {
  return std::all_of(fitted.columns.begin(), fitted.columns.end(), [](const BinnedColumn& column) {
    return std::is_sorted(column.edges.begin(), column.edges.end());
  });
}

std::vector<std::string> Describe(const FittedBins& fitted) {
  std::vector<std::string> lines;
  for (const BinnedColumn& column : fitted.columns) {
    std::string line = absl::StrFormat("%s: %d bins, edges", column.name, column.edges.size() + 1);
    for (const double edge : column.edges) line += absl::StrFormat(" %.6g", edge);
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace vitrine
