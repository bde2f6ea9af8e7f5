#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "vitrine/evaluation/protocol.h"
#include "vitrine/training/trainer.h"

namespace vitrine {

struct TuningOptions {
  std::size_t num_trials = 50;
  // So many trials are random before what they taught steers the others. The first of all is what
  // the trainer does by itself.
  std::size_t num_random = 12;
  std::size_t patience = 25;    // Trials in a row that are not the best so far, then it is over.
  std::string metric = "ndcg";  // One of kRankingMetricFields, at evaluation.cutoffs[0].
  Settings fixed{};             // Kept as they are; every other setting with a range is searched.
  EvaluationOptions evaluation{};
  std::uint64_t seed = 1;
};

// One training and what it reached.
struct Trial {
  Settings settings{};    // Complete.
  double value = 0;       // Of the metric; unless the status is OK, there is none.
  absl::Status status{};  // What the trainer said.
  double train_seconds = 0;
  double evaluate_seconds = 0;
};

struct Tuning {
  std::vector<Trial> trials{};
  std::size_t best = 0;  // Into `trials`: the best value, of equals the first.
  bool is_out_of_patience = false;
};

// Hears of each trial when it is done: the last of `so_far`.
using TrialReport = std::function<void(const Tuning& so_far)>;

// What one training reached, and how long it took.
struct Reached {
  double value = 0;
  double train_seconds = 0;
  double evaluate_seconds = 0;
};

// Trains with settings, those that differ from the trainer's own, and measures.
using Measure = std::function<absl::StatusOr<Reached>(const Settings& settings)>;

enum class Better { kHigher, kLower };

// Looks for the settings of `trainer` that do best by `measure`, as Tune does; `metric` and
// `evaluation` of `options` do not matter. Errors: as Tune.
absl::StatusOr<Tuning> TuneBy(const Measure& measure, Better better, const Trainer& trainer,
                              const TuningOptions& options, const TrainingContext& context,
                              const TrialReport& report);

// Looks for the settings of `trainer` that do best on `validation`, which holds nothing of the test
// part: random trials, then by a Parzen estimator. The same trials for the same data, options and
// seed. Errors: INVALID_ARGUMENT the trainer has nothing to search, `fixed` leaves nothing, or no
// such metric; those of the trainer, if the first trial fails; CANCELLED.
absl::StatusOr<Tuning> Tune(const Split& validation, const Trainer& trainer,
                            const TuningOptions& options, const TrainingContext& context,
                            const TrialReport& report);

}  // namespace vitrine
