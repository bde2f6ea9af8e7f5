#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "cli/bench_chart.h"
#include "vitrine/client/load_comparison.h"
#include "vitrine/client/load_generator.h"

namespace vitrine::cli {

// One run of a load.
struct BenchResult {
  std::string name{};  // "RecommendItems", or the mix.
  std::size_t concurrency = 1;
  double rate = 0;            // 0: a closed loop.
  bool is_mix = false;        // Of several calls.
  std::size_t num_users = 0;  // That requests were drawn from.
  std::size_t num_items = 0;
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
