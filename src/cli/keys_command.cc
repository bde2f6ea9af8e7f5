#include "cli/keys_command.h"

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "cli/command.h"
#include "vitrine/base/file_system.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/server/api_keys.h"

namespace vitrine::cli {
namespace {

struct KeysFlags {
  std::string store;
  std::string name;
  std::string scopes;
  std::string revoked;
  double calls_per_second = 0;
  bool is_json = false;
};

std::string TimeText(Micros time_us) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixMicros(time_us), absl::UTCTimeZone());
}

absl::Status CreateKey(const KeysFlags& flags) {
  ApiKey key{.name = flags.name, .calls_per_second = flags.calls_per_second};
  const absl::StatusOr<std::uint8_t> scopes = ParseScopes(flags.scopes);
  if (!scopes.ok()) return UsageError(std::string(scopes.status().message()));
  key.scopes = *scopes;
  KeyFile file(LocalFileSystem(), flags.store);
  VITRINE_ASSIGN_OR_RETURN(const std::string secret, file.Create(key, SystemClock().Now()));
  std::printf("%s\n", secret.c_str());  // Alone on standard output, to be sent into a file.
  std::fprintf(stderr,
               "This is the only time that the key is shown. A server takes it in within a "
               "few seconds.\n");
  return absl::OkStatus();
}

absl::Status ListKeys(const KeysFlags& flags) {
  VITRINE_ASSIGN_OR_RETURN(const auto keys, KeyFile(LocalFileSystem(), flags.store).Read());
  if (!keys.has_value()) {
    if (flags.is_json) return absl::OkStatus();
    std::printf("no key was ever made: who reaches the server may do everything\n");
    return absl::OkStatus();
  }
  for (const ApiKey& key : *keys) {
    if (flags.is_json) {
      const nlohmann::ordered_json json = {{"id", key.id},
                                           {"name", key.name},
                                           {"scopes", ScopesText(key.scopes)},
                                           {"calls_per_second", key.calls_per_second},
                                           {"created", TimeText(key.created_us)}};
      std::printf(
          "%s\n",
          json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
      continue;
    }
    const std::string limit =
        key.calls_per_second > 0 ? absl::StrFormat("%g/s", key.calls_per_second) : "no limit";
    std::printf("%s  %-16s %-17s %-10s %s\n", key.id.c_str(), key.name.c_str(),
                ScopesText(key.scopes).c_str(), limit.c_str(), TimeText(key.created_us).c_str());
  }
  if (keys->empty() && !flags.is_json) {
    std::printf("all keys are revoked: nobody gets in\n");
  }
  return absl::OkStatus();
}

absl::Status RevokeKey(const KeysFlags& flags) {
  return KeyFile(LocalFileSystem(), flags.store).Revoke(flags.revoked);
}

CLI::App* AddPart(CLI::App& keys, const std::string& name, const std::string& summary,
                  const std::string& details, const std::shared_ptr<KeysFlags>& flags) {
  CLI::App* command = AddCommand(keys, name, summary, details);
  command->add_option("--store", flags->store, "Folder of the store")->required();
  return command;
}

}  // namespace

void AddKeysCommand(CLI::App& app, int& exit_status) {
  CLI::App* keys = AddCommand(
      app, "keys", "Make, list and revoke the keys that callers of a server show",
      "Once a store has had a key, its server answers nobody without one: docs/security.md.");
  keys->require_subcommand(1);
  const auto flags = std::make_shared<KeysFlags>();
  CLI::App* create = AddPart(
      *keys, "create", "Make a key and print it, this once",
      "Example: vitrine keys create --store store --name storefront --scopes read,write > key\n"
      "Only a hash of it is kept. read: lists, items, reports, what is known of a shopper. write:\n"
      "events, items, users, features. admin: erase and export people, train, change placements.",
      flags);
  create->add_option("--name", flags->name, "What the key is for, 1 to 64 bytes")->required();
  create->add_option("--scopes", flags->scopes, "Out of read, write, admin, with commas")
      ->required();
  create->add_option("--rate", flags->calls_per_second, "Calls a second; 0: no limit")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  RunOnParse(create, exit_status, [flags] { return CreateKey(*flags); });

  CLI::App* list = AddPart(*keys, "list", "Show the keys that count, without what they are",
                           "Example: vitrine keys list --store store", flags);
  list->add_flag("--json", flags->is_json, "One JSON object for each key");
  RunOnParse(list, exit_status, [flags] { return ListKeys(*flags); });

  CLI::App* revoke = AddPart(*keys, "revoke", "Take a key back",
                             "Example: vitrine keys revoke --store store --key storefront\n"
                             "A server refuses it within a few seconds.",
                             flags);
  revoke->add_option("--key", flags->revoked, "Id or name of the key, as `list` shows it")
      ->required();
  RunOnParse(revoke, exit_status, [flags] { return RevokeKey(*flags); });
}

}  // namespace vitrine::cli
