#include "cli/config.h"

#include <toml++/toml.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <sstream>

#include "absl/strings/str_format.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/training/trainer.h"

namespace vitrine {
namespace {

// Takes a value into the config; when it cannot be, returns what is wanted instead.
using Setter = std::function<std::optional<std::string>(const toml::node&)>;
using Bindings = std::map<std::string, Setter>;  // By "section.key".

template <typename T>
Setter Integer(T& field, std::int64_t low, std::int64_t high) {
  return [&field, low, high](const toml::node& node) -> std::optional<std::string> {
    const auto value = node.value_exact<std::int64_t>();
    if (!value || *value < low || *value > high) {
      return absl::StrFormat("an integer from %d to %d", low, high);
    }
    field = static_cast<T>(*value);
    return std::nullopt;
  };
}

// Takes integers too: "2" where "2.0" is meant.
template <typename T>
Setter Number(T& field, double low, double high) {
  return [&field, low, high](const toml::node& node) -> std::optional<std::string> {
    const auto value = node.is_number() ? node.value<double>() : std::nullopt;
    if (!value || !(*value >= low && *value <= high)) {
      return absl::StrFormat("a number from %g to %g", low, high);
    }
    field = static_cast<T>(*value);
    return std::nullopt;
  };
}

Setter Text(std::string& field) {
  return [&field](const toml::node& node) -> std::optional<std::string> {
    const auto value = node.value_exact<std::string>();
    if (!value || value->empty()) return "a text that is not empty";
    field = *value;
    return std::nullopt;
  };
}

std::string Join(const std::vector<std::string>& words) {
  std::string joined;
  for (const std::string& word : words) joined += (joined.empty() ? "" : ", ") + word;
  return joined;
}

std::vector<std::string> TrainerNames() {
  std::vector<std::string> names;
  for (const Trainer& trainer : Trainers()) names.emplace_back(trainer.name);
  return names;
}

Setter ModelNames(std::vector<std::string>& field) {
  return [&field](const toml::node& node) -> std::optional<std::string> {
    const std::vector<std::string> known = TrainerNames();
    const std::string wanted = "a list of distinct names out of " + Join(known);
    std::vector<std::string> names;
    if (node.as_array() == nullptr) return wanted;
    for (const toml::node& element : *node.as_array()) {
      const std::string name = element.value_exact<std::string>().value_or("");
      const bool is_new = std::find(names.begin(), names.end(), name) == names.end();
      const bool is_known = std::find(known.begin(), known.end(), name) != known.end();
      if (!is_new || !is_known) return wanted;
      names.push_back(name);
    }
    field = names;
    return std::nullopt;
  };
}

Setter Level(LogLevel& field) {
  return [&field](const toml::node& node) -> std::optional<std::string> {
    static const std::map<std::string, LogLevel> levels = {
        {"info", LogLevel::kInfo}, {"warning", LogLevel::kWarning}, {"error", LogLevel::kError}};
    const auto found = levels.find(node.value_exact<std::string>().value_or(""));
    if (found == levels.end()) return R"("info", "warning" or "error")";
    field = found->second;
    return std::nullopt;
  };
}

// A setting stays text, as on the command line; the trainer checks it.
Setter Setting(Settings& settings, const std::string& key) {
  return [&settings, key](const toml::node& node) -> std::optional<std::string> {
    std::ostringstream text;
    if (const auto word = node.value_exact<std::string>()) {
      text << *word;
    } else if (const auto is_true = node.value_exact<bool>()) {
      text << (*is_true ? "true" : "false");
    } else if (const auto whole = node.value_exact<std::int64_t>()) {
      text << *whole;
    } else if (const auto number = node.value_exact<double>()) {
      text << *number;
    } else {
      return "a number, a text, true or false";
    }
    settings[key] = text.str();
    return std::nullopt;
  };
}

void BindServer(Config& config, Bindings& bindings) {
  ServerOptions& server = config.server;
  bindings["server.listen"] = Text(server.address);
  bindings["server.threads"] = Integer(server.num_threads, 0, 1024);
  bindings["server.max_waiting_requests"] = Integer(server.max_waiting_requests, 1, 1'000'000);
  bindings["server.max_message_bytes"] = Integer(server.max_message_bytes, 65'536, 1 << 30);
  bindings["server.max_replace_items"] = Integer(server.max_replace_items, 1, 100'000'000);
  bindings["server.max_unacknowledged_events"] =
      Integer(server.max_unacknowledged_events, 1, 1'000'000);
  bindings["server.drain_seconds"] = Number(config.drain_seconds, 0, 3600);
  bindings["log.level"] = Level(config.log_level);
}

void BindStore(Config& config, Bindings& bindings) {
  FeatureStoreOptions& store = config.store;
  bindings["store.history_limit"] = Integer(store.history_limit, 1, 100'000);
  bindings["store.popularity_half_life_days"] =
      Number(store.popularity_half_life_days, 0.01, 36'500);
  bindings["store.checkpoint_events"] =
      Integer(store.checkpoint_events, 1, std::numeric_limits<std::int64_t>::max());
  for (std::size_t type = 1; type < kNumEventTypes; ++type) {
    const std::string name(Name(static_cast<EventType>(type)));
    bindings["event_weights." + name] = Number(store.weights.by_type[type], -1000, 1000);
  }
}

void BindTraining(Config& config, Bindings& bindings) {
  LifecycleOptions& training = config.training;
  bindings["training.models"] = ModelNames(training.models);
  bindings["training.threads"] = Integer(training.num_threads, 1, 1024);
  bindings["training.test_fraction"] = Number(training.test_fraction, 0.01, 0.5);
  bindings["training.poll_seconds"] = Number(training.poll_seconds, 0.01, 3600);
  bindings["training.auto_train_events"] = Integer(
      training.auto_train_events, 0, std::numeric_limits<std::int64_t>::max());
  bindings["blend.cold_start_events"] = Number(training.blend.cold_start_events, 0, 1000);
  bindings["blend.candidates_per_model"] = Integer(training.blend.candidates_per_model, 1, 10'000);
  for (const Trainer& trainer : Trainers()) {
    const std::string name(trainer.name);
    bindings["blend.weights." + name] = Number(training.blend.weights[name], 0, 1000);
    for (const auto& [key, unused] : trainer.defaults) {
      bindings["training.settings." + name + "." + key] = Setting(training.settings[name], key);
    }
  }
  bindings["engine.new_arrival_days"] = Number(config.engine.new_arrival_days, 0, 36'500);
}

Bindings BindAll(Config& config) {
  Bindings bindings;
  BindServer(config, bindings);
  BindStore(config, bindings);
  BindTraining(config, bindings);
  return bindings;
}

// The keys below `section` ("" for the sections themselves), one level down.
std::vector<std::string> KeysBelow(const Bindings& bindings, const std::string& section) {
  std::vector<std::string> keys;
  for (const auto& [path, unused] : bindings) {
    if (!path.starts_with(section)) continue;
    const std::string rest = path.substr(section.size());
    const std::string key = rest.substr(0, rest.find('.'));
    if (keys.empty() || keys.back() != key) keys.push_back(key);
  }
  return keys;
}

// Walks the file and hands every value to its setter. Recursion is as deep as the known sections.
class Reader {
 public:
  Reader(const Bindings& bindings, std::string_view file) : bindings_(bindings), file_(file) {}

  absl::Status Read(const toml::table& table, const std::string& section) const {
    for (const auto& [toml_key, node] : table) {
      const std::string key(toml_key.str());
      const std::string path = section + key;
      const auto found = bindings_.find(path);
      if (found != bindings_.end()) {
        const std::optional<std::string> wanted = found->second(node);
        if (wanted) return Error(node, path + " is " + Show(node) + "; want " + *wanted);
        continue;
      }
      const std::vector<std::string> keys = KeysBelow(bindings_, section);
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
        const std::string where = section.empty() ? "the file" : "[" + section;
        return Error(node, "unknown key '" + key + "'; " + Shut(where) + " has " + Join(keys));
      }
      if (node.as_table() == nullptr) return Error(node, path + " is no section; want [" + path + "]");
      VITRINE_RETURN_IF_ERROR(Read(*node.as_table(), path + "."));
    }
    return absl::OkStatus();
  }

 private:
  static std::string Shut(std::string where) {
    if (where.ends_with('.')) where.back() = ']';
    return where;
  }

  static std::string Show(const toml::node& node) {
    if (node.is_table()) return "a section";
    std::ostringstream text;
    node.visit([&text](const auto& value) { text << value; });
    return text.str();
  }

  absl::Status Error(const toml::node& node, const std::string& problem) const {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s:%d: %s", file_, node.source().begin.line, problem));
  }

  const Bindings& bindings_;
  const std::string_view file_;
};

}  // namespace

absl::StatusOr<Config> ParseConfig(std::string_view text, std::string_view name) {
  Config config;
  config.training.num_threads = 1;
  const Bindings bindings = BindAll(config);
  try {  // toml++ throws; nothing of ours does.
    const toml::table table = toml::parse(text);
    VITRINE_RETURN_IF_ERROR(Reader(bindings, name).Read(table, ""));
  } catch (const toml::parse_error& error) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s:%d: %s", name, error.source().begin.line, std::string_view(error.description())));
  }
  config.engine.blend = config.training.blend;
  return config;
}

absl::StatusOr<Config> LoadConfig(FileSystem& files, const std::string& path) {
  if (path.empty()) return ParseConfig("", "defaults");
  VITRINE_ASSIGN_OR_RETURN(const std::string text, files.ReadFile(path));
  return ParseConfig(text, path);
}

std::vector<std::string> ConfigKeys() {
  Config config;
  std::vector<std::string> keys;
  for (const auto& [path, unused] : BindAll(config)) keys.push_back(path);
  return keys;
}

}  // namespace vitrine
