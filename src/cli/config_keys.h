#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/config.h"
#include "cli/toml_table.h"

namespace vitrine::cli {

// One key of the file: where it is, what it may hold, and how it gets into a Config.
struct ConfigKey {
  std::string table{};    // "server", "store.event_weights"
  std::string name{};     // "listen"
  std::string allowed{};  // "an integer from 0 to 1024"
  std::function<bool(const toml::node& value, Config& config)> set{};  // False: not allowed.
  // Whether both hold the same under this key.
  std::function<bool(Config& a, Config& b)> is_same{};
};

// Every key with a fixed name, in the order of the example. The settings of models are looked up in
// their trainers instead.
std::vector<ConfigKey> MakeConfigKeys();

// The key of the weight of the model that is called so. Those of models without a label are among
// MakeConfigKeys().
ConfigKey BlendWeightKey(const std::string& model);

}  // namespace vitrine::cli
