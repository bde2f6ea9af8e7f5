#pragma once

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "vitrine/feature_store/transform/feature_table.h"

namespace vitrine::testing {

inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

inline Column NumbersColumn(std::string name, Numbers numbers) {
  return {.name = std::move(name), .cells = std::move(numbers)};
}

inline Column TextsColumn(std::string name, Texts texts) {
  return {.name = std::move(name), .cells = std::move(texts)};
}

inline FeatureTable TableOf(std::vector<Column> columns) {
  return FeatureTable::Create(std::move(columns)).value();
}

inline ColumnChoice Named(std::vector<std::string> names) { return {.names = std::move(names)}; }

inline ColumnChoice AllNumbers() { return {.all = ColumnChoice::All::kNumbers}; }

// The numbers of a column that is there.
inline Numbers NumbersOf(const FeatureTable& table, const std::string& name) {
  return *table.GetNumbers(name).value();
}

inline Texts TextsOf(const FeatureTable& table, const std::string& name) {
  return *table.GetTexts(name).value();
}

inline std::vector<std::string> NamesOf(const FeatureTable& table) {
  std::vector<std::string> names;
  for (const Column& column : table.columns()) names.push_back(column.name);
  return names;
}

// What settings learn from `table` and make of it.
template <typename Settings>
absl::StatusOr<FeatureTable> FitAndApply(const FeatureTable& table, const Settings& settings) {
  const auto fitted = Fit(table, settings);
  if (!fitted.ok()) return fitted.status();
  return Apply(*fitted, table);
}

}  // namespace vitrine::testing
