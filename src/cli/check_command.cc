#include "cli/check_command.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "cli/command.h"
#include "cli/config.h"
#include "cli/import/progress_note.h"
#include "cli/placement_config.h"
#include "cli/unknown_files.h"
#include "vitrine/base/file_system.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/feature_store/check_store.h"
#include "vitrine/lifecycle/kept_files.h"
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

// All that is wrong is said, not only what comes first.
class Findings {
 public:
  void Add(const absl::Status& found) {
    if (found.ok()) return;
    if (!text_.empty()) text_ += "; ";
    text_ += std::string(found.message());
    code_ = found.code();
  }
  absl::Status status() const { return {code_, text_}; }

 private:
  absl::StatusCode code_ = absl::StatusCode::kOk;
  std::string text_;
};

struct StoreFindings {
  Findings needed{};
  Findings dispensable{};  // As in CheckedStore.
};

// How many bundles there are. Nothing but the one of the version that is `live` is served.
std::size_t CheckBundles(FileSystem& files, const std::string& path, const std::string& live,
                         StoreFindings& findings) {
  const auto names = files.ListFolder(path);
  findings.needed.Add(names.status());
  if (!names.ok()) return 0;
  std::size_t num_bundles = 0;
  for (const std::string& name : *names) {
    if (!name.ends_with(kBundleSuffix)) continue;
    const absl::Status read = ReadBundleSummary(files, path + "/" + name).status();
    if (absl::IsNotFound(read)) continue;  // Removed a moment ago.
    const bool is_live = name == live + std::string(kBundleSuffix);
    (is_live ? findings.needed : findings.dispensable).Add(read);
    ++num_bundles;
  }
  return num_bundles;
}

// The bundle of the version that `file` names has to be there: whether it is whole, CheckBundles
// says.
absl::Status CheckIsThere(FileSystem& files, const BundleFolder& folder, const std::string& version,
                          const std::string& file, std::string_view cure) {
  if (version.empty()) return absl::OkStatus();
  const absl::Status opened = files.OpenForRead(folder.PathOf(version)).status();
  if (!absl::IsNotFound(opened)) return opened;
  return absl::DataLossError(
      absl::StrFormat("%s names the version %s, which is not there; %s", file, version, cure));
}

void CheckNamed(FileSystem& files, const BundleFolder& folder, const BundleFolder::Live& live,
                StoreFindings& findings) {
  const std::string& path = folder.path();
  findings.needed.Add(
      CheckIsThere(files, folder, live.version, path + "/LIVE",
                   "`vitrine rollback --store ... --to VERSION` makes another one live"));
  findings.dispensable.Add(
      CheckIsThere(files, folder, live.previous, path + "/LIVE",
                   "without it there is nothing to go back to until another one goes live"));
  const auto candidate = folder.ReadCandidate();
  findings.dispensable.Add(candidate.status());
  if (candidate.ok()) {
    findings.dispensable.Add(CheckIsThere(files, folder, *candidate, path + "/CANDIDATE",
                                          "remove the file, or train another candidate"));
  }
}

// How many bundles there are.
std::size_t CheckModels(FileSystem& files, const std::string& path, StoreFindings& findings) {
  if (!std::filesystem::exists(path)) return 0;  // Never trained; Open would make the folder.
  const auto folder = BundleFolder::Open(files, path);
  findings.needed.Add(folder.status());
  if (!folder.ok()) return 0;
  const auto live = folder->ReadLive();
  findings.needed.Add(live.status());
  const BundleFolder::Live named = live.value_or(BundleFolder::Live());
  CheckNamed(files, *folder, named, findings);
  findings.dispensable.Add(CheckTrainings(files, path));
  findings.dispensable.Add(CheckProbation(files, path));
  return CheckBundles(files, path, named.version, findings);
}

absl::Status Check(const CheckFlags& flags) {
  VITRINE_ASSIGN_OR_RETURN(const Config config, LoadConfig(flags.config));
  VITRINE_ASSIGN_OR_RETURN(const CheckedStore checked, CheckWholeStore(flags.store, config));
  VITRINE_RETURN_IF_ERROR(checked.dispensable);
  const StoreCheck& store = checked.store;
  nlohmann::ordered_json found = {{"events", store.num_events},
                                  {"shoppers", store.num_users},
                                  {"items", store.num_items},
                                  {"disk_bytes", store.num_disk_bytes},
                                  {"torn_bytes", store.num_torn_bytes},
                                  {"checkpoint", TextOf(store.checkpoint)},
                                  {"model_versions", checked.num_bundles}};
  if (flags.is_json) {
    found["unknown_files"] = checked.unknown_files;
    const auto replace = nlohmann::ordered_json::error_handler_t::replace;
    std::printf("%s\n", found.dump(-1, ' ', false, replace).c_str());
    return absl::OkStatus();
  }
  for (const auto& [key, value] : found.items()) {
    std::printf("%-15s %s\n", key.c_str(),
                (value.is_string() ? value.get<std::string>() : value.dump()).c_str());
  }
  for (const std::string& file : checked.unknown_files) {
    std::printf("%-15s %s\n", "unknown_file", file.c_str());
  }
  std::printf("%s is whole\n", flags.store.c_str());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<CheckedStore> CheckWholeStore(const std::string& folder, const Config& config) {
  FileSystem& files = LocalFileSystem();
  const auto store = CheckStore(folder, config.store, files, SystemClock());
  const auto unknown = ListUnknownFiles(files, folder);
  StoreFindings findings;
  findings.needed.Add(store.status());
  const std::size_t num_bundles = CheckModels(files, folder + "/models", findings);
  findings.needed.Add(OpenPlacements(folder, config.placements).status());
  findings.needed.Add(KeyFile(files, folder).Read().status());
  findings.needed.Add(unknown.status());
  findings.dispensable.Add(ProgressNote::CheckAll(files, folder + "/imports"));
  absl::Status dispensable = findings.dispensable.status();
  if (findings.needed.status().ok()) {
    return CheckedStore{.store = *store,
                        .num_bundles = num_bundles,
                        .unknown_files = *unknown,
                        .dispensable = std::move(dispensable)};
  }
  findings.needed.Add(dispensable);
  return findings.needed.status();
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
