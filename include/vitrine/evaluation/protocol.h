#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "vitrine/base/thread_pool.h"
#include "vitrine/engine/diversity.h"
#include "vitrine/engine/pipeline.h"
#include "vitrine/evaluation/split.h"
#include "vitrine/math/ranking_metrics.h"

namespace vitrine {

// One row of a result table.
struct Evaluation {
  std::size_t num_users = 0;                   // Users or sessions with at least one test case.
  std::size_t num_cases = 0;                   // What the means are over.
  std::map<std::size_t, RankingMetrics> at{};  // Means by cut-off k.
  // By case of the split; all zero and empty for those that a cancelled evaluation did not ask.
  std::map<std::size_t, std::vector<RankingMetrics>> by_case{};  // By cut-off k.
  std::vector<std::vector<ItemIndex>> lists{};                   // As long as the largest k.
  std::vector<double> auc{};                                     // Empty unless asked for.
  double seconds = 0;  // Of answering, wall clock, without the AUC.

  // Intra-list similarity of each case's list, by cut-off k; empty unless a diversity was given.
  std::map<std::size_t, std::vector<double>> similarity{};

  double MeanAuc() const;                      // 0 without any.
  double MeanSimilarity(std::size_t k) const;  // The same.
};

struct EvaluationOptions {
  std::vector<std::size_t> cutoffs = {20};
  // Items that each case's right answers are held against for the AUC; 0: it is not measured.
  std::size_t auc_negatives = 0;
  bool as_paper = false;  // Measure Model::as_paper where a model has one.
  // Where given, lists are made varied this way, and how alike they are is measured; kNone measures
  // them as they are.
  std::optional<Diversity> diversity{};
  // Where above 0, lists give this share to what is no bestseller (exposure_metrics.h), as
  // Expose does. Not together with a diversity.
  double long_tail_share = 0;
  std::size_t history_limit = 0;  // Latest interactions that a query shows; 0: all.
  std::function<void(double fraction)> progress{};  // May be empty; calls do not overlap.
  const std::atomic<bool>* is_cancelled = nullptr;  // May be null; once set, results are partial.
};

RankingMetrics MeanOf(std::span<const RankingMetrics> by_case);

// Asks `pipeline` for every test case's list, as a request would, and averages the metrics. The
// same numbers at any number of threads. Not from a task of `pool`.
Evaluation Evaluate(const Pipeline& pipeline, const Split& split, const EvaluationOptions& options,
                    ThreadPool& pool);

// The same for one model alone: ranks as the model does, or, with `as_paper`, as its paper has it.
Evaluation EvaluateModel(const Model& model, const Split& split, const EvaluationOptions& options,
                         ThreadPool& pool);

}  // namespace vitrine
