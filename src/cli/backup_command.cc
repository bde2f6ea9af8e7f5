#include "cli/backup_command.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "cli/check_command.h"
#include "cli/command.h"
#include "cli/config.h"
#include "cli/erased_list.h"
#include "cli/stop_signal.h"
#include "cli/target.h"
#include "cli/trained_store.h"
#include "vitrine/base/file_system.h"
#include "vitrine/base/log.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/client/client.h"
#include "vitrine/client/json_form.h"
#include "vitrine/feature_store/backup.h"
#include "vitrine/server/erasure_receipt.h"

namespace vitrine::cli {
namespace {

// Copying a large store takes its time.
constexpr Micros kBackupUs = 24 * 3600 * kMicrosPerSecond;

struct BackupFlags {
  std::string store;
  Target target;
  std::string config;
  std::string to;
  std::string from;
  std::string erased;
  bool is_json = false;
};

using Receipts = std::vector<v1::ErasureReceipt>;

void Print(const BackupSummary& backup, const char* what, const std::string& folder, bool is_json,
           const Receipts& receipts = {}) {
  const std::string time = absl::FormatTime(
      "%Y-%m-%dT%H:%M:%SZ", absl::FromUnixMicros(backup.time_us), absl::UTCTimeZone());
  if (is_json) {
    nlohmann::ordered_json json = {{"folder", folder},
                                   {"begin_time", time},
                                   {"events", backup.num_events},
                                   {"files", backup.num_files},
                                   {"bytes", backup.num_bytes}};
    for (const v1::ErasureReceipt& receipt : receipts) {
      json["receipts"].push_back(nlohmann::ordered_json::parse(
          vitrine::ToJson(receipt), /*cb=*/nullptr, /*allow_exceptions=*/false));
    }
    std::printf(
        "%s\n",
        json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
    return;
  }
  std::printf("%s\n", absl::StrFormat("%s %s: %d events as of %s, %d files, %d bytes", what, folder,
                                      backup.num_events, time, backup.num_files, backup.num_bytes)
                          .c_str());
  for (const v1::ErasureReceipt& receipt : receipts) {
    std::printf("%s", vitrine::ToJson(receipt).c_str());
  }
}

// The server has its own working folder, and wants an absolute path.
std::string Absolute(const std::string& path) {
  return std::filesystem::absolute(path).lexically_normal();
}

absl::StatusOr<BackupSummary> BackUpServer(const BackupFlags& flags) {
  v1::BackUpStoreRequest request;
  request.set_folder(Absolute(flags.to));
  VITRINE_ASSIGN_OR_RETURN(const auto client, Connect(flags.target, kBackupUs));
  VITRINE_ASSIGN_OR_RETURN(const auto response, client->BackUpStore(request));
  const auto& time = response.begin_time();
  return BackupSummary{.time_us = time.seconds() * kMicrosPerSecond + time.nanos() / 1'000,
                       .num_events = static_cast<std::uint64_t>(response.event_count()),
                       .num_files = static_cast<std::uint64_t>(response.file_count()),
                       .num_bytes = static_cast<std::uint64_t>(response.byte_count())};
}

absl::StatusOr<BackupSummary> BackUpFolder(const BackupFlags& flags) {
  VITRINE_ASSIGN_OR_RETURN(const Config config, LoadConfig(flags.config));
  VITRINE_ASSIGN_OR_RETURN(const auto store, FeatureStore::Open(flags.store, config.store,
                                                                LocalFileSystem(), SystemClock()));
  const StopSignal stop;  // Only now: nothing is lost by an end while the store is opened.
  return store->BackUp(Absolute(flags.to), [&stop] { return stop.has_come(); });
}

absl::Status BackUp(const BackupFlags& flags) {
  if (flags.store.empty() == flags.target.empty()) {
    return UsageError("give one of --store DIR and --target ADDR");
  }
  if (flags.to.empty()) return UsageError("--to is empty; give the folder to make");
  VITRINE_ASSIGN_OR_RETURN(const BackupSummary backup,
                           flags.store.empty() ? BackUpServer(flags) : BackUpFolder(flags));
  Print(backup, "backed up to", flags.to, flags.is_json);
  return absl::OkStatus();
}

// None where the store was never trained.
absl::StatusOr<std::vector<BundleSummary>> ListBundles(const std::string& store) {
  const absl::StatusOr<BundleFolder> models = OpenModels(store);
  if (absl::IsFailedPrecondition(models.status())) return std::vector<BundleSummary>();
  VITRINE_RETURN_IF_ERROR(models.status());
  return models->List();
}

// From the copy, which is no store yet. A receipt for each, in order.
absl::StatusOr<Receipts> EraseListed(const std::vector<vitrine::EraseUser>& listed,
                                     const std::string& copy, FeatureStoreOptions options) {
  Receipts receipts;
  if (listed.empty()) return receipts;
  options.keep_events_days = 0;  // What is old goes at the first start, as without a list.
  options.keep_events = 0;
  options.keep_megabytes = 0;
  VITRINE_ASSIGN_OR_RETURN(const std::vector<BundleSummary> versions, ListBundles(copy));
  VITRINE_ASSIGN_OR_RETURN(const auto store,
                           FeatureStore::Open(copy, options, LocalFileSystem(), SystemClock()));
  for (const vitrine::EraseUser& person : listed) {
    VITRINE_ASSIGN_OR_RETURN(v1::ErasureReceipt receipt,
                             EraseWithReceipt(*store, person, versions, SystemClock()));
    receipts.push_back(std::move(receipt));
  }
  return receipts;
}

absl::Status Restore(const BackupFlags& flags) {
  VITRINE_ASSIGN_OR_RETURN(const Config config, LoadConfig(flags.config));
  std::vector<vitrine::EraseUser> listed;
  if (!flags.erased.empty()) {
    VITRINE_ASSIGN_OR_RETURN(listed, ReadErasedList(flags.erased));
  }
  Receipts receipts;
  const auto check = [&](const std::string& copy) -> absl::Status {
    VITRINE_ASSIGN_OR_RETURN(receipts, EraseListed(listed, copy, config.store));
    VITRINE_ASSIGN_OR_RETURN(const CheckedStore checked, CheckWholeStore(copy, config));
    if (!checked.dispensable.ok()) {  // No reason to go without a store.
      Log(LogLevel::kWarning, "restore.partly-damaged",
          {{"error", std::string(checked.dispensable.message())}});
    }
    return absl::OkStatus();
  };
  VITRINE_ASSIGN_OR_RETURN(const BackupSummary backup,
                           RestoreBackup(LocalFileSystem(), flags.from, flags.store, check));
  Print(backup, "restored", flags.store, flags.is_json, receipts);
  return absl::OkStatus();
}

}  // namespace

void AddBackupCommand(CLI::App& app, int& exit_status) {
  CLI::App* command = AddCommand(
      app, "backup", "Copy a store, models and all, to a new folder, while it is served",
      "Example: vitrine backup --target 127.0.0.1:50051 --to /var/backups/vitrine/2026-11-28\n"
      "The folder is made on the server's machine; it appears when the backup is whole. Whom the\n"
      "shop erases later is in it: docs/privacy.md. vitrine restore brings it back.");
  const auto flags = std::make_shared<BackupFlags>();
  command->add_option("--store", flags->store, "Folder of a store that no server serves")
      ->check(CLI::ExistingDirectory);
  AddTargetOptions(*command, flags->target);
  command->add_option("--to", flags->to, "Folder to make; its parent is there")->required();
  command->add_option("--config", flags->config, "TOML file; with --store")
      ->check(CLI::ExistingFile);
  command->add_flag("--json", flags->is_json, "One JSON object for scripts");
  RunOnParse(command, exit_status, [flags] { return BackUp(*flags); });
}

void AddRestoreCommand(CLI::App& app, int& exit_status) {
  CLI::App* command = AddCommand(
      app, "restore", "Make a store of a backup, and say whether it is whole",
      "Example: vitrine restore --from /var/backups/vitrine/2026-11-28 --store store\n"
      "Checks every byte as vitrine check does. Where anything is wrong, nothing is restored. The\n"
      "empty root of a volume will do for the folder. --erased forgets again whom the shop erased\n"
      "since: a line each, \"user ID\" or \"visitor ID\", and prints their receipts: "
      "docs/privacy.md.");
  const auto flags = std::make_shared<BackupFlags>();
  command->add_option("--from", flags->from, "Folder of the backup")
      ->required()
      ->check(CLI::ExistingDirectory);
  command->add_option("--store", flags->store, "Folder of the store: not there, or empty")
      ->required();
  command->add_option("--erased", flags->erased, "File of the shoppers to erase from what is made")
      ->check(CLI::ExistingFile);
  command->add_option("--config", flags->config, "TOML file that the store is served with")
      ->check(CLI::ExistingFile);
  command->add_flag("--json", flags->is_json, "One JSON object for scripts");
  RunOnParse(command, exit_status, [flags] { return Restore(*flags); });
}

}  // namespace vitrine::cli
