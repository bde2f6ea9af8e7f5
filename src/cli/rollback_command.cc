#include "cli/rollback_command.h"

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_format.h"
#include "cli/command.h"
#include "cli/target.h"
#include "cli/trained_store.h"
#include "vitrine/base/file_system.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/client/client.h"
#include "vitrine/models/bundle.h"

namespace vitrine::cli {
namespace {

struct RollbackFlags {
  std::string store;
  Target target;
  std::string version;
  bool is_promote = false;  // Of the candidate, rather than back.
  bool is_json = false;
};

absl::Status Print(const std::string& live, const std::string& previous, bool is_json) {
  if (is_json) {
    const nlohmann::ordered_json json = {{"model_version", live}, {"previous_version", previous}};
    std::printf("%s\n", json.dump().c_str());
  } else {
    std::printf("live is %s, before it was %s\n", live.c_str(), previous.c_str());
  }
  return absl::OkStatus();
}

absl::Status RollBackServer(const RollbackFlags& flags) {
  VITRINE_ASSIGN_OR_RETURN(const auto client, Connect(flags.target));
  if (flags.is_promote) {
    VITRINE_ASSIGN_OR_RETURN(const auto promoted, client->PromoteCandidate());
    return Print(promoted.live().version(), promoted.previous().version(), flags.is_json);
  }
  VITRINE_ASSIGN_OR_RETURN(const auto response, client->RollBackModels(flags.version));
  return Print(response.live().version(), response.previous().version(), flags.is_json);
}

// A server that runs on the store follows within lifecycle.poll_seconds.
absl::Status RollBackStore(const RollbackFlags& flags) {
  VITRINE_ASSIGN_OR_RETURN(const BundleFolder folder, OpenModels(flags.store));
  VITRINE_ASSIGN_OR_RETURN(const BundleFolder::Live live, folder.ReadLive());
  std::string wanted = flags.version.empty() ? live.previous : flags.version;
  if (flags.is_promote) {
    VITRINE_ASSIGN_OR_RETURN(wanted, folder.ReadCandidate());
  }
  if (wanted.empty()) {
    return absl::FailedPreconditionError(
        flags.is_promote
            ? "there is no candidate: `vitrine weights --from` makes one, and a training where "
              "lifecycle.promotion is \"manual\""
            : "there is no version before the live one to go back to; name one with --to");
  }
  VITRINE_RETURN_IF_ERROR(CheckNamesVersion(wanted));
  VITRINE_RETURN_IF_ERROR(ReadBundleSummary(LocalFileSystem(), folder.PathOf(wanted)).status());
  VITRINE_RETURN_IF_ERROR(folder.PointLiveAt(wanted));
  return Print(wanted, wanted == live.version ? live.previous : live.version, flags.is_json);
}

absl::Status RollBack(const RollbackFlags& flags) {
  if (flags.store.empty() == flags.target.empty()) {
    return UsageError("give one of --store DIR and --target ADDR");
  }
  return flags.store.empty() ? RollBackServer(flags) : RollBackStore(flags);
}

}  // namespace

void AddRollbackCommand(CLI::App& app, int& exit_status) {
  CLI::App* command =
      AddCommand(app, "rollback", "Make the models that were live before live again",
                 "Examples: vitrine rollback --target 127.0.0.1:50051\n"
                 "          vitrine rollback --target 127.0.0.1:50051 --to 20260131T101500Z\n"
                 "What was live becomes the previous version: the same call brings it back.");
  const auto flags = std::make_shared<RollbackFlags>();
  command->add_option("--store", flags->store, "Folder of the store")
      ->check(CLI::ExistingDirectory);
  AddTargetOptions(*command, flags->target);
  command->add_option("--to", flags->version, "A version on disk [the one before the live one]");
  command->add_flag("--json", flags->is_json, "One JSON object for scripts");
  RunOnParse(command, exit_status, [flags] { return RollBack(*flags); });
}

void AddPromoteCommand(CLI::App& app, int& exit_status) {
  CLI::App* command = AddCommand(
      app, "promote", "Make the candidate live, where lifecycle.promotion is \"manual\"",
      "Example: vitrine promote --target 127.0.0.1:50051\n"
      "How its lists differ from the live ones: vitrine status --target 127.0.0.1:50051.");
  const auto flags = std::make_shared<RollbackFlags>();
  flags->is_promote = true;
  command->add_option("--store", flags->store, "Folder of the store")
      ->check(CLI::ExistingDirectory);
  AddTargetOptions(*command, flags->target);
  command->add_flag("--json", flags->is_json, "One JSON object for scripts");
  RunOnParse(command, exit_status, [flags] { return RollBack(*flags); });
}

}  // namespace vitrine::cli
