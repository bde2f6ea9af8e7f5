#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/bench_chart.h"
#include "vitrine/client/load_generator.h"

namespace vitrine::cli {

// How a load compares with empty calls under the same conditions.
struct AgainstCheck {
  int num_repeats = 0;      // Of both, in turn.
  double check_p50_us = 0;  // Medians over them.
  double check_p99_us = 0;
  double ratio_p50 = 0;  // Of the medians over the repeats.
  double ratio_p99 = 0;
};

// One run of a load.
struct BenchResult {
  std::string name{};  // "RecommendItems", or the mix.
  LoadOptions load{};
  LoadReport report{};  // Of several repeats that with the median p50.
  std::optional<AgainstCheck> against_check{};
};

// For people.
std::string Describe(const BenchResult& result);

// For scripts: an object, or one of all runs.
std::string ToJson(const BenchResult& result);
std::string ToJson(const std::vector<BenchResult>& results);

BenchPoint PointOf(const BenchResult& result);

}  // namespace vitrine::cli
