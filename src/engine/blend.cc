#include "vitrine/engine/blend.h"

#include <algorithm>
#include <array>

namespace vitrine {
namespace {

// Content knows a shopper this many times sooner than behaviour does.
constexpr double kContentHeadStart = 10;

// How much is given to a family that needs about `needed` signals, when `n` were seen.
double Trust(std::size_t n, double needed) {
  return n == 0 ? 0 : static_cast<double>(n) / (static_cast<double>(n) + needed);
}

std::size_t FamilyOf(const Model& model) { return static_cast<std::size_t>(model.family); }

}  // namespace

BlendWeights ChosenWeights(const BlendOptions& options, const BlendWeights& learned) {
  if (options.weights.empty()) return learned.empty() ? UsualBlendWeights() : learned;
  BlendWeights chosen;
  for (const auto& [model, weight] : options.weights) chosen[model].weight = std::max(weight, 0.0);
  return chosen;
}

void SlideToFamilies(std::span<const Model> models, std::size_t num_signals,
                     double cold_start_events, std::span<double> weights) {
  std::array<double, kNumModelFamilies> total{};
  for (std::size_t m = 0; m < models.size(); ++m) total[FamilyOf(models[m])] += weights[m];
  const auto [popularity, content, behaviour] = total;
  const double behaviour_keeps =
      popularity + content > 0 ? Trust(num_signals, cold_start_events) : 1;
  const double content_keeps =
      popularity > 0 ? Trust(num_signals, cold_start_events / kContentHeadStart) : 1;

  const double behaviour_leaves = behaviour * (1 - behaviour_keeps);
  const double content_has = content > 0 ? content + behaviour_leaves : 0;
  const double popularity_gets = content > 0 ? content_has * (1 - content_keeps) : behaviour_leaves;
  const std::array<double, kNumModelFamilies> grown = {
      popularity > 0 ? (popularity + popularity_gets) / popularity : 0,
      content > 0 ? content_has * content_keeps / content : 0, behaviour_keeps};
  for (std::size_t m = 0; m < models.size(); ++m) weights[m] *= grown[FamilyOf(models[m])];
}

}  // namespace vitrine
