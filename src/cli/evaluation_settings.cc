#include "cli/evaluation_settings.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "cli/command.h"
#include "cli/import/values.h"
#include "cli/model_settings.h"
#include "vitrine/base/nearest.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/models/model_name.h"
#include "vitrine/training/trainer.h"

namespace vitrine::cli {
namespace {

constexpr std::string_view kWeights = "weights.";

std::vector<std::string> ScorerNames() {
  std::vector<std::string> names;
  for (const Trainer& trainer : Trainers()) names.emplace_back(trainer.name);
  names.emplace_back(kBlendName);
  names.emplace_back(kAutoName);
  return names;
}

bool IsBlend(const std::string& scorer) { return scorer == kBlendName || scorer == kAutoName; }

absl::StatusOr<double> NumberIn(const std::string& key, const std::string& value, double least,
                                double most) {
  const std::optional<double> number = ParseNumber(value);
  if (number.has_value() && *number >= least && *number <= most) return *number;
  return UsageError(
      absl::StrFormat("--set %s is \"%s\"; wants a number from %g to %g", key, value, least, most));
}

absl::Status SetOfModel(const std::string& model, const std::string& key, const std::string& value,
                        ComparisonOptions& options) {
  const Trainer* trainer = FindTrainer(model);
  if (trainer == nullptr) {
    return UsageError(absl::StrFormat("--set %s.%s: there is no scorer %s; %s", model, key, model,
                                      AllowedModels(model, ScorerNames())));
  }
  if (!trainer->defaults.contains(key)) {
    std::vector<std::string> names;
    for (const auto& [name, unused] : trainer->defaults) names.push_back(name);
    return UsageError(
        absl::StrFormat("--set: %s has no setting %s; %s", model, key, Allowed(key, names)));
  }
  const absl::Status taken = CheckSetting(*trainer, key, value);
  if (!taken.ok()) return UsageError("--set: " + std::string(taken.message()));
  options.settings[model][key] = value;
  return absl::OkStatus();
}

absl::Status SetBlendedModels(const std::string& value, ComparisonOptions& options) {
  options.models = absl::StrSplit(value, ',', absl::SkipEmpty());
  std::set<std::string> seen;
  for (const std::string& model : options.models) {
    if (FindTrainer(model) == nullptr) {
      return UsageError(absl::StrFormat("--set models: there is no scorer %s; %s", model,
                                        AllowedModels(model, ScorerNames())));
    }
    if (!seen.insert(model).second) {
      return UsageError(absl::StrFormat(
          "--set models names %s twice; several of one kind want labels, as in ials,ials@wide",
          model));
    }
  }
  return options.models.empty() ? UsageError("--set models names none") : absl::OkStatus();
}

absl::Status SetOfBlend(const std::string& key, const std::string& value,
                        ComparisonOptions& options) {
  if (key == "cold_start_events") {
    VITRINE_ASSIGN_OR_RETURN(options.blend.cold_start_events, NumberIn(key, value, 0, 1000));
    return absl::OkStatus();
  }
  if (key == "models") return SetBlendedModels(value, options);
  if (key == "candidates_per_model") {
    VITRINE_ASSIGN_OR_RETURN(const double count, NumberIn(key, value, 1, 10'000));
    options.blend.candidates_per_model = static_cast<std::size_t>(count);
    return absl::OkStatus();
  }
  if (key.starts_with(kWeights)) {
    const std::string model = key.substr(kWeights.size());
    if (FindTrainer(model) == nullptr) {
      return UsageError(absl::StrFormat("--set %s: there is no scorer %s; %s", key, model,
                                        AllowedModels(model, ScorerNames())));
    }
    // The weights as a whole are said, then, and none is learned.
    if (options.blend.weights.empty()) {
      for (const auto& [name, usual] : UsualBlendWeights()) {
        options.blend.weights[name] = usual.weight;
      }
    }
    VITRINE_ASSIGN_OR_RETURN(options.blend.weights[model], NumberIn(key, value, 0, 1000));
    return absl::OkStatus();
  }
  const std::size_t dot = key.find('.');
  if (dot != std::string::npos) {
    return SetOfModel(key.substr(0, dot), key.substr(dot + 1), value, options);
  }
  return UsageError(absl::StrFormat(
      "--set: the blend has no setting %s. Allowed: MODEL.setting such as ials.dimensions, "
      "weights.MODEL, models=NAME,NAME, cold_start_events, candidates_per_model",
      key));
}

// Whether each MODEL.setting is of a model that may be in the blend: of another one it would do
// nothing.
absl::Status CheckAreBlended(const std::vector<std::pair<std::string, std::string>>& parsed,
                             bool is_auto, const ComparisonOptions& options) {
  for (const auto& [key, value] : parsed) {
    const std::string model = key.substr(0, key.find('.'));
    const bool is_blended =
        is_auto ? !IsLabelled(model)
                : std::count(options.models.begin(), options.models.end(), model) > 0;
    if (is_blended || FindTrainer(model) == nullptr) continue;
    return UsageError(absl::StrFormat(
        "--set %s: %s is not among the models of the blend: %s", key, model,
        is_auto ? "those that are chosen have no labels" : absl::StrJoin(options.models, ", ")));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckScorer(const std::string& scorer) {
  if (scorer == kRankerName) {
    return UsageError(
        "deep_ranker finds no item by itself, so that there is nothing to measure: hold --scorer "
        "blend with it among --set models= against one without");
  }
  if (IsBlend(scorer) || FindTrainer(scorer) != nullptr) return absl::OkStatus();
  return UsageError(
      absl::StrFormat("there is no scorer %s; %s", scorer, AllowedModels(scorer, ScorerNames())));
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ParseSettings(
    const std::vector<std::string>& settings) {
  std::vector<std::pair<std::string, std::string>> parsed;
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0) {
      return UsageError(absl::StrFormat("--set has \"%s\"; wants key=value", setting));
    }
    parsed.emplace_back(setting.substr(0, equals), setting.substr(equals + 1));
  }
  return parsed;
}

absl::Status ApplySettings(const std::string& scorer, const std::vector<std::string>& settings,
                           ComparisonOptions& options) {
  VITRINE_ASSIGN_OR_RETURN(const auto parsed, ParseSettings(settings));
  for (const auto& [key, value] : parsed) {
    VITRINE_RETURN_IF_ERROR(IsBlend(scorer) ? SetOfBlend(key, value, options)
                                            : SetOfModel(scorer, key, value, options));
  }
  if (!IsBlend(scorer)) return absl::OkStatus();
  return CheckAreBlended(parsed, scorer == kAutoName || IsAuto(options), options);
}

void DropKind(std::string_view kind, ComparisonOptions& options) {
  std::erase_if(options.models, [kind](const std::string& model) { return KindOf(model) == kind; });
  std::erase_if(options.settings, [kind](const auto& of) { return KindOf(of.first) == kind; });
}

}  // namespace vitrine::cli
