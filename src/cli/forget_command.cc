#include "cli/forget_command.h"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "cli/command.h"
#include "cli/config.h"
#include "cli/target.h"
#include "vitrine/base/file_system.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/client/client.h"

namespace vitrine::cli {
namespace {

constexpr Micros kForgetUs = 24 * 3600 * kMicrosPerSecond;  // A large log takes its time.

struct ForgetFlags {
  std::string store;
  Target target;
  std::string config;
  double days = 0;
  std::uint64_t keep_events = 0;
  bool is_json = false;
};

Micros Before(double days) {
  if (days <= 0) return 0;
  return SystemClock().Now() - static_cast<Micros>(days * static_cast<double>(kMicrosPerDay));
}

absl::StatusOr<std::uint64_t> ForgetOnServer(const ForgetFlags& flags) {
  v1::ForgetOldEventsRequest request;
  if (const Micros before = Before(flags.days); before > 0) {
    request.mutable_before_time()->set_seconds(before / kMicrosPerSecond);
  }
  request.set_keep_count(static_cast<std::int64_t>(flags.keep_events));
  VITRINE_ASSIGN_OR_RETURN(const auto client, Connect(flags.target, kForgetUs));
  VITRINE_ASSIGN_OR_RETURN(const auto response, client->ForgetOldEvents(request));
  return static_cast<std::uint64_t>(response.forgotten_event_count());
}

absl::StatusOr<std::uint64_t> ForgetInStore(const ForgetFlags& flags, Config config) {
  double days = std::exchange(config.store.keep_events_days, 0);  // Not at the start as well.
  std::uint64_t keep = std::exchange(config.store.keep_events, 0);
  config.store.keep_megabytes = 0;
  if (flags.days > 0 || flags.keep_events > 0) {
    days = flags.days;
    keep = flags.keep_events;
  }
  if (days <= 0 && keep == 0) {
    return UsageError(
        "give --days N or --keep-events N, or a --config with store.keep_events_days or "
        "store.keep_events");
  }
  VITRINE_ASSIGN_OR_RETURN(const auto store, FeatureStore::Open(flags.store, config.store,
                                                                LocalFileSystem(), SystemClock()));
  VITRINE_ASSIGN_OR_RETURN(const WriteResult result,
                           store->Write(ForgetOldEvents{Before(days), keep}));
  return result.num_removed;
}

absl::Status Forget(const ForgetFlags& flags) {
  if (flags.store.empty() == flags.target.empty()) {
    return UsageError("give one of --store DIR and --target ADDR");
  }
  VITRINE_ASSIGN_OR_RETURN(const Config config, LoadConfig(flags.config));
  VITRINE_ASSIGN_OR_RETURN(const std::uint64_t num_events, flags.store.empty()
                                                               ? ForgetOnServer(flags)
                                                               : ForgetInStore(flags, config));
  const nlohmann::ordered_json json = {{"forgotten_events", num_events}};
  std::printf("%s\n", flags.is_json
                          ? json.dump().c_str()
                          : absl::StrFormat("%d events are forgotten", num_events).c_str());
  return absl::OkStatus();
}

}  // namespace

void AddForgetCommand(CLI::App& app, int& exit_status) {
  CLI::App* command = AddCommand(
      app, "forget", "Forget old events for good, by age or by number",
      "Examples: vitrine forget --target 127.0.0.1:50051 --days 730\n"
      "          vitrine forget --store store --config vitrine.toml\n"
      "From memory and from every file. Without --days and --keep-events a store's --config says\n"
      "what is kept; a server does that by itself once a day: docs/ops/retention.md.");
  const auto flags = std::make_shared<ForgetFlags>();
  command->add_option("--store", flags->store, "Folder of a store that no server serves")
      ->check(CLI::ExistingDirectory);
  AddTargetOptions(*command, flags->target);
  command->add_option("--days", flags->days, "Forget events older than so many days")
      ->check(CLI::PositiveNumber);
  command->add_option("--keep-events", flags->keep_events, "Keep so many, those recorded last")
      ->check(CLI::PositiveNumber);
  command->add_option("--config", flags->config, "TOML file; with --store")
      ->check(CLI::ExistingFile);
  command->add_flag("--json", flags->is_json, "One JSON object for scripts");
  RunOnParse(command, exit_status, [flags] { return Forget(*flags); });
}

}  // namespace vitrine::cli
