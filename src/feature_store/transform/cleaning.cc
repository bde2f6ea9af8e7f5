#include "vitrine/feature_store/transform/cleaning.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <set>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_format.h"
#include "feature_store/transform/statistics.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

// Equal for rows that are equal in `columns`, and for no others.
std::string RowKey(const std::vector<const Column*>& columns, std::size_t row) {
  ByteWriter key;
  for (const Column* column : columns) {
    if (const auto* numbers = std::get_if<Numbers>(&column->cells)) {
      const double value = (*numbers)[row];
      key.Unsigned(std::isnan(value) ? 0 : 1);
      if (!std::isnan(value)) key.Double(value == 0 ? 0 : value);
    } else {
      const auto& text = std::get<Texts>(column->cells)[row];
      key.Unsigned(text.has_value() ? 1 : 0);
      if (text.has_value()) key.String(*text);
    }
  }
  return key.Take();
}

absl::Status Check(const ClipSettings& settings) {
  const bool has_quantiles =
      settings.lower >= 0 && settings.lower < settings.upper && settings.upper <= 1;
  if (!has_quantiles) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the quantiles are %g and %g; wants 0 <= lower < upper <= 1",
                        settings.lower, settings.upper));
  }
  if (!(settings.deviations > 0)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("outliers begin at %g deviations; wants more than 0", settings.deviations));
  }
  return absl::OkStatus();
}

ClippedColumn Learn(const std::string& name, const Numbers& sorted, const ClipSettings& settings) {
  if (settings.method == ClipMethod::kQuantile) {
    return {name, Quantile(sorted, settings.lower), Quantile(sorted, settings.upper)};
  }
  const double mean = Mean(sorted);
  const double reach = settings.deviations * Deviation(sorted, mean);
  // A constant's mean may be beside it by rounding.
  return {name, std::min(mean - reach, mean), std::max(mean + reach, mean)};
}

}  // namespace

absl::StatusOr<FittedDeduplicate> Fit(const FeatureTable& table,
                                      const DeduplicateSettings& settings) {
  for (const std::string& key : settings.keys) VITRINE_RETURN_IF_ERROR(table.Get(key).status());
  return FittedDeduplicate{.keys = settings.keys, .keep = settings.keep};
}

absl::StatusOr<FeatureTable> Apply(const FittedDeduplicate& fitted, FeatureTable table) {
  std::vector<const Column*> columns;
  for (const std::string& key : fitted.keys) {
    VITRINE_ASSIGN_OR_RETURN(const Column* column, table.Get(key));
    columns.push_back(column);
  }
  if (columns.empty()) {
    for (const Column& column : table.columns()) columns.push_back(&column);
  }
  const std::size_t num_rows = table.num_rows();
  std::unordered_set<std::string> seen;
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < num_rows; ++i) {
    const std::size_t row = fitted.keep == Keep::kFirst ? i : num_rows - 1 - i;
    if (seen.insert(RowKey(columns, row)).second) kept.push_back(row);
  }
  if (kept.size() == num_rows) return table;
  if (fitted.keep == Keep::kLast) std::reverse(kept.begin(), kept.end());
  return table.Rows(kept);
}

std::vector<std::string> Describe(const FittedDeduplicate& fitted) {
  std::string by;
  for (const std::string& key : fitted.keys) by += (by.empty() ? "" : ", ") + key;
  return {absl::StrFormat("the %s of rows with the same %s",
                          fitted.keep == Keep::kFirst ? "first" : "last",
                          by.empty() ? "cells" : by)};
}

absl::StatusOr<FittedClip> Fit(const FeatureTable& table, const ClipSettings& settings) {
  VITRINE_RETURN_IF_ERROR(Check(settings));
  FittedClip fitted;
  VITRINE_ASSIGN_OR_RETURN(const auto names, ChooseColumns(table, settings.columns));
  for (const std::string& name : names) {
    VITRINE_ASSIGN_OR_RETURN(const Numbers sorted, LearnFrom(table, name, "bounds"));
    ClippedColumn column = Learn(name, sorted, settings);
    VITRINE_RETURN_IF_ERROR(CheckFinite(column.low, name, "lower bound"));
    VITRINE_RETURN_IF_ERROR(CheckFinite(column.high, name, "upper bound"));
    fitted.columns.push_back(std::move(column));
  }
  return fitted;
}

absl::StatusOr<FeatureTable> Apply(const FittedClip& fitted, FeatureTable table) {
  for (const ClippedColumn& column : fitted.columns) {
    VITRINE_ASSIGN_OR_RETURN(const Numbers* numbers, table.GetNumbers(column.name));
    Numbers clipped = *numbers;
    for (double& value : clipped) value = std::clamp(value, column.low, column.high);
    VITRINE_RETURN_IF_ERROR(table.ReplaceNumbers(column.name, std::move(clipped)));
  }
  return table;
}

std::vector<std::string> Describe(const FittedClip& fitted) {
  std::vector<std::string> lines;
  for (const ClippedColumn& column : fitted.columns) {
    lines.push_back(absl::StrFormat("%s: in [%.6g, %.6g]", column.name, column.low, column.high));
  }
  return lines;
}

bool IsSound(const FittedClip& fitted) {
  return std::all_of(fitted.columns.begin(), fitted.columns.end(),
                     [](const ClippedColumn& column) { return column.low <= column.high; });
}

absl::StatusOr<FittedSelect> Fit(const FeatureTable& table, const SelectSettings& settings) {
  const std::vector<std::string>& except = settings.columns.except;
  const auto is_safe = [&](const std::string& name) {
    return std::find(except.begin(), except.end(), name) != except.end();
  };
  ColumnChoice choice = settings.columns;
  // What stays in any case may be named among what is kept.
  if (!settings.is_dropping) std::erase_if(choice.names, is_safe);
  VITRINE_ASSIGN_OR_RETURN(const auto names, ChooseColumns(table, choice));
  const std::set<std::string> chosen(names.begin(), names.end());
  FittedSelect fitted;
  for (const Column& column : table.columns()) {
    if (!is_safe(column.name) && chosen.contains(column.name) == settings.is_dropping) {
      fitted.dropped.push_back(column.name);
    }
  }
  return fitted;
}

absl::StatusOr<FeatureTable> Apply(const FittedSelect& fitted, FeatureTable table) {
  for (const std::string& name : fitted.dropped) {
    VITRINE_RETURN_IF_ERROR(table.Replace(name, {}));
  }
  return table;
}

std::vector<std::string> Describe(const FittedSelect& fitted) {
  std::vector<std::string> lines;
  for (const std::string& name : fitted.dropped) lines.push_back(name + ": dropped");
  return lines;
}

}  // namespace vitrine
