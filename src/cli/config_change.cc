#include "cli/config_change.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include "cli/config_keys.h"

namespace vitrine::cli {
namespace {

// What a running server takes in; all else was built into it when it started. Tables end in a dot.
constexpr std::string_view kTakenIn[] = {
    "log.",
    "server.max_waiting_requests",
    "server.max_wait_seconds",
    "server.max_in_flight",
    "server.max_calls_per_second_per_shopper",
    "server.drain_seconds",
    "lifecycle.models",
    "lifecycle.purchase_predictor",
    "lifecycle.memory_mb",
    "lifecycle.test_fraction",
    "lifecycle.auto_train_events",
    "lifecycle.train_every_events",
    "lifecycle.learn_blend_every",
    "lifecycle.gate",
    "lifecycle.gate_least_coverage",
    "lifecycle.gate_least_users",
    "lifecycle.train_every_hours",
    "lifecycle.train_at",
    "lifecycle.promotion",
    "lifecycle.rollback_error_rate",
    "lifecycle.rollback_least_answers",
    "lifecycle.rollback_click_drop",
    "lifecycle.rollback_least_shown",
    "lifecycle.rollback_probation_hours",
};

bool IsTakenIn(std::string_view key) {
  return std::any_of(std::begin(kTakenIn), std::end(kTakenIn), [key](std::string_view each) {
    return each.ends_with('.') ? key.starts_with(each) : key == each;
  });
}

}  // namespace

std::vector<std::string> WantRestart(const Config& now, const Config& next) {
  Config a = now;  // Copies: looking up a weight that is not there makes it.
  Config b = next;
  std::vector<std::string> names;
  // Not to name a model is not the same as to name it with no weight.
  if (a.engine.blend.weights != b.engine.blend.weights) names.emplace_back("blend.weights");
  for (const ConfigKey& key : MakeConfigKeys()) {
    std::string name = key.table + "." + key.name;
    if (key.table == "blend.weights" || IsTakenIn(name) || key.is_same(a, b)) continue;
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace vitrine::cli
