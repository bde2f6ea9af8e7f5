#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

#include "vitrine/engine/pipeline.h"

namespace vitrine {

// How long something took. Reads the clock where it is made and where it is asked.
class Stopwatch {
 public:
  double Micros() const {
    return std::chrono::duration<double, std::micro>(Clock::now() - start_).count();
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

// Tells how long a step took, from when this is made; where nobody listens it reads no clock.
// `controls` must outlive it.
class StepWatch {
 public:
  explicit StepWatch(const PipelineControls& controls) : controls_(controls) {
    if (controls.on_step) watch_.emplace();
  }

  // `count`: a function that counts the items.
  template <typename Count>
  void Tell(std::string_view step, std::string_view model, const Count& count) const {
    if (!watch_.has_value()) return;
    const double micros = watch_->Micros();
    controls_.on_step(step, model, static_cast<std::size_t>(count()), micros);
  }

 private:
  const PipelineControls& controls_;
  std::optional<Stopwatch> watch_;
};

}  // namespace vitrine
