#pragma once

#include <cstdint>

#include "absl/status/status.h"

namespace vitrine::nn {

enum class ScheduleKind {
  kConstant,
  kStepDecay,    // rate / (1 + decay t)
  kExponential,  // rate decay^t
  kCosine,  // Half a cosine from rate to floor (Loshchilov, Hutter, ICLR 2017, equation 5), and
            // the floor from then on.
};

// What a learning rate is at each step.
struct Schedule {
  ScheduleKind kind = ScheduleKind::kConstant;
  double rate = 1e-3;               // > 0
  double decay = 0;                 // kStepDecay: >= 0; kExponential: in (0, 1].
  double floor = 0;                 // kCosine: in [0, rate].
  std::uint64_t warm_up_steps = 0;  // The rate climbs along a line to `rate`; t counts from there.
  std::uint64_t num_steps = 0;      // kCosine: of the whole training, > warm_up_steps.
};

// INVALID_ARGUMENT, naming the number and its range.
absl::Status CheckSchedule(const Schedule& schedule);

// For step `step`, which counts from 0. REQUIRES: CheckSchedule is OK
double LearningRate(const Schedule& schedule, std::uint64_t step);

struct PlateauOptions {
  double factor = 0.1;          // The rate is multiplied by it, in (0, 1),
  std::uint32_t patience = 10;  // after more losses in a row than this without
  double least_gain = 1e-4;     // one below (1 - least_gain) times the best. As PyTorch counts.
  double smallest_scale = 1e-6;
};

// Lowers a rate when a loss, of validation as a rule, no longer falls.
class PlateauScale {
 public:
  explicit PlateauScale(const PlateauOptions& options) : options_(options) {}

  // What to multiply the learning rate with after one more loss.
  double Update(double loss);

  double scale() const { return scale_; }

 private:
  PlateauOptions options_;
  double scale_ = 1;
  bool has_best_ = false;
  double best_ = 0;
  std::uint32_t num_bad_ = 0;
};

}  // namespace vitrine::nn
