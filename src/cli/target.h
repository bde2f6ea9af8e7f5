#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "vitrine/base/clock.h"
#include "vitrine/client/client.h"

namespace vitrine::cli {

// Which server a command talks to, and what it shows there.
struct Target {
  std::string address{};
  std::string key_file{};
  std::string ca{};
  std::string certificate{};
  std::string private_key{};
  bool is_tls = false;

  bool empty() const { return address.empty(); }
};

// Adds --target and the flags of keys and TLS.
CLI::Option* AddTargetOptions(CLI::App& command, Target& target);

// The key is that of --key-file, else that of the environment variable VITRINE_KEY, else none.
//
// Errors: NOT_FOUND a file is missing; usage: the key file holds no key, or one of --cert and
// --cert-key is missing.
absl::StatusOr<ClientOptions> ReadClientOptions(const Target& target);

absl::StatusOr<std::unique_ptr<Client>> Connect(const Target& target,
                                                Micros timeout_us = ClientOptions().timeout);

}  // namespace vitrine::cli
