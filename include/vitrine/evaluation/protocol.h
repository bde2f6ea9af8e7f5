#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/thread_pool.h"
#include "vitrine/engine/pipeline.h"
#include "vitrine/feature_store/dataset.h"
#include "vitrine/math/ranking_metrics.h"

namespace vitrine {

// A train part and, for each user of it, what came after. Test users and items that the train part
// does not know are left out.
struct Split {
  Dataset train{};
  std::vector<std::vector<ItemIndex>> relevant{};  // [train.num_users()], ascending, may be empty
};

// One row of a result table.
struct Evaluation {
  std::size_t num_users = 0;                   // Users with at least one relevant item.
  std::map<std::size_t, RankingMetrics> at{};  // Means by cut-off k.
  double seconds = 0;                          // Of answering, wall clock.
};

struct EvaluationOptions {
  std::vector<std::size_t> cutoffs = {20};
  bool allow_repeats = false;  // false: the user's training items are masked.
};

// Splits by time: interactions before `cut_us` train, the others test; relevant items are distinct,
// and without what the user had in training unless repeats are allowed.
Split SplitByTime(const Dataset& dataset, Micros cut_us, bool allow_repeats);

// The cut that leaves `test_fraction` of the interactions behind it.
Micros TemporalCut(const Dataset& dataset, double test_fraction);

// Asks `pipeline` for every test user's list, as a request would, and averages the metrics.
Evaluation Evaluate(const Pipeline& pipeline, const Split& split, const EvaluationOptions& options,
                    ThreadPool& pool);

}  // namespace vitrine
