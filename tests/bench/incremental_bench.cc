// What it costs to go on from the live factors rather than to begin anew: incremental_bench STORE.
// Trains iALS on all but the latest fifth of the interactions, as what is live; then on all but the
// latest tenth, from random factors and from the live ones; and measures each on that tenth. Then
// times whole trainings of all models that a server trains: full ones, and such as keep the blend
// of the live models and begin with their factors.

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "bench/measuring.h"
#include "vitrine/base/log.h"
#include "vitrine/evaluation/protocol.h"
#include "vitrine/evaluation/split.h"
#include "vitrine/feature_store/feature_store.h"
#include "vitrine/lifecycle/lifecycle.h"
#include "vitrine/training/trainer.h"

namespace vitrine {
namespace {

constexpr double kTestShare = 0.1;
constexpr double kLaterShare = 0.2;
constexpr std::size_t kCutoff = 20;
constexpr std::size_t kRounds = 3;

template <typename T>
T OrDie(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  std::fprintf(stderr, "%s\n", value.status().ToString().c_str());
  std::exit(1);
}

// Prints how long it takes to train so, and how good it is.
void Measure(const char* what, const Split& split, const Settings& settings,
             const TrainingContext& context) {
  const Micros start = MonotonicNow();
  const Model model = OrDie(FindTrainer("ials")->train(split.train, settings, context));
  const double seconds = SecondsSince(start);
  const Evaluation evaluation = EvaluateModel(model, split, {.cutoffs = {kCutoff}}, *context.pool);
  std::printf("%-38s %7.2f s   ndcg@20 %.4f   recall@20 %.4f\n", what, seconds,
              evaluation.at.at(kCutoff).ndcg, evaluation.at.at(kCutoff).recall);
}

// A way to train, and the set that is live before each of its trainings: one that it made itself,
// so that the gate has no model to train anew.
struct Way {
  const char* name;
  LifecycleOptions options{};
  ModelSet live{};
  std::array<double, kRounds> seconds{};
  double ndcg = 0;
};

// The first training, which learns the blend and has nothing to go on from.
Way MakeWay(const char* name, const LifecycleOptions& options, const FeatureStore& store,
            ThreadPool& pool) {
  Way way{.name = name, .options = options};
  way.live = OrDie(TrainModels(store, options, {.pool = &pool}, {})).models;
  way.live.version = "live";
  return way;
}

void TrainOnce(const FeatureStore& store, std::size_t round, ThreadPool& pool, Way& way) {
  const Micros start = MonotonicNow();
  const TrainedModels trained =
      OrDie(TrainModels(store, way.options, {.pool = &pool, .live = &way.live}, {}));
  way.seconds[round] = SecondsSince(start);
  if (trained.is_refused()) {  // What is refused is not fitted: the seconds would be too few.
    std::fprintf(stderr, "%s: refused: %s\n", way.name, trained.gate->verdict.c_str());
    std::exit(1);
  }
  const auto& metrics = trained.models.metrics;
  const auto ndcg = metrics.find("ndcg@20");
  way.ndcg = ndcg == metrics.end() ? 0 : ndcg->second;
  std::printf("%-38s %7.2f s   ndcg@20 %.4f\n", way.name, way.seconds[round], way.ndcg);
}

double MedianOf(std::array<double, kRounds> values) {
  std::sort(values.begin(), values.end());
  return values[kRounds / 2];
}

// In turn, so that what else the machine does is shared.
void RaceTrainings(const FeatureStore& store, ThreadPool& pool) {
  LifecycleOptions options;
  Way full = MakeWay("whole training, full", options, store, pool);
  options.learn_blend_every = 1'000'000;
  options.settings["ials"]["start"] = "live";
  Way incremental = MakeWay("whole training, incremental", options, store, pool);
  for (std::size_t round = 0; round < kRounds; ++round) {
    TrainOnce(store, round, pool, full);
    TrainOnce(store, round, pool, incremental);
  }
  const double of_full = MedianOf(full.seconds);
  const double of_incremental = MedianOf(incremental.seconds);
  std::printf("medians: full %.2f s, incremental %.2f s, %.3f of it; ndcg@20 %.4f and %.4f\n",
              of_full, of_incremental, of_incremental / of_full, full.ndcg, incremental.ndcg);
}

void RaceFactors(const FeatureStore& store, ThreadPool& pool) {
  const Dataset dataset = OrDie(store.Snapshot(0));
  const Split split = SplitByTime(dataset, TemporalCut(dataset, kTestShare), false);
  const Dataset earlier = Before(dataset, TemporalCut(dataset, kLaterShare));
  std::printf(
      "%s, one thread; %zu interactions to learn from, %zu of them new, %zu test shoppers\n",
      ProcessorName().c_str(), split.train.interactions.size(),
      split.train.interactions.size() - earlier.interactions.size(), split.num_groups());
  TrainingContext context{.pool = &pool};
  ModelSet live;
  live.models.push_back(OrDie(FindTrainer("ials")->train(earlier, {}, context)));
  Measure("anew, 8 epochs", split, {}, context);
  context.live = &live;
  Measure("from the live factors, 2 epochs", split, {{"start", "live"}}, context);
  Measure("from the live factors, 1 epoch", split, {{"start", "live"}, {"live_epochs", "1"}},
          context);
  Measure("new items alone", split, {{"start", "live"}, {"live_epochs", "0"}}, context);
}

void Run(const std::string& folder) {
  SetLogLevel(LogLevel::kWarning);
  FeatureStoreOptions options;
  options.is_read_only = true;
  const auto store = OrDie(FeatureStore::Open(folder, options, LocalFileSystem(), SystemClock()));
  ThreadPool pool(1);
  RaceFactors(*store, pool);
  RaceTrainings(*store, pool);
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: incremental_bench STORE\n");
    return 2;
  }
  vitrine::Run(argv[1]);
  return 0;
}
