#pragma once

#include <cstddef>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "vitrine/base/thread_pool.h"
#include "vitrine/evaluation/protocol.h"
#include "vitrine/math/exposure_metrics.h"
#include "vitrine/math/resampling.h"

namespace vitrine {

// The cases whose history has so many interactions.
struct HistoryGroup {
  std::size_t least = 0;
  std::size_t most = std::numeric_limits<std::size_t>::max();
  std::size_t num_cases = 0;
  std::map<std::size_t, RankingMetrics> at{};  // Means by cut-off k.
};

// What an evaluation says beyond its means. Metrics are named as in "ndcg@20", and "auc".
struct Summary {
  std::map<std::string, Interval> intervals{};        // Of the means.
  std::map<std::size_t, ExposureMetrics> exposure{};  // By cut-off k.
  std::vector<HistoryGroup> by_history{};             // Ascending, without empty ones.
};

// `evaluation` is one of `split`. Not from a task of `pool`.
Summary Summarise(const Split& split, const Evaluation& evaluation,
                  const ResamplingOptions& options, ThreadPool& pool);

// By how much one mean is larger than another, and how sure that is.
struct Difference {
  double value = 0;
  Interval interval{};
  double p_value = 1;
};

// `a` minus `b`, two evaluations of `split` at the same cut-offs, by metric name. Paired: case by
// case, with users or sessions as the units that are drawn.
std::map<std::string, Difference> ComparePaired(const Split& split, const Evaluation& a,
                                                const Evaluation& b,
                                                const ResamplingOptions& options, ThreadPool& pool);

}  // namespace vitrine
