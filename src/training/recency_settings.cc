#include "training/recency_settings.h"

namespace vitrine {

Settings RecencyDefaults() {
  return {{"max_steps", "10"}, {"step_decay", "0.5"}, {"half_life_days", "0"}};
}

RecencyWeights ReadRecency(SettingReader& reader) {
  RecencyWeights weights;
  weights.max_steps = static_cast<std::uint32_t>(reader.Count("max_steps", 1, 1000));
  weights.step_decay = static_cast<float>(reader.Number("step_decay", 0.001, 1));
  weights.half_life_days = static_cast<float>(reader.Number("half_life_days", 0, 36'500));
  return weights;
}

}  // namespace vitrine
