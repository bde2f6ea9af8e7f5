// What it costs to go on from the live factors rather than to begin anew: incremental_bench STORE.
// Trains iALS on all but the latest fifth of the interactions, as what is live; then on all but the
// latest tenth, from random factors and from the live ones; and measures each on that tenth.

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "bench/measuring.h"
#include "vitrine/evaluation/protocol.h"
#include "vitrine/evaluation/split.h"
#include "vitrine/feature_store/feature_store.h"
#include "vitrine/training/trainer.h"

namespace vitrine {
namespace {

constexpr double kTestShare = 0.1;
constexpr double kLaterShare = 0.2;
constexpr std::size_t kCutoff = 20;

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

void Run(const std::string& folder) {
  FeatureStoreOptions options;
  options.is_read_only = true;
  const auto store = OrDie(FeatureStore::Open(folder, options, LocalFileSystem(), SystemClock()));
  const Dataset dataset = OrDie(store->Snapshot(0));
  const Split split = SplitByTime(dataset, TemporalCut(dataset, kTestShare), false);
  const Dataset earlier = Before(dataset, TemporalCut(dataset, kLaterShare));
  std::printf(
      "%s, one thread; %zu interactions to learn from, %zu of them new, %zu test shoppers\n",
      ProcessorName().c_str(), split.train.interactions.size(),
      split.train.interactions.size() - earlier.interactions.size(), split.num_groups());
  ThreadPool pool(1);
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
