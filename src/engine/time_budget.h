#pragma once

#include <chrono>

#include "engine/model_costs.h"
#include "vitrine/engine/pipeline.h"

namespace vitrine {

// Whether there is time for work that an answer can do without, and what that then takes. There is
// where more is left than the work usually takes, which is nothing as long as it is not known; and
// where nobody says how much is left, as long as it is not late. Of one thread.
class TimeBudget {
 public:
  // `controls` must outlive this.
  explicit TimeBudget(const PipelineControls& controls) : controls_(controls) {}

  // Ask it where the work is then left out, and nowhere else.
  bool HasTimeFor(UsualCost& cost);

  // Call it when the work that there was time for is done.
  void NoteDone(UsualCost& cost) const;

 private:
  const PipelineControls& controls_;
  std::chrono::nanoseconds left_{};   // When the work began.
  std::chrono::nanoseconds usual_{};  // What it was then known to take.
  bool is_over_ = false;              // is_late was true.
};

}  // namespace vitrine
