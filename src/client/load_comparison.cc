#include "vitrine/client/load_comparison.h"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <vector>

namespace vitrine {
namespace {

double MedianOf(std::span<const LoadReport> reports, double LoadReport::*figure) {
  std::vector<double> values;
  for (const LoadReport& report : reports) values.push_back(report.*figure);
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double Ratio(double part, double whole) { return whole > 0 ? part / whole : 0; }

}  // namespace

LoadOptions RepeatOf(const LoadOptions& load, int turn) {
  LoadOptions repeat = load;
  repeat.seed += static_cast<std::uint64_t>(turn);
  return repeat;
}

LoadOptions EmptyCallsOf(const LoadOptions& load) {
  return {.address = load.address,
          .client = load.client,
          .mix = {{.call = LoadCall::kCheck}},
          .concurrency = load.concurrency,
          .seconds = load.seconds,
          .warm_up_seconds = load.warm_up_seconds,
          .rate = load.rate,
          .deadline_ms = load.deadline_ms,
          .max_calls = load.max_calls};
}

AgainstCheck CompareWithCheck(std::span<const LoadReport> loads,
                              std::span<const LoadReport> checks) {
  assert(loads.size() == checks.size() && !loads.empty());
  AgainstCheck against{.num_repeats = static_cast<int>(loads.size()),
                       .load_p50_us = MedianOf(loads, &LoadReport::p50_us),
                       .load_p99_us = MedianOf(loads, &LoadReport::p99_us),
                       .load_calls_per_second = MedianOf(loads, &LoadReport::calls_per_second),
                       .check_p50_us = MedianOf(checks, &LoadReport::p50_us),
                       .check_p99_us = MedianOf(checks, &LoadReport::p99_us),
                       .check_calls_per_second = MedianOf(checks, &LoadReport::calls_per_second)};
  against.ratio_p50 = Ratio(against.load_p50_us, against.check_p50_us);
  against.ratio_p99 = Ratio(against.load_p99_us, against.check_p99_us);
  against.ratio_calls_per_second =
      Ratio(against.load_calls_per_second, against.check_calls_per_second);
  return against;
}

}  // namespace vitrine
