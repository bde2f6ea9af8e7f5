#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "vitrine/feature_store/transform/feature_table.h"

namespace vitrine {

inline constexpr std::array kSummaryQuantiles = {0.0, 0.01, 0.25, 0.5, 0.75, 0.99, 1.0};

// What there is to say about one column at a glance.
struct ColumnSummary {
  std::string name{};
  ColumnKind kind{};
  std::size_t num_rows = 0;
  std::size_t num_missing = 0;   // Those that came as infinity too.
  std::size_t num_infinite = 0;  // Of those.
  std::size_t num_distinct = 0;  // Values, without missing.
  // Of numbers, and empty or 0 without any.
  double mean = 0;
  double deviation = 0;             // Standard, over n.
  std::vector<double> quantiles{};  // At kSummaryQuantiles, the ends being minimum and maximum.
  std::vector<std::size_t> histogram{};  // Rows in bins of equal width from minimum to maximum.
  // Of texts: values with their rows, the most frequent first, of equally frequent ones the
  // smaller; and how many cells would be numbers. Some but not all: the column is of mixed type.
  std::vector<std::pair<std::string, std::size_t>> most_frequent{};
  std::size_t num_like_numbers = 0;
};

// REQUIRES: num_bins >= 1
ColumnSummary Summarize(const Column& column, std::size_t num_bins, std::size_t num_frequent);

}  // namespace vitrine
