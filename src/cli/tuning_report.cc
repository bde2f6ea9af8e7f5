#include "cli/tuning_report.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"
#include "cli/config.h"
#include "vitrine/models/model_name.h"

namespace vitrine::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// "lambda=0.01 nu=1": what the trial set differently from the trainer's defaults.
std::string Differences(const Settings& settings, const Settings& defaults) {
  std::string text;
  for (const auto& [name, value] : settings) {
    const auto usual = defaults.find(name);
    if (usual != defaults.end() && usual->second == value) continue;
    text += (text.empty() ? "" : " ") + name + "=" + value;
  }
  return text.empty() ? "the defaults" : text;
}

// As TOML writes it: numbers and truth values bare, the rest quoted.
std::string TomlValue(const std::string& value) {
  const auto is_digit = [](unsigned char c) { return std::isdigit(c) != 0; };
  const bool is_whole = !value.empty() && value.size() < 18 &&
                        std::all_of(value.begin(), value.end(), is_digit) &&
                        (value == "0" || value[0] != '0');
  const std::size_t dot = value.find('.');
  const bool is_decimal = dot != std::string::npos && dot > 0 && dot + 1 < value.size() &&
                          (dot == 1 || value[0] != '0') &&
                          std::count_if(value.begin(), value.end(), is_digit) + 1 ==
                              static_cast<std::ptrdiff_t>(value.size());
  if (is_whole || is_decimal || value == "true" || value == "false") return value;
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace

std::string TrialLine(const Tuning& tuning, const Trainer& trainer, std::size_t num_trials) {
  const Trial& trial = tuning.trials.back();
  const std::string reached = trial.status.ok()
                                  ? absl::StrFormat("%.5f", trial.value)
                                  : "failed (" + std::string(trial.status.message()) + ")";
  return absl::StrFormat(
      "trial %d of %d: %s in %.1f s, best %.5f (trial %d); %s", tuning.trials.size(), num_trials,
      reached, trial.train_seconds + trial.evaluate_seconds, tuning.trials[tuning.best].value,
      tuning.best + 1, Differences(trial.settings, trainer.defaults));
}

std::string TrialJson(const Tuning& tuning) {
  const Trial& trial = tuning.trials.back();
  Json json = {{"trial", tuning.trials.size()}, {"settings", trial.settings}};
  if (trial.status.ok()) {
    json["value"] = trial.value;
  } else {
    json["error"] = std::string(trial.status.message());
  }
  json["train_seconds"] = trial.train_seconds;
  json["evaluate_seconds"] = trial.evaluate_seconds;
  json["best_trial"] = tuning.best + 1;
  json["best_value"] = tuning.trials[tuning.best].value;
  return Dump(json);
}

std::string TuningJson(const Tuning& tuning, const std::string& scorer) {
  const Trial& best = tuning.trials[tuning.best];
  return Dump({{"scorer", scorer},
               {"settings", best.settings},
               {"value", best.value},
               {"default_value", tuning.trials.front().value},
               {"trial", tuning.best + 1},
               {"trials", tuning.trials.size()},
               {"is_out_of_patience", tuning.is_out_of_patience}});
}

std::string ConfigSnippet(const Tuning& tuning, const std::string& scorer,
                          const std::string& origin) {
  const Trial& best = tuning.trials[tuning.best];
  std::string text = absl::StrFormat(
      "# %s\n# %.5f on the validation part, the best of %d trials; the defaults reach %.5f.\n",
      origin, best.value, tuning.trials.size(), tuning.trials.front().value);
  const Config usual;
  std::vector<std::string> models = usual.lifecycle.models;
  if (std::find(models.begin(), models.end(), scorer) == models.end()) {
    models.push_back(scorer);
    text += "\n[lifecycle]\nmodels = [";
    for (const std::string& model : models) {
      text += (&model == models.data() ? "\"" : ", \"") + model + "\"";
    }
    text += "]\n";
  }
  text += "\n[models." + (IsLabelled(scorer) ? TomlValue(scorer) : scorer) + "]\n";
  for (const auto& [setting, value] : best.settings) {
    text += setting + " = " + TomlValue(value) + "\n";
  }
  return text;
}

}  // namespace vitrine::cli
