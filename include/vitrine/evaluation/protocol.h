#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <vector>

#include "vitrine/base/clock.h"
#include "vitrine/base/item_bitmap.h"
#include "vitrine/base/thread_pool.h"
#include "vitrine/engine/pipeline.h"
#include "vitrine/feature_store/dataset.h"
#include "vitrine/math/ranking_metrics.h"

namespace vitrine {

// A train part and, for each user of it, what came after. Definitions and what is left out:
// docs/evaluation.md.
struct Split {
  Dataset train{};                                 // now_us: the moment that queries are asked at
  std::vector<std::vector<ItemIndex>> relevant{};  // [train.num_users()], ascending, may be empty
  ItemBitmap candidates{};                         // What may be recommended.
};

// One row of a result table.
struct Evaluation {
  std::size_t num_users = 0;                   // Users with at least one relevant item.
  std::map<std::size_t, RankingMetrics> at{};  // Means by cut-off k.
  double seconds = 0;                          // Of answering, wall clock.
};

struct EvaluationOptions {
  std::vector<std::size_t> cutoffs = {20};
  bool allow_repeats = false;     // false: the user's training items are masked.
  std::size_t history_limit = 0;  // Latest interactions that a query shows; 0: all.
  std::function<void(double fraction)> progress{};  // May be empty; calls do not overlap.
  const std::atomic<bool>* is_cancelled = nullptr;  // May be null; once set, results are partial.
};

// Splits by time: interactions before `cut_us` train, the others test. Relevant is what the user's
// test interactions speak for on the whole (weights sum to more than 0), and not what the user had
// in training unless repeats are allowed. Users and items that the train part does not know are
// left out; indices of items stay as they are.
Split SplitByTime(const Dataset& dataset, Micros cut_us, bool allow_repeats);

// The cut with at least `test_fraction` of the interactions at or behind it, as few as possible,
// and one at least before it. When all happened at once, none is behind it. 0 without interactions.
Micros TemporalCut(const Dataset& dataset, double test_fraction);

// `dataset` with one interaction of weight 1 for each pair of user and item that has a positive
// one, the latest: the binary user x item matrix of most papers.
Dataset DistinctPairs(const Dataset& dataset);

// Asks `pipeline` for every test user's list, as a request would, and averages the metrics. The
// same numbers at any number of threads. Not from a task of `pool`.
Evaluation Evaluate(const Pipeline& pipeline, const Split& split, const EvaluationOptions& options,
                    ThreadPool& pool);

// The same for one model alone: ranks as the model does.
Evaluation EvaluateModel(const Model& model, const Split& split, const EvaluationOptions& options,
                         ThreadPool& pool);

}  // namespace vitrine
