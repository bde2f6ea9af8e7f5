#include "vitrine/nn/training_loop.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "absl/strings/str_format.h"
#include "nn/checkpoint.h"
#include "vitrine/base/clock.h"
#include "vitrine/base/status_macros.h"

namespace vitrine::nn {

namespace {

// Streams of random numbers: the order of an epoch's examples, and what is random in a step.
constexpr std::uint64_t kOrderStream = 0;
constexpr std::uint64_t kStepStream = std::uint64_t{1} << 32;

constexpr std::uint64_t kEpochsAtOnce = 1024;  // Reports that there is room for from the start.

class Loop {
 public:
  Loop(std::size_t num_examples, ParameterList parameters, const TrainingLoopOptions& options,
       const TrainingCallbacks& callbacks, Optimizer optimizer)
      : options_(options),
        callbacks_(callbacks),
        optimizer_(std::move(optimizer)),
        state_{
            .parameters = std::move(parameters), .optimizer = &optimizer_, .beside = options.state},
        plateau_(options.plateau.value_or(PlateauOptions())),
        order_(num_examples),
        num_steps_((num_examples + options.batch_size - 1) / options.batch_size) {
    KeepBest();
    state_.report.epochs.reserve(std::min<std::uint64_t>(options.epochs, kEpochsAtOnce));
  }

  // Where there is a checkpoint.
  absl::Status Resume() {
    if (options_.checkpoint.empty()) return absl::OkStatus();
    VITRINE_ASSIGN_OR_RETURN(
        const bool was_there,
        ReadCheckpoint(Files(), options_.checkpoint, Fingerprint(order_.size(), options_), state_));
    if (!was_there) return absl::OkStatus();
    for (const EpochReport& epoch : state_.report.epochs) Judge(epoch);
    return absl::OkStatus();
  }

  absl::Status Run(ThreadPool* pool) {
    start_ = MonotonicNow();
    const std::uint64_t first = state_.report.epochs.size();
    for (std::uint64_t epoch = first; epoch < options_.epochs && !IsEnough(); ++epoch) {
      VITRINE_RETURN_IF_ERROR(RunEpoch(epoch, first, pool));
      if (options_.checkpoint.empty()) continue;
      VITRINE_RETURN_IF_ERROR(WriteCheckpoint(Files(), options_.checkpoint,
                                              Fingerprint(order_.size(), options_), state_));
    }
    RestoreBest();
    return absl::OkStatus();
  }

  TrainingReport TakeReport() { return std::move(state_.report); }

 private:
  absl::Status RunEpoch(std::uint64_t epoch, std::uint64_t first, ThreadPool* pool) {
    std::iota(order_.begin(), order_.end(), 0U);
    Random(options_.seed, kOrderStream + epoch).Shuffle(order_);
    EpochReport report{.epoch = epoch + 1,
                       .validation_loss = std::numeric_limits<double>::quiet_NaN()};
    double sum = 0;
    for (std::uint64_t step = 0; step < num_steps_; ++step) {
      if (callbacks_.is_cancelled && callbacks_.is_cancelled()) {
        RestoreBest();
        return absl::CancelledError("the training was cancelled");
      }
      const std::uint64_t number = epoch * num_steps_ + step;
      Random random(options_.seed, kStepStream + number);
      const std::size_t begin = step * options_.batch_size;
      const std::size_t size = std::min(options_.batch_size, order_.size() - begin);
      const double loss = callbacks_.step(std::span(order_).subspan(begin, size), random);
      report.learning_rate = LearningRate(options_.schedule, number) * plateau_.scale();
      const double norm = std::isfinite(loss) ? optimizer_.Step(report.learning_rate, pool) : loss;
      if (!std::isfinite(loss)) return Broken("the loss", number, epoch);
      if (!std::isfinite(norm)) return Broken("a gradient", number, epoch);
      sum += loss;
      report.loss = sum / static_cast<double>(step + 1);
      Report(report, step + 1, epoch - first);
    }
    if (callbacks_.validate) {
      report.validation_loss = callbacks_.validate();
      if (!std::isfinite(report.validation_loss)) {
        return Broken("the validation loss", (epoch + 1) * num_steps_ - 1, epoch);
      }
    }
    state_.report.epochs.push_back(report);
    if (Judge(report)) KeepBest();
    return absl::OkStatus();
  }

  // Takes note of an epoch. True when it is the best.
  bool Judge(const EpochReport& report) {
    const double judged = callbacks_.validate ? report.validation_loss : report.loss;
    if (options_.plateau) plateau_.Update(judged);
    const bool is_best = !callbacks_.validate || judged < best_loss_;
    if (!is_best) {
      ++num_worse_;
      return false;
    }
    best_loss_ = judged;
    num_worse_ = 0;
    state_.report.best_epoch = report.epoch;
    return true;
  }

  bool IsEnough() const { return options_.patience > 0 && num_worse_ > options_.patience; }

  void KeepBest() {
    state_.best.resize(state_.parameters.size());
    for (std::size_t i = 0; i < state_.best.size(); ++i) {
      state_.best[i] = state_.parameters[i].parameter->value;
    }
  }

  void RestoreBest() {
    for (std::size_t i = 0; i < state_.best.size(); ++i) {
      state_.parameters[i].parameter->value = state_.best[i];
    }
    ZeroGradients(state_.parameters);
  }

  absl::Status Broken(const char* what, std::uint64_t number, std::uint64_t epoch) {
    RestoreBest();
    const std::string kept = state_.report.best_epoch > 0
                                 ? absl::StrFormat("after epoch %d", state_.report.best_epoch)
                                 : "before the first step";
    return absl::InternalError(absl::StrFormat(
        "the training broke in step %d (epoch %d): %s is no finite number. Lower learning_rate (%g "
        "at that step), or look for inputs that are no finite numbers. The weights are those %s",
        number + 1, epoch + 1, what, LearningRate(options_.schedule, number) * plateau_.scale(),
        kept));
  }

  void Report(const EpochReport& report, std::uint64_t steps_done, std::uint64_t epochs_before) {
    if (!callbacks_.on_progress) return;
    const Micros elapsed = std::max<Micros>(MonotonicNow() - start_, 1);
    const double seconds = static_cast<double>(elapsed) / static_cast<double>(kMicrosPerSecond);
    const auto done = static_cast<double>(epochs_before * num_steps_ + steps_done);
    const std::size_t examples =
        epochs_before * order_.size() + std::min(steps_done * options_.batch_size, order_.size());
    const auto left = static_cast<double>((options_.epochs - report.epoch) * num_steps_ +
                                          num_steps_ - steps_done);
    callbacks_.on_progress({.epoch = report.epoch,
                            .num_epochs = options_.epochs,
                            .step = steps_done,
                            .num_steps = num_steps_,
                            .loss = report.loss,
                            .learning_rate = report.learning_rate,
                            .examples_per_second = static_cast<double>(examples) / seconds,
                            .seconds = seconds,
                            .seconds_left = seconds / done * left});
  }

  FileSystem& Files() const {
    return options_.files == nullptr ? LocalFileSystem() : *options_.files;
  }

  const TrainingLoopOptions& options_;
  const TrainingCallbacks& callbacks_;
  Optimizer optimizer_;
  LoopState state_;
  PlateauScale plateau_;
  std::vector<std::uint32_t> order_;
  const std::uint64_t num_steps_;
  Micros start_ = 0;
  double best_loss_ = std::numeric_limits<double>::infinity();
  std::uint64_t num_worse_ = 0;
};

}  // namespace

absl::StatusOr<TrainingReport> RunTrainingLoop(std::size_t num_examples, ParameterList parameters,
                                               const TrainingLoopOptions& options,
                                               const TrainingCallbacks& callbacks,
                                               ThreadPool* pool) {
  if (num_examples == 0 || num_examples > UINT32_MAX || options.batch_size == 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a training on %d examples in batches of %d; both must be at least 1",
                        num_examples, options.batch_size));
  }
  VITRINE_RETURN_IF_ERROR(CheckSchedule(options.schedule));
  VITRINE_ASSIGN_OR_RETURN(Optimizer optimizer, Optimizer::Create(parameters, options.optimizer));
  ZeroGradients(parameters);
  Loop loop(num_examples, std::move(parameters), options, callbacks, std::move(optimizer));
  VITRINE_RETURN_IF_ERROR(loop.Resume());
  VITRINE_RETURN_IF_ERROR(loop.Run(pool));
  return loop.TakeReport();
}

}  // namespace vitrine::nn
