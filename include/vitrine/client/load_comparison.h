#pragma once

#include <span>

#include "vitrine/client/load_generator.h"

namespace vitrine {

// How a load compares with empty calls under the same conditions. Medians are over the repeats;
// ratios are the load's median by that of the empty calls, 0 where there is none of these.
struct AgainstCheck {
  int num_repeats = 0;  // Of both.
  double load_p50_us = 0;
  double load_p99_us = 0;
  double load_calls_per_second = 0;
  double check_p50_us = 0;
  double check_p99_us = 0;
  double check_calls_per_second = 0;
  double ratio_p50 = 0;
  double ratio_p99 = 0;
  double ratio_calls_per_second = 0;  // Says something of closed loops alone.
};

// The `turn`-th repeat of a load, from 0 on, of other requests: the same ones would find in the
// server's caches what those of the turn before read.
LoadOptions RepeatOf(const LoadOptions& load, int turn);

// As many empty calls, under the same conditions.
LoadOptions EmptyCallsOf(const LoadOptions& load);

// REQUIRES: as many of both, and at least one.
AgainstCheck CompareWithCheck(std::span<const LoadReport> loads,
                              std::span<const LoadReport> checks);

}  // namespace vitrine
