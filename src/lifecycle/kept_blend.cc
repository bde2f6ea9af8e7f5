#include "lifecycle/kept_blend.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "vitrine/base/bytes.h"
#include "vitrine/training/trainer.h"

namespace vitrine {
namespace {

constexpr const char* kBlendAge = "blend_age";

void WriteModel(const std::string& model, const Settings& settings, ByteWriter& writer) {
  writer.String(model);
  writer.Unsigned(settings.size());
  for (const auto& [name, value] : settings) {
    writer.String(name);
    writer.String(value);
  }
}

// With the trainer's defaults, which another binary may have changed.
Settings CompleteSettings(const std::string& model, const LifecycleOptions& options) {
  Settings settings;
  if (const auto given = options.settings.find(model); given != options.settings.end()) {
    settings = given->second;
  }
  if (const Trainer* trainer = FindTrainer(model); trainer != nullptr) {
    settings.insert(trainer->defaults.begin(), trainer->defaults.end());
  }
  return settings;
}

// ModelSet::blend_question of a blend that is learned with these options. Never 0.
std::uint32_t QuestionOf(const LifecycleOptions& options) {
  ByteWriter writer;
  for (const std::string& model : options.models) {
    WriteModel(model, CompleteSettings(model, options), writer);
    if (model != kAutoName) continue;
    // Any model may be tried; one with settings is tried with those alone.
    for (const auto& [name, settings] : options.settings) WriteModel(name, settings, writer);
  }
  writer.Double(options.test_fraction);
  writer.Double(options.blend.cold_start_events);
  writer.Unsigned(options.blend.candidates_per_model);
  writer.Unsigned(options.blend.whole_catalogue_items);
  return std::max(1U, static_cast<std::uint32_t>(Checksum(writer.bytes()) >> 32U));
}

// As LearnBlend leaves it: the models with a weight, in order, and last the ranker.
LearnedBlend BlendOf(const ModelSet& live) {
  LearnedBlend blend{
      .weights = live.weights,
      .cold_start_events = live.cold_start_events,
      .trend = {.power = live.trend.power, .half_life_days = live.trend.half_life_days}};
  for (const Model& model : live.models) {
    const auto weight = live.weights.find(model.name);
    const bool counts = weight != live.weights.end() && weight->second.weight > 0;
    if (!counts) continue;
    blend.models.push_back(model.name);
    blend.settings[model.name] = model.settings;
  }
  const auto ranker = std::find_if(live.models.begin(), live.models.end(),
                                   [](const Model& model) { return model.kind == kRankerName; });
  if (ranker == live.models.end()) return blend;
  blend.models.push_back(ranker->name);
  blend.settings[ranker->name] = ranker->settings;
  blend.ranker = std::make_shared<const Model>(*ranker);
  return blend;
}

}  // namespace

std::optional<LearnedBlend> BlendToKeep(const ModelSet* live, const LifecycleOptions& options) {
  if (live == nullptr || live->models.empty() || !options.blend.weights.empty()) {
    return std::nullopt;
  }
  const auto age = live->metrics.find(kBlendAge);
  if (age == live->metrics.end() || live->blend_question != QuestionOf(options)) {
    return std::nullopt;
  }
  // What is no number is no age either.
  const bool is_young =
      age->second >= 0 && age->second + 1 < static_cast<double>(options.learn_blend_every);
  if (!is_young) return std::nullopt;
  return BlendOf(*live);
}

void NoteBlend(const LearnedBlend& blend, const LifecycleOptions& options,
               const ModelSet* kept_from, ModelSet& models) {
  if (options.learn_blend_every <= 1 || blend.models.empty()) return;
  models.metrics[kBlendAge] = kept_from == nullptr ? 0 : kept_from->metrics.at(kBlendAge) + 1;
  models.blend_question = QuestionOf(options);
}

}  // namespace vitrine
