#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/log.h"
#include "vitrine/base/log_format.h"
#include "vitrine/engine/engine.h"
#include "vitrine/feature_store/feature_store.h"
#include "vitrine/lifecycle/lifecycle.h"
#include "vitrine/server/server.h"

namespace vitrine::cli {

// What one TOML file sets; a value with the defaults that serve without any file. Every key is
// documented in docs/vitrine.example.toml.
struct Config {
  ServerOptions server{};
  double drain_seconds = 10;  // What is in flight may take this long after SIGTERM.
  LogFormat log_format = LogFormat::kText;
  LogLevel log_level = LogLevel::kInfo;
  FeatureStoreOptions store{.min_group = ServerOptions().min_group};  // The server's, always.
  Engine::Options engine{};
  LifecycleOptions lifecycle{};         // Its blend is the engine's.
  std::vector<Placement> placements{};  // Those that the file changes or adds.
};

// Reads `path`; what it does not set keeps its default. An empty path: the defaults.
//
// Errors: NOT_FOUND no such file; INVALID_ARGUMENT "file:line: " and what was seen and what is
// allowed, for text that is not TOML, a key that does not exist, a value of another type or out of
// its range.
absl::StatusOr<Config> LoadConfig(const std::string& path);

// The same for TOML text; `name` stands for the file in messages.
absl::StatusOr<Config> ParseConfig(std::string_view text, const std::string& name);

// Every key there is, with its table: "server.listen". Without the settings of models and without
// placements.
std::vector<std::string> ConfigKeys();

}  // namespace vitrine::cli
