#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/log.h"
#include "vitrine/engine/engine.h"
#include "vitrine/feature_store/feature_store.h"
#include "vitrine/lifecycle/lifecycle.h"
#include "vitrine/server/server.h"

namespace vitrine {

// All that can be configured, with the defaults of the modules. Every key of the file is in
// docs/vitrine.example.toml.
struct Config {
  ServerOptions server{};
  double drain_seconds = 10;  // How long a stopping server waits for requests in flight.
  FeatureStoreOptions store{};
  LifecycleOptions training{};
  Engine::Options engine{};
  LogLevel log_level = LogLevel::kInfo;
};

// Reads a TOML text; keys that it does not name keep their defaults. `name` stands for the file in
// errors. INVALID_ARGUMENT, with file and line, for text that is no TOML, an unknown key (with those
// there are), a value of the wrong type or out of range (with what is allowed).
absl::StatusOr<Config> ParseConfig(std::string_view text, std::string_view name);

// The same for a file; the defaults when `path` is empty. Errors: those of FileSystem too.
absl::StatusOr<Config> LoadConfig(FileSystem& files, const std::string& path);

// Every key there is, as "section.key".
std::vector<std::string> ConfigKeys();

}  // namespace vitrine
