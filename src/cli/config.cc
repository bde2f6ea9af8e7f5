#include "cli/config.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "cli/config_keys.h"
#include "cli/model_settings.h"
#include "cli/placement_config.h"
#include "cli/toml_table.h"
#include "vitrine/base/file_system.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/models/model_name.h"
#include "vitrine/training/session_training.h"
#include "vitrine/training/trainer.h"

namespace vitrine::cli {
namespace {

constexpr std::string_view kModels = "models";
constexpr std::string_view kPlacements = "placements";
constexpr std::string_view kBlendWeights = "blend.weights";

// The value as a trainer reads it; nothing for what is no single value.
std::optional<std::string> SettingText(const toml::node& value) {
  if (const auto* integer = value.as_integer()) return absl::StrFormat("%d", integer->get());
  if (const auto* number = value.as_floating_point()) {
    return absl::StrFormat("%.17g", number->get());
  }
  if (const auto* flag = value.as_boolean()) return flag->get() ? "true" : "false";
  if (const auto* text = value.as_string()) return text->get();
  return std::nullopt;
}

// Not among Trainers(), which make scorers of items; its settings are read in the same way.
const Trainer& PurchaseTrainer() {
  static const Trainer trainer{
      .name = kPurchasePredictorName,
      .defaults = SessionPredictorDefaults(),
      .train = [](const Dataset& /*dataset*/, const Settings& settings,
                  const TrainingContext& /*context*/) -> absl::StatusOr<Model> {
        VITRINE_RETURN_IF_ERROR(ReadSessionLearning(settings).status());
        return absl::CancelledError("settings alone are looked at");
      }};
  return trainer;
}

// Walks one parsed file into a Config; stops at the first thing that is wrong.
class Reader {
 public:
  explicit Reader(std::string file) : file_(std::move(file)) {}

  absl::StatusOr<Config> Read(const toml::table& root) {
    for (const auto& [key, value] : root) {
      const std::string name(key.str());
      if (name == kModels) {
        VITRINE_RETURN_IF_ERROR(ReadAllModels(key, value));
      } else if (name == kPlacements) {
        VITRINE_ASSIGN_OR_RETURN(config_.placements, ReadPlacements(value, file_));
      } else {
        VITRINE_RETURN_IF_ERROR(ReadTable(key, value, name));
      }
    }
    config_.lifecycle.blend = config_.engine.blend;
    config_.store.min_group = config_.server.min_group;
    return std::move(config_);
  }

 private:
  absl::Status Wrong(const toml::source_region& where, const std::string& what) const {
    return absl::InvalidArgumentError(absl::StrFormat("%s:%d: %s", file_, where.begin.line, what));
  }

  // What may stand directly in `table`, the names of tables below it included.
  std::vector<std::string> NamesIn(const std::string& table) const {
    std::vector<std::string> names;
    const std::string prefix = table.empty() ? "" : table + ".";
    for (const ConfigKey& key : keys_) {
      std::string name;
      if (key.table == table) {
        name = key.name;
      } else if (key.table.starts_with(prefix)) {
        name = key.table.substr(prefix.size());
        name = name.substr(0, name.find('.'));
      }
      if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end()) {
        names.push_back(name);
      }
    }
    if (table.empty()) {
      names.emplace_back(kModels);
      names.emplace_back(kPlacements);
    }
    return names;
  }

  absl::Status Unknown(const toml::key& key, const std::string& what,
                       const std::vector<std::string>& allowed) const {
    return Wrong(key.source(), absl::StrFormat("unknown %s %s; %s", what, std::string(key.str()),
                                               AllowedModels(key.str(), allowed)));
  }

  absl::Status ReadTable(const toml::key& key, const toml::node& value, const std::string& path) {
    const auto holds = [&](const ConfigKey& known) {
      return known.table == path || known.table.starts_with(path + ".");
    };
    if (std::none_of(keys_.begin(), keys_.end(), holds)) {
      const std::size_t dot = path.rfind('.');
      return Unknown(key, "table", NamesIn(dot == std::string::npos ? "" : path.substr(0, dot)));
    }
    const toml::table* table = value.as_table();
    if (table == nullptr) {
      return Wrong(value.source(), absl::StrFormat("%s is %s; wants a table, as in [%s]", path,
                                                   TypeOf(value), path));
    }
    // A model that is not named is not asked, so that naming one drops the defaults of the others.
    if (path == kBlendWeights) config_.engine.blend.weights.clear();
    for (const auto& [name, entry] : *table) {
      VITRINE_RETURN_IF_ERROR(ReadEntry(name, entry, path));
    }
    return absl::OkStatus();
  }

  absl::Status ReadEntry(const toml::key& key, const toml::node& value, const std::string& table) {
    const std::string name(key.str());
    for (const ConfigKey& known : keys_) {
      if (known.table == table + "." + name) return ReadTable(key, value, known.table);
      if (known.table == table && known.name == name) return SetKey(known, value);
    }
    if (table == kBlendWeights && IsLabelled(name) && FindTrainer(name) != nullptr) {
      return SetKey(BlendWeightKey(name), value);
    }
    return Unknown(key, "key", NamesIn(table));
  }

  absl::Status SetKey(const ConfigKey& key, const toml::node& value) {
    if (key.set(value, config_)) return absl::OkStatus();
    return Wrong(value.source(), absl::StrFormat("%s.%s is %s; wants %s", key.table, key.name,
                                                 TypeOf(value), key.allowed));
  }

  absl::Status ReadAllModels(const toml::key& key, const toml::node& value) {
    const toml::table* models = value.as_table();
    if (models == nullptr) {
      return Wrong(key.source(),
                   "models is not a table; wants one for each model, as in [models.ials]");
    }
    for (const auto& [name, settings] : *models) {
      VITRINE_RETURN_IF_ERROR(ReadModel(name, settings));
    }
    return absl::OkStatus();
  }

  absl::Status ReadModel(const toml::key& key, const toml::node& value) {
    const std::string model(key.str());
    const Trainer* trainer =
        model == kPurchasePredictorName ? &PurchaseTrainer() : FindTrainer(model);
    if (trainer == nullptr) {
      std::vector<std::string> names;
      for (const Trainer& known : Trainers()) names.emplace_back(known.name);
      names.emplace_back(kPurchasePredictorName);
      return Unknown(key, "model", names);
    }
    const toml::table* settings = value.as_table();
    if (settings == nullptr) {
      return Wrong(value.source(),
                   absl::StrFormat("models.%s is %s; wants a table", model, TypeOf(value)));
    }
    // Whatever it says, a table lets placements ask for a model with a label.
    if (IsLabelled(model)) config_.lifecycle.settings.try_emplace(model);
    for (const auto& [name, entry] : *settings) {
      VITRINE_RETURN_IF_ERROR(ReadSetting(model, *trainer, name, entry));
    }
    return absl::OkStatus();
  }

  absl::Status ReadSetting(const std::string& model, const Trainer& trainer, const toml::key& key,
                           const toml::node& value) {
    const std::string name(key.str());
    const auto known = trainer.defaults.find(name);
    if (known == trainer.defaults.end()) {
      std::vector<std::string> names;
      for (const auto& [setting, unused] : trainer.defaults) names.push_back(setting);
      return Unknown(key, "setting of model " + model + ":", names);
    }
    std::optional<std::string> text = SettingText(value);
    if (!text.has_value()) {
      return Wrong(value.source(),
                   absl::StrFormat("models.%s.%s is %s; wants a single value, such as %s", model,
                                   name, TypeOf(value), known->second));
    }
    const absl::Status taken = CheckSetting(trainer, name, *text);
    if (!taken.ok()) return Wrong(value.source(), std::string(taken.message()));
    Settings& settings = model == kPurchasePredictorName ? config_.lifecycle.purchase_settings
                                                         : config_.lifecycle.settings[model];
    settings[name] = *std::move(text);
    return absl::OkStatus();
  }

  std::string file_;
  std::vector<ConfigKey> keys_ = MakeConfigKeys();
  Config config_;
};

}  // namespace

absl::StatusOr<Config> ParseConfig(std::string_view text, const std::string& name) {
  VITRINE_ASSIGN_OR_RETURN(const toml::table parsed, ParseToml(text, name));
  return Reader(name).Read(parsed);
}

absl::StatusOr<Config> LoadConfig(const std::string& path) {
  if (path.empty()) return Config();
  VITRINE_ASSIGN_OR_RETURN(const std::string text, LocalFileSystem().ReadFile(path));
  return ParseConfig(text, path);
}

std::vector<std::string> ConfigKeys() {
  std::vector<std::string> names;
  for (const ConfigKey& key : MakeConfigKeys()) names.push_back(key.table + "." + key.name);
  return names;
}

}  // namespace vitrine::cli
