#include "engine/turns.h"

#include <algorithm>
#include <numeric>

#include "engine/asked.h"

namespace vitrine {

Turns::Turns(const ModelSet& models, ModelCosts& costs, AnswerKind kind,
             const PipelineControls& controls, std::size_t num_queries)
    : models_(models), costs_(costs), kind_(kind), controls_(controls), num_queries_(num_queries) {
  if (!controls.time_left) return;
  std::vector<std::chrono::nanoseconds> usual(models.models.size());
  for (std::size_t m = 0; m < usual.size(); ++m) usual[m] = costs.Of(m, kind).Get();
  order_.resize(usual.size());
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  std::stable_sort(order_.begin(), order_.end(),
                   [&](std::size_t a, std::size_t b) { return usual[a] < usual[b]; });
}

bool Turns::HasTimeFor(std::size_t model) {
  if (!IsLateFor(costs_.Of(model, kind_))) return true;
  if (controls_.on_left_out) controls_.on_left_out(models_.models[model].name);
  return false;
}

bool Turns::IsLateFor(UsualCost& cost) {
  const auto usual = cost.Get() * static_cast<std::int64_t>(num_queries_);
  if (!controls_.time_left || usual.count() == 0) {
    is_over_ = is_over_ || IsLate(controls_);
    if (controls_.time_left && !is_over_) left_ = controls_.time_left();
    return is_over_;
  }
  if (controls_.is_gone && controls_.is_gone()) return true;
  left_ = controls_.time_left();
  if (left_ > usual) return false;
  // Where no time is left at all, that is not for what the model costs.
  if (left_.count() > 0) cost.NoteLeftOut();
  return true;
}

void Turns::NoteAnswer(std::size_t model) {
  if (!controls_.time_left) return;
  const std::chrono::nanoseconds took = left_ - controls_.time_left();
  costs_.Of(model, kind_).NoteAnswer(took / static_cast<std::int64_t>(num_queries_));
}

}  // namespace vitrine
