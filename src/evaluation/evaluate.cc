#include <algorithm>
#include <mutex>

#include "vitrine/evaluation/protocol.h"

namespace vitrine {
namespace {

// Queries asked at once: enough for a scorer to share its reading of the items. Part of the
// result's definition only through rounding; never derived from the number of threads.
constexpr std::size_t kCasesPerBlock = 64;

// What one test case's query looks at.
struct Asked {
  std::vector<Interaction> history{};
  std::vector<ItemIndex> excluded{};
};

Asked MakeAsked(const Split& split, const TestCase& test, const EvaluationOptions& options) {
  const std::span<const Interaction> history = split.History(test);
  Asked asked{.history = {history.rbegin(), history.rend()}};
  if (!split.allow_repeats) {
    for (const Interaction& each : history) asked.excluded.push_back(each.item);
    std::sort(asked.excluded.begin(), asked.excluded.end());
    asked.excluded.erase(std::unique(asked.excluded.begin(), asked.excluded.end()),
                         asked.excluded.end());
  }
  if (options.history_limit > 0 && asked.history.size() > options.history_limit) {
    asked.history.resize(options.history_limit);
  }
  return asked;
}

// Sums over `cases`, by position in options.cutoffs.
std::vector<RankingMetrics> MeasureBlock(const Pipeline& pipeline, const Split& split,
                                         const EvaluationOptions& options,
                                         std::span<const TestCase> cases) {
  std::vector<Asked> asked;
  asked.reserve(cases.size());
  for (const TestCase& test : cases) asked.push_back(MakeAsked(split, test, options));
  std::vector<Query> queries;
  queries.reserve(cases.size());
  for (std::size_t i = 0; i < cases.size(); ++i) {
    queries.push_back(
        {.history = asked[i].history,
         .now_us = cases[i].now_us,
         .excluded = asked[i].excluded,
         .training_user = options.as_paper ? cases[i].training_user : kNoTrainingUser});
  }
  const std::size_t k = *std::max_element(options.cutoffs.begin(), options.cutoffs.end());
  const auto lists = pipeline.Recommend(queries, &split.candidates, k);

  std::vector<RankingMetrics> sums(options.cutoffs.size());
  for (std::size_t row = 0; row < cases.size(); ++row) {
    std::vector<ItemIndex> ranked;
    for (const BlendedItem& each : lists[row]) ranked.push_back(each.item);
    for (std::size_t i = 0; i < sums.size(); ++i) {
      sums[i] += MeasureRanking(ranked, cases[row].relevant, options.cutoffs[i]);
    }
  }
  return sums;
}

}  // namespace

Evaluation Evaluate(const Pipeline& pipeline, const Split& split, const EvaluationOptions& options,
                    ThreadPool& pool) {
  const Micros start = MonotonicNow();
  const std::span<const TestCase> cases = split.cases;
  const std::size_t num_blocks =
      options.cutoffs.empty() ? 0 : (cases.size() + kCasesPerBlock - 1) / kCasesPerBlock;
  std::vector<std::vector<RankingMetrics>> sums(num_blocks);
  std::mutex progress_mutex;
  std::size_t num_done = 0;  // Guarded by progress_mutex.
  pool.ParallelFor(num_blocks, [&](std::size_t block) {
    if (options.is_cancelled != nullptr && *options.is_cancelled) return;
    const std::size_t begin = block * kCasesPerBlock;
    sums[block] =
        MeasureBlock(pipeline, split, options,
                     cases.subspan(begin, std::min(kCasesPerBlock, cases.size() - begin)));
    if (!options.progress) return;
    std::lock_guard lock(progress_mutex);
    options.progress(static_cast<double>(++num_done) / static_cast<double>(num_blocks));
  });

  Evaluation evaluation{.num_users = split.num_groups(), .num_cases = cases.size()};
  for (std::size_t i = 0; i < options.cutoffs.size(); ++i) {
    RankingMetrics total;
    for (const auto& block : sums) {
      if (!block.empty()) total += block[i];
    }
    if (!cases.empty()) total = total / static_cast<double>(cases.size());
    evaluation.at[options.cutoffs[i]] = total;
  }
  evaluation.seconds =
      static_cast<double>(MonotonicNow() - start) / static_cast<double>(kMicrosPerSecond);
  return evaluation;
}

Evaluation EvaluateModel(const Model& model, const Split& split, const EvaluationOptions& options,
                         ThreadPool& pool) {
  auto models = std::make_shared<ModelSet>();
  models->weights = {{model.name, 1.0}};
  models->models = {model};
  if (options.as_paper && model.as_paper != nullptr) {
    models->models.front().scorer = model.as_paper;
  }
  BlendOptions blend;
  blend.weights = models->weights;
  blend.cold_start_events = 0;
  return Evaluate(Pipeline(std::move(models), std::move(blend)), split, options, pool);
}

}  // namespace vitrine
