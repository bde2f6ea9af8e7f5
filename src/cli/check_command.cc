#include "cli/check_command.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_format.h"
#include "cli/command.h"
#include "cli/config.h"
#include "cli/placement_config.h"
#include "vitrine/base/file_system.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/feature_store/check_store.h"
#include "vitrine/models/bundle.h"
#include "vitrine/server/api_keys.h"

namespace vitrine::cli {
namespace {

constexpr std::string_view kBundleSuffix = ".bundle";

struct CheckFlags {
  std::string store;
  std::string config;
  bool is_json = false;
};

std::string TextOf(StoreCheck::Checkpoint checkpoint) {
  switch (checkpoint) {
    case StoreCheck::Checkpoint::kNone:
      return "none";
    case StoreCheck::Checkpoint::kUnused:
      return "unused";
    case StoreCheck::Checkpoint::kSame:
      return "same as a rebuild";
  }
  return "none";
}

// How many bundles there are, each of them whole, and the ones that LIVE names among them.
absl::StatusOr<std::size_t> CheckModels(FileSystem& files, const std::string& path) {
  if (!std::filesystem::exists(path)) return 0;  // Never trained; Open would make the folder.
  VITRINE_ASSIGN_OR_RETURN(const BundleFolder folder, BundleFolder::Open(files, path));
  VITRINE_ASSIGN_OR_RETURN(const auto names, files.ListFolder(path));
  std::size_t num_bundles = 0;
  for (const std::string& name : names) {
    if (!name.ends_with(kBundleSuffix)) continue;
    VITRINE_RETURN_IF_ERROR(ReadBundleSummary(files, path + "/" + name).status());
    ++num_bundles;
  }
  VITRINE_ASSIGN_OR_RETURN(const BundleFolder::Live live, folder.ReadLive());
  if (live.version.empty()) return num_bundles;
  const auto summary = ReadBundleSummary(files, folder.PathOf(live.version));
  if (absl::IsNotFound(summary.status())) {
    return absl::DataLossError(absl::StrFormat(
        "%s/LIVE names the version %s, which is not there; `vitrine rollback --store "
        "... --to VERSION` makes another one live",
        path, live.version));
  }
  VITRINE_RETURN_IF_ERROR(summary.status());
  return num_bundles;
}

// All that is wrong is said, not only what comes first.
class Findings {
 public:
  void Add(const absl::Status& status) {
    if (status.ok()) return;
    if (!text_.empty()) text_ += "; ";
    text_ += std::string(status.message());
    code_ = status.code();
  }
  absl::Status Whole() const { return {code_, text_}; }

 private:
  absl::StatusCode code_ = absl::StatusCode::kOk;
  std::string text_;
};

absl::Status Check(const CheckFlags& flags) {
  VITRINE_ASSIGN_OR_RETURN(const Config config, LoadConfig(flags.config));
  VITRINE_ASSIGN_OR_RETURN(const CheckedStore checked, CheckWholeStore(flags.store, config));
  const StoreCheck& store = checked.store;
  const nlohmann::ordered_json found = {{"events", store.num_events},
                                        {"shoppers", store.num_users},
                                        {"items", store.num_items},
                                        {"disk_bytes", store.num_disk_bytes},
                                        {"checkpoint", TextOf(store.checkpoint)},
                                        {"model_versions", checked.num_bundles}};
  if (flags.is_json) {
    std::printf("%s\n", found.dump().c_str());
    return absl::OkStatus();
  }
  for (const auto& [key, value] : found.items()) {
    std::printf("%-15s %s\n", key.c_str(),
                (value.is_string() ? value.get<std::string>() : value.dump()).c_str());
  }
  std::printf("%s is whole\n", flags.store.c_str());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<CheckedStore> CheckWholeStore(const std::string& folder, const Config& config) {
  FileSystem& files = LocalFileSystem();
  const auto store = CheckStore(folder, config.store, files, SystemClock());
  const auto num_bundles = CheckModels(files, folder + "/models");
  Findings findings;
  findings.Add(store.status());
  findings.Add(num_bundles.status());
  findings.Add(OpenPlacements(folder, config.placements).status());
  findings.Add(KeyFile(files, folder).Read().status());
  VITRINE_RETURN_IF_ERROR(findings.Whole());
  return CheckedStore{.store = *store, .num_bundles = *num_bundles};
}

void AddCheckCommand(CLI::App& app, int& exit_status) {
  CLI::App* command = AddCommand(
      app, "check", "Read every byte of a store and say whether it is whole",
      "Example: vitrine check --store store --config vitrine.toml\n"
      "Compares every checksum, and the views that a start would load with those that the log\n"
      "makes. Changes nothing. Exit status 1 when something is damaged, and says what.");
  const auto flags = std::make_shared<CheckFlags>();
  command->add_option("--store", flags->store, "Folder of the store")
      ->required()
      ->check(CLI::ExistingDirectory);
  command->add_option("--config", flags->config, "TOML file that the store is served with")
      ->check(CLI::ExistingFile);
  command->add_flag("--json", flags->is_json, "One JSON object for scripts");
  RunOnParse(command, exit_status, [flags] { return Check(*flags); });
}

}  // namespace vitrine::cli
