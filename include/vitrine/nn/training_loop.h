#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/file_system.h"
#include "vitrine/base/random.h"
#include "vitrine/nn/optimizer.h"
#include "vitrine/nn/schedule.h"

namespace vitrine::nn {

// One pass over the examples.
struct EpochReport {
  std::uint64_t epoch = 0;     // From 1.
  double loss = 0;             // Mean over its batches.
  double validation_loss = 0;  // NaN where none is measured.
  double learning_rate = 0;    // Of its last step.
};

struct TrainingProgress {
  std::uint64_t epoch = 0;  // From 1.
  std::uint64_t num_epochs = 0;
  std::uint64_t step = 0;  // Steps of the epoch that are done.
  std::uint64_t num_steps = 0;
  double loss = 0;  // Mean over the epoch's batches so far.
  double learning_rate = 0;
  double examples_per_second = 0;
  double seconds = 0;       // Since the loop began.
  double seconds_left = 0;  // If it goes on at this pace to the last epoch.
};

// Such as "epoch 3/20 [=====     ] loss 0.1234, 41 s left, rate 0.001, 5400 examples/s": what
// matters most comes first, as a terminal may be narrow.
std::string FormatProgress(const TrainingProgress& progress);

struct TrainingLoopOptions {
  std::size_t batch_size = 256;  // Examples of a step; the whole set: batch gradient descent.
  std::uint64_t epochs = 20;     // At most.
  std::uint64_t seed = 1;        // Of the order of examples and of what is random in a step.
  Schedule schedule{};           // By step.
  std::optional<PlateauOptions> plateau{};  // By the validation loss; the training's without.
  OptimizerOptions optimizer{};
  std::uint64_t patience = 0;   // Epochs without a better validation loss that are borne. 0: all.
  std::string checkpoint{};     // A file, rewritten after each epoch; empty: none.
  FileSystem* files = nullptr;  // Where it is; null: the machine's.
  std::string subject{};  // Whatever else must be the same to go on from it, such as the data.
  // What steps change beside the parameters. A checkpoint holds it too; it has no best value.
  std::vector<Optimizer::NamedState> state{};
};

// What a network does in the loop.
struct TrainingCallbacks {
  // Forward and backward with some examples: adds to the gradients, and returns the mean loss.
  std::function<double(std::span<const std::uint32_t> examples, Random& random)> step{};
  std::function<double()> validate{};                          // Lower is better. May be empty.
  std::function<void(const TrainingProgress&)> on_progress{};  // After each step. May be empty.
  std::function<bool()> is_cancelled{};                        // Asked before each. May be empty.
};

struct TrainingReport {
  std::vector<EpochReport> epochs{};
  std::uint64_t best_epoch =
      0;  // Whose weights are kept: the lowest validation loss, else the last.
};

// Trains on examples 0 to num_examples - 1, in a new order in each epoch. At the end, early or not,
// the parameters have their best values. Where `checkpoint` exists, goes on from there, with the
// bits that the training would have had without a break; one that has come to its end is not
// trained again. Results depend on the seed alone, not on threads or time. `pool` may be null.
//
// Errors: INVALID_ARGUMENT for options out of range; CANCELLED; FAILED_PRECONDITION where the
// checkpoint is of another network, subject or options, DATA_LOSS where it is damaged, and those of
// FileSystem; INTERNAL when a loss or a gradient is no longer finite, naming the step and what to
// change: the parameters then have their last good values, the best so far, or those of before the
// first step.
absl::StatusOr<TrainingReport> RunTrainingLoop(std::size_t num_examples, ParameterList parameters,
                                               const TrainingLoopOptions& options,
                                               const TrainingCallbacks& callbacks,
                                               ThreadPool* pool);

// "epoch,loss,validation_loss,learning_rate" and a line for each epoch.
std::string LossCurveCsv(const TrainingReport& report);

// The losses by epoch as a picture, best epoch marked.
std::string LossCurveSvg(const TrainingReport& report);

}  // namespace vitrine::nn
