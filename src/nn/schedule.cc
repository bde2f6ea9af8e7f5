#include "vitrine/nn/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "absl/strings/str_format.h"

namespace vitrine::nn {

absl::Status CheckSchedule(const Schedule& schedule) {
  if (!(schedule.rate > 0) || !std::isfinite(schedule.rate)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a learning rate of %g; it must be above 0", schedule.rate));
  }
  if (schedule.kind == ScheduleKind::kStepDecay && !(schedule.decay >= 0)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a step decay of %g; it must be at least 0", schedule.decay));
  }
  if (schedule.kind == ScheduleKind::kExponential && !(schedule.decay > 0 && schedule.decay <= 1)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "an exponential decay of %g; it must be above 0 and at most 1", schedule.decay));
  }
  if (schedule.kind != ScheduleKind::kCosine) return absl::OkStatus();
  if (!(schedule.floor >= 0 && schedule.floor <= schedule.rate)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a cosine that ends at %g; it must end between 0 and its start, %g",
                        schedule.floor, schedule.rate));
  }
  if (schedule.num_steps <= schedule.warm_up_steps) {
    return absl::InvalidArgumentError(
        absl::StrFormat("a cosine over %d steps with %d of warm-up; it needs more steps than that",
                        schedule.num_steps, schedule.warm_up_steps));
  }
  return absl::OkStatus();
}

double LearningRate(const Schedule& schedule, std::uint64_t step) {
  if (step < schedule.warm_up_steps) {
    return schedule.rate * static_cast<double>(step + 1) /
           static_cast<double>(schedule.warm_up_steps);
  }
  const auto t = static_cast<double>(step - schedule.warm_up_steps);
  switch (schedule.kind) {
    case ScheduleKind::kConstant:
      break;
    case ScheduleKind::kStepDecay:
      return schedule.rate / (1 + schedule.decay * t);
    case ScheduleKind::kExponential:
      return schedule.rate * std::pow(schedule.decay, t);
    case ScheduleKind::kCosine: {
      const double whole = static_cast<double>(schedule.num_steps - schedule.warm_up_steps);
      const double part = std::min(t / whole, 1.0);
      return schedule.floor +
             0.5 * (schedule.rate - schedule.floor) * (1 + std::cos(std::numbers::pi * part));
    }
  }
  return schedule.rate;
}

double PlateauScale::Update(double loss) {
  if (!has_best_ || loss < best_ - options_.least_gain * std::abs(best_)) {
    has_best_ = true;
    best_ = loss;
    num_bad_ = 0;
  } else if (++num_bad_ > options_.patience) {
    scale_ = std::max(scale_ * options_.factor, options_.smallest_scale);
    num_bad_ = 0;
  }
  return scale_;
}

}  // namespace vitrine::nn
