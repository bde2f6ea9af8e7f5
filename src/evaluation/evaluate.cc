#include <algorithm>
#include <mutex>

#include "vitrine/evaluation/protocol.h"

namespace vitrine {
namespace {

// Queries asked at once: enough for a scorer to share its reading of the items. Part of the
// result's definition only through rounding; never derived from the number of threads.
constexpr std::size_t kUsersPerBlock = 64;

// One test user's query and what its views look at.
struct TestUser {
  std::vector<Interaction> history{};
  std::vector<ItemIndex> excluded{};
};

TestUser MakeTestUser(const Split& split, std::size_t user, const EvaluationOptions& options) {
  const std::span<const Interaction> history = split.train.History(user);
  TestUser test{.history = {history.rbegin(), history.rend()}};
  if (!options.allow_repeats) {
    for (const Interaction& each : history) test.excluded.push_back(each.item);
    std::sort(test.excluded.begin(), test.excluded.end());
    test.excluded.erase(std::unique(test.excluded.begin(), test.excluded.end()),
                        test.excluded.end());
  }
  if (options.history_limit > 0 && test.history.size() > options.history_limit) {
    test.history.resize(options.history_limit);
  }
  return test;
}

// The users with something to find, by row of the train part.
std::vector<std::size_t> TestUsers(const Split& split) {
  std::vector<std::size_t> users;
  for (std::size_t user = 0; user < split.relevant.size(); ++user) {
    if (!split.relevant[user].empty()) users.push_back(user);
  }
  return users;
}

// Sums over `users`, by position in options.cutoffs.
std::vector<RankingMetrics> MeasureBlock(const Pipeline& pipeline, const Split& split,
                                         const EvaluationOptions& options,
                                         std::span<const std::size_t> users) {
  std::vector<TestUser> tests;
  tests.reserve(users.size());
  for (const std::size_t user : users) tests.push_back(MakeTestUser(split, user, options));
  std::vector<Query> queries;
  queries.reserve(tests.size());
  for (const TestUser& test : tests) {
    queries.push_back(
        {.history = test.history, .now_us = split.train.now_us, .excluded = test.excluded});
  }
  const std::size_t k = *std::max_element(options.cutoffs.begin(), options.cutoffs.end());
  const auto lists = pipeline.Recommend(queries, &split.candidates, k);

  std::vector<RankingMetrics> sums(options.cutoffs.size());
  for (std::size_t row = 0; row < users.size(); ++row) {
    std::vector<ItemIndex> ranked;
    for (const BlendedItem& each : lists[row]) ranked.push_back(each.item);
    for (std::size_t i = 0; i < sums.size(); ++i) {
      sums[i] += MeasureRanking(ranked, split.relevant[users[row]], options.cutoffs[i]);
    }
  }
  return sums;
}

}  // namespace

Evaluation Evaluate(const Pipeline& pipeline, const Split& split, const EvaluationOptions& options,
                    ThreadPool& pool) {
  const Micros start = MonotonicNow();
  const std::vector<std::size_t> users = TestUsers(split);
  const std::size_t num_blocks =
      options.cutoffs.empty() ? 0 : (users.size() + kUsersPerBlock - 1) / kUsersPerBlock;
  std::vector<std::vector<RankingMetrics>> sums(num_blocks);
  std::mutex progress_mutex;
  std::size_t num_done = 0;  // Guarded by progress_mutex.
  pool.ParallelFor(num_blocks, [&](std::size_t block) {
    if (options.is_cancelled != nullptr && *options.is_cancelled) return;
    const std::size_t begin = block * kUsersPerBlock;
    sums[block] = MeasureBlock(
        pipeline, split, options,
        std::span(users).subspan(begin, std::min(kUsersPerBlock, users.size() - begin)));
    if (!options.progress) return;
    std::lock_guard lock(progress_mutex);
    options.progress(static_cast<double>(++num_done) / static_cast<double>(num_blocks));
  });

  Evaluation evaluation{.num_users = users.size()};
  for (std::size_t i = 0; i < options.cutoffs.size(); ++i) {
    RankingMetrics total;
    for (const auto& block : sums) {
      if (!block.empty()) total += block[i];
    }
    if (!users.empty()) total = total / static_cast<double>(users.size());
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
  BlendOptions blend;
  blend.weights = models->weights;
  blend.cold_start_events = 0;
  return Evaluate(Pipeline(std::move(models), std::move(blend)), split, options, pool);
}

}  // namespace vitrine
