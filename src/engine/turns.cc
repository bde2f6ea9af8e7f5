#include "engine/turns.h"

#include <algorithm>
#include <chrono>
#include <numeric>

namespace vitrine {

Turns::Turns(const ModelSet& models, ModelCosts& costs, AnswerKind kind,
             const PipelineControls& controls)
    : models_(models), costs_(costs), kind_(kind), controls_(controls), budget_(controls) {
  if (!controls.time_left) return;
  std::vector<std::chrono::nanoseconds> usual(models.models.size());
  for (std::size_t m = 0; m < usual.size(); ++m) usual[m] = costs.Of(m, kind).Get();
  order_.resize(usual.size());
  std::iota(order_.begin(), order_.end(), std::size_t{0});
  std::stable_sort(order_.begin(), order_.end(),
                   [&](std::size_t a, std::size_t b) { return usual[a] < usual[b]; });
}

bool Turns::HasTimeFor(std::size_t model) {
  if (budget_.HasTimeFor(costs_.Of(model, kind_))) return true;
  if (controls_.on_left_out) controls_.on_left_out(models_.models[model].name);
  return false;
}

}  // namespace vitrine
