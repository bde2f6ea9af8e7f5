#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>

#include "vitrine/base/thread_pool.h"
#include "vitrine/evaluation/split.h"
#include "vitrine/models/model.h"

namespace vitrine {

struct BlendFitOptions {
  std::size_t cutoff = 20;  // Of the ndcg that is made as high as possible.
  // Spread over all; fewer where models and candidates are so many that 24 million scores are more.
  std::size_t max_cases = 20'000;
  std::size_t history_limit = 0;                    // As EvaluationOptions::history_limit.
  std::function<void(double fraction)> progress{};  // May be empty; calls do not overlap.
  const std::atomic<bool>* is_cancelled = nullptr;  // May be null; once set, nothing is learned.
};

// What was learned, and what it reached on the cases that it was fitted to.
struct BlendFit {
  BlendWeights weights{};  // Sum to 1. Empty: too few cases to learn from.
  double cold_start_events = -1;
  Trend trend{};  // Its rule alone, without items: they come with the data served from.
  std::size_t num_cases = 0;
  double ndcg = 0;                        // Of the blend ...
  std::map<std::string, double> alone{};  // ... and of each model, by name.
};

// Looks for the weights with which `models`, trained on the train part of `validation`, answer its
// cases best: coordinate ascent on the mean ndcg itself (D. Metzler, W. B. Croft: Linear
// feature-based models for information retrieval, 2007, section 3.3), from the best model alone and
// from all alike. The slide of a cold start and, on data with times, the trend of the items are
// climbed with them. Weights grow with the query's features only where that helps on cases that
// they were not fitted to. A model that adds nothing gets 0; one that speaks for new shoppers and
// items keeps a hundredth. The same weights at any number of threads. Not from a task of `pool`.
BlendFit FitBlend(std::span<const Model> models, const Split& validation,
                  const BlendFitOptions& options, ThreadPool& pool);

}  // namespace vitrine
