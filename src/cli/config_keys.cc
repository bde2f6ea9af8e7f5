#include "cli/config_keys.h"

#include <cstdint>
#include <limits>
#include <map>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "cli/config_table.h"
#include "vitrine/models/model_name.h"
#include "vitrine/training/trainer.h"

namespace vitrine::cli {
namespace {

constexpr std::size_t kMaxThreads = 1024;
constexpr std::size_t kMaxRequests = 1'000'000;
constexpr std::size_t kMaxMessageBytes = std::size_t{1} << 30U;
constexpr std::size_t kMaxHistory = 100'000;
constexpr double kMaxKeepDays = 36'500;
constexpr double kMaxWeight = 1000;

// An array of "METHOD=COUNT"; the server knows the methods.
bool SetMaxInFlight(const toml::node& value, Config& config) {
  const auto* array = value.as_array();
  if (array == nullptr) return false;
  std::map<std::string, std::size_t> limits;
  for (const toml::node& entry : *array) {
    const auto* text = entry.as_string();
    const std::size_t sign = text == nullptr ? std::string::npos : text->get().find('=');
    std::size_t count = 0;
    if (sign == std::string::npos || !absl::SimpleAtoi(text->get().substr(sign + 1), &count)) {
      return false;
    }
    if (count < 1 || count > kMaxRequests) return false;
    if (!limits.emplace(text->get().substr(0, sign), count).second) return false;
  }
  config.server.max_in_flight = std::move(limits);
  return true;
}

// Who may come in, and how much of the server one of them may take.
void AddServerAccess(std::vector<ConfigKey>& keys) {
  ConfigTable server("server", keys);
  server.Number<double>("max_wait_seconds", 0, 3600,
                        [](Config& config) -> double& { return config.server.max_wait_seconds; });
  server.Add("max_in_flight", "an array of texts such as \"SimilarItems=8\", each method once",
             SetMaxInFlight,
             [](Config& a, Config& b) { return a.server.max_in_flight == b.server.max_in_flight; });
  server.Number<double>("max_calls_per_second_per_shopper", 0, 1e6, [](Config& config) -> double& {
    return config.server.max_calls_per_second_per_shopper;
  });
  server.Count<std::size_t>(
      "max_event_streams", 1, kMaxRequests,
      [](Config& config) -> std::size_t& { return config.server.max_event_streams; });
  server.Count<std::size_t>(
      "max_streams_per_connection", 1, kMaxRequests,
      [](Config& config) -> std::size_t& { return config.server.max_streams_per_connection; });
  server.Count<std::size_t>(
      "max_buffer_bytes", 1U << 20U, std::size_t{1} << 40U,
      [](Config& config) -> std::size_t& { return config.server.max_buffer_bytes; });
  server.Number<double>("max_unread_seconds", 0.1, 3600,
                        [](Config& config) -> double& { return config.server.max_unread_seconds; });
  server.Number<double>("keepalive_seconds", 1, 86'400,
                        [](Config& config) -> double& { return config.server.keepalive_seconds; });
  server.Number<double>("keepalive_timeout_seconds", 0.1, 3600, [](Config& config) -> double& {
    return config.server.keepalive_timeout_seconds;
  });

  ConfigTable tls("tls", keys);
  tls.Text("certificate", "the path of a PEM file",
           [](Config& config) -> std::string& { return config.server.tls.certificate; });
  tls.Text("private_key", "the path of a PEM file",
           [](Config& config) -> std::string& { return config.server.tls.private_key; });
  tls.Text("client_ca", "the path of a PEM file",
           [](Config& config) -> std::string& { return config.server.tls.client_ca; });
  tls.Number<double>("reload_seconds", 1, 86'400,
                     [](Config& config) -> double& { return config.server.tls.reload_seconds; });
}

void AddServer(std::vector<ConfigKey>& keys) {
  ConfigTable table("server", keys);
  table.Text("listen", "text such as \"127.0.0.1:50051\" or \"unix:/run/vitrine.sock\"",
             [](Config& config) -> std::string& { return config.server.address; });
  table.Count<std::size_t>("threads", 0, kMaxThreads, [](Config& config) -> std::size_t& {
    return config.server.num_threads;
  });
  table.Count<std::size_t>(
      "max_waiting_requests", 1, kMaxRequests,
      [](Config& config) -> std::size_t& { return config.server.max_waiting_requests; });
  table.Count<std::size_t>(
      "max_message_bytes", 64U << 10U, kMaxMessageBytes,
      [](Config& config) -> std::size_t& { return config.server.max_message_bytes; });
  table.Count<std::size_t>("max_replace_items", 1, 100'000'000, [](Config& config) -> std::size_t& {
    return config.server.max_replace_items;
  });
  table.Count<std::size_t>(
      "max_unacknowledged_events", 1, kMaxRequests,
      [](Config& config) -> std::size_t& { return config.server.max_unacknowledged_events; });
  table.Number<double>("report_max_age_seconds", 0, 86'400, [](Config& config) -> double& {
    return config.server.report_max_age_seconds;
  });
  table.Number<double>("drain_seconds", 0, 3600,
                       [](Config& config) -> double& { return config.drain_seconds; });

  ConfigTable privacy("privacy", keys);
  privacy.Count<std::size_t>("min_group", 1, 1'000'000, [](Config& config) -> std::size_t& {
    return config.server.min_group;
  });

  ConfigTable metrics("metrics", keys);
  metrics.Text("listen", "text such as \"127.0.0.1:9464\"",
               [](Config& config) -> std::string& { return config.server.metrics_address; });
}

// One of the names that `values` has.
template <typename T>
void AddChoice(ConfigTable& table, const std::string& name, const std::map<std::string, T>& values,
               Place<T> place) {
  std::string allowed;
  for (const auto& [choice, value] : values) {
    allowed += absl::StrFormat("%s\"%s\"", allowed.empty() ? "" : " or ", choice);
  }
  const auto set = [values, place](const toml::node& value, Config& config) {
    const auto* text = value.as_string();
    if (text == nullptr) return false;
    const auto found = values.find(text->get());
    if (found == values.end()) return false;
    place(config) = found->second;
    return true;
  };
  table.Add(name, allowed, set, [place](Config& a, Config& b) { return place(a) == place(b); });
}

void AddLog(std::vector<ConfigKey>& keys) {
  ConfigTable table("log", keys);
  AddChoice<LogFormat>(table, "format", {{"text", LogFormat::kText}, {"json", LogFormat::kJson}},
                       [](Config& config) -> LogFormat& { return config.log_format; });
  AddChoice<LogLevel>(
      table, "level",
      {{"info", LogLevel::kInfo}, {"warning", LogLevel::kWarning}, {"error", LogLevel::kError}},
      [](Config& config) -> LogLevel& { return config.log_level; });
  table.Number<double>("slow_ms", 0, 3'600'000,
                       [](Config& config) -> double& { return config.server.request_log.slow_ms; });
  table.Number<double>("slow_per_second", 0, 1e6, [](Config& config) -> double& {
    return config.server.request_log.slow_per_second;
  });
  table.Number<double>("sample_share", 0, 1, [](Config& config) -> double& {
    return config.server.request_log.sample_share;
  });
}

void AddStore(std::vector<ConfigKey>& keys) {
  ConfigTable table("store", keys);
  table.Count<std::size_t>("history_limit", 1, kMaxHistory, [](Config& config) -> std::size_t& {
    return config.store.history_limit;
  });
  table.Number<double>("popularity_half_life_days", 0.01, 3650, [](Config& config) -> double& {
    return config.store.popularity_half_life_days;
  });
  table.Count<std::uint64_t>(
      "checkpoint_events", 1, std::numeric_limits<std::int64_t>::max(),
      [](Config& config) -> std::uint64_t& { return config.store.checkpoint_events; });
  table.Number<double>("keep_events_days", 0, kMaxKeepDays,
                       [](Config& config) -> double& { return config.store.keep_events_days; });
  table.Count<std::uint64_t>(
      "keep_events", 0, std::numeric_limits<std::int64_t>::max(),
      [](Config& config) -> std::uint64_t& { return config.store.keep_events; });
  table.Count<std::uint64_t>(
      "keep_megabytes", 0, 1'000'000'000,
      [](Config& config) -> std::uint64_t& { return config.store.keep_megabytes; });
  table.Text("backup_folder", "the path of a folder",
             [](Config& config) -> std::string& { return config.store.backup_folder; });

  ConfigTable weights("store.event_weights", keys);
  for (std::size_t type = 1; type < kNumEventTypes; ++type) {
    weights.Number<float>(
        std::string(Name(static_cast<EventType>(type))), -kMaxWeight, kMaxWeight,
        [type](Config& config) -> float& { return config.store.weights.by_type.at(type); });
  }
}

void AddEngine(std::vector<ConfigKey>& keys) {
  ConfigTable engine("engine", keys);
  engine.Number<double>("new_arrival_days", 0, 3650,
                        [](Config& config) -> double& { return config.engine.new_arrival_days; });

  ConfigTable blend("blend", keys);
  blend.Number<double>("cold_start_events", 0, 1000, [](Config& config) -> double& {
    return config.engine.blend.cold_start_events;
  });
  blend.Count<std::size_t>("candidates_per_model", 1, 10'000, [](Config& config) -> std::size_t& {
    return config.engine.blend.candidates_per_model;
  });
  blend.Count<std::size_t>(
      "whole_catalogue_items", 0, 10'000'000,
      [](Config& config) -> std::size_t& { return config.engine.blend.whole_catalogue_items; });

  for (const Trainer& trainer : Trainers()) {
    keys.push_back(BlendWeightKey(std::string(trainer.name)));
  }
}

// An array of distinct names of trainers, or "auto" alone.
bool SetModels(const toml::node& value, Config& config) {
  const auto* array = value.as_array();
  if (array == nullptr || array->empty()) return false;
  std::vector<std::string> models;
  for (const toml::node& entry : *array) {
    const auto* name = entry.as_string();
    if (name == nullptr) return false;
    const bool is_auto = name->get() == kAutoName && array->size() == 1;
    if (!is_auto && FindTrainer(name->get()) == nullptr) return false;
    for (const std::string& other : models) {
      if (other == name->get()) return false;
    }
    models.push_back(name->get());
  }
  config.lifecycle.models = std::move(models);
  return true;
}

// Empty: at no time.
bool SetTrainAt(const toml::node& value, Config& config) {
  const auto* text = value.as_string();
  if (text == nullptr) return false;
  const absl::StatusOr<Micros> time = ParseTimeOfDay(text->get());
  if (!time.ok() && !text->get().empty()) return false;
  config.lifecycle.schedule.time_of_day_us = time.value_or(-1);
  return true;
}

bool SetPromotion(const toml::node& value, Config& config) {
  const auto* text = value.as_string();
  if (text == nullptr || (text->get() != "automatic" && text->get() != "manual")) return false;
  config.lifecycle.is_promoted_by_hand = text->get() == "manual";
  return true;
}

// When a version is taken back.
void AddRollback(std::vector<ConfigKey>& keys) {
  ConfigTable table("lifecycle", keys);
  table.Number<double>("rollback_error_rate", 0, 1, [](Config& config) -> double& {
    return config.lifecycle.rollback.error_rate;
  });
  table.Count<std::uint64_t>(
      "rollback_least_answers", 1, 1'000'000'000,
      [](Config& config) -> std::uint64_t& { return config.lifecycle.rollback.least_answers; });
  table.Number<double>("rollback_click_drop", 0, 1, [](Config& config) -> double& {
    return config.lifecycle.rollback.click_drop;
  });
  table.Count<std::uint64_t>(
      "rollback_least_shown", 1, 1'000'000'000,
      [](Config& config) -> std::uint64_t& { return config.lifecycle.rollback.least_shown; });
  table.Number<double>("rollback_probation_hours", 0, 8760, [](Config& config) -> double& {
    return config.lifecycle.rollback.probation_hours;
  });
}

template <typename T>
Place<T> Of(T LifecycleOptions::*member) {
  return [member](Config& config) -> T& { return config.lifecycle.*member; };
}

void AddLifecycle(std::vector<ConfigKey>& keys) {
  std::string names;
  for (const Trainer& trainer : Trainers()) {
    names += absl::StrFormat("%s\"%s\"", names.empty() ? "" : ", ", trainer.name);
  }
  ConfigTable table("lifecycle", keys);
  table.Add("models",
            absl::StrFormat("[\"auto\"], or an array of distinct names out of %s, or of these "
                            "with a label of 1 to %d of a-z, 0-9 and _, as in \"ials@wide\"",
                            names, kMostLabelBytes),
            SetModels,
            [](Config& a, Config& b) { return a.lifecycle.models == b.lifecycle.models; });
  table.Flag("purchase_predictor",
             [](Config& config) -> bool& { return config.lifecycle.has_purchase_predictor; });
  table.Number("test_fraction", 0.001, 0.9, Of(&LifecycleOptions::test_fraction));
  table.Count("threads", 1, kMaxThreads, Of(&LifecycleOptions::num_threads));
  table.Count("memory_mb", 0, 1'000'000'000, Of(&LifecycleOptions::memory_mb));
  table.Count("auto_train_events", 0, std::numeric_limits<std::int64_t>::max(),
              Of(&LifecycleOptions::auto_train_events));
  table.Count("train_every_events", 0, std::numeric_limits<std::int64_t>::max(),
              Of(&LifecycleOptions::train_every_events));
  table.Count("learn_blend_every", 1, 1'000'000, Of(&LifecycleOptions::learn_blend_every));
  table.Flag("gate", [](Config& config) -> bool& { return config.lifecycle.gate.is_on; });
  table.Number<double>("gate_least_coverage", 0, 10, [](Config& config) -> double& {
    return config.lifecycle.gate.least_coverage;
  });
  table.Count<std::size_t>(
      "gate_least_users", 1, 1'000'000'000,
      [](Config& config) -> std::size_t& { return config.lifecycle.gate.least_users; });
  table.Number<double>("train_every_hours", 0, 8760, [](Config& config) -> double& {
    return config.lifecycle.schedule.every_hours;
  });
  table.Add("train_at", "a time of the day in UTC such as \"03:30\", or \"\"", SetTrainAt,
            [](Config& a, Config& b) {
              return a.lifecycle.schedule.time_of_day_us == b.lifecycle.schedule.time_of_day_us;
            });
  table.Add("promotion", "\"automatic\" or \"manual\"", SetPromotion, [](Config& a, Config& b) {
    return a.lifecycle.is_promoted_by_hand == b.lifecycle.is_promoted_by_hand;
  });
  table.Number("shadow_share", 0, 1, Of(&LifecycleOptions::shadow_share));
  table.Number("poll_seconds", 0.01, 3600, Of(&LifecycleOptions::poll_seconds));
}

}  // namespace

ConfigKey BlendWeightKey(const std::string& model) {
  std::vector<ConfigKey> keys;
  ConfigTable table("blend.weights", keys);
  table.Number<double>(model, 0, kMaxWeight, [model](Config& config) -> double& {
    return config.engine.blend.weights[model];
  });
  return keys.front();
}

std::vector<ConfigKey> MakeConfigKeys() {
  std::vector<ConfigKey> keys;
  AddServer(keys);
  AddLog(keys);
  AddServerAccess(keys);
  AddStore(keys);
  AddEngine(keys);
  AddLifecycle(keys);
  AddRollback(keys);
  return keys;
}

}  // namespace vitrine::cli
