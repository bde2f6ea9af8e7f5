#include "engine/time_budget.h"

#include "engine/asked.h"

namespace vitrine {

bool TimeBudget::HasTimeFor(UsualCost& cost) {
  // Where no time is left at all, that is not for what the work costs.
  is_over_ = is_over_ || IsLate(controls_);
  if (is_over_ || !controls_.time_left) return !is_over_;
  left_ = controls_.time_left();
  usual_ = cost.Get();
  if (left_ > usual_) return true;
  cost.NoteLeftOut();
  return false;
}

void TimeBudget::NoteDone(UsualCost& cost) const {
  if (controls_.time_left) cost.NoteTime(usual_, left_ - controls_.time_left());
}

}  // namespace vitrine
