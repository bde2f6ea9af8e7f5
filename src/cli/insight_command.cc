#include "cli/insight_command.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>

#include "cli/command.h"
#include "cli/config.h"
#include "cli/insight_json.h"
#include "cli/moment.h"
#include "vitrine/base/atomic_file.h"
#include "vitrine/base/log.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/insight/insight.h"
#include "vitrine/insight/report.h"

namespace vitrine::cli {
namespace {

struct InsightFlags {
  std::string store;
  std::string config;
  std::string html;
  std::string as_of;
  std::string criterion = "silhouette";
  std::string user;
  std::string visitor;
  std::size_t width = 100;
  std::size_t num_threads = 0;
  bool is_json = false;
  InsightOptions options{};
};

absl::Status Report(const InsightFlags& flags, const Insight& insight) {
  if (!flags.user.empty() || !flags.visitor.empty()) {
    VITRINE_ASSIGN_OR_RETURN(const UserProfile profile,
                             GetUserProfile(insight, flags.user, flags.visitor));
    std::fputs(ProfileReport(insight, profile, flags.width).c_str(), stdout);
    return absl::OkStatus();
  }
  if (!flags.html.empty()) {
    VITRINE_RETURN_IF_ERROR(
        WriteFileAtomically(LocalFileSystem(), flags.html, HtmlReport(insight)));
  }
  if (flags.is_json) {
    std::printf("%s\n", InsightJson(insight).c_str());
  } else {
    std::fputs(TextReport(insight, flags.width).c_str(), stdout);
  }
  return absl::OkStatus();
}

// Reads beside the server that owns the store, if there is one.
absl::Status Run(InsightFlags& flags) {
  InsightOptions& options = flags.options;
  options.criterion =
      flags.criterion == "elbow" ? ClusterCriterion::kElbow : ClusterCriterion::kSilhouette;
  VITRINE_ASSIGN_OR_RETURN(options.as_of_us,
                           ParseMoment("--as-of", flags.as_of, options.time_zone));
  VITRINE_ASSIGN_OR_RETURN(Config config, LoadConfig(flags.config));
  config.store.is_read_only = true;
  options.min_group = config.server.min_group;
  SetLogLevel(LogLevel::kWarning);
  VITRINE_ASSIGN_OR_RETURN(const auto store, FeatureStore::Open(flags.store, config.store,
                                                                LocalFileSystem(), SystemClock()));
  const std::size_t num_cores = std::max(1U, std::thread::hardware_concurrency());
  ThreadPool pool(flags.num_threads == 0 ? num_cores : flags.num_threads);
  VITRINE_ASSIGN_OR_RETURN(const Insight insight, MakeInsight(*store, options, pool));
  return Report(flags, insight);
}

}  // namespace

void AddInsightCommand(CLI::App& app, int& exit_status) {
  CLI::App* command = AddCommand(
      app, "insight", "Show what the log says of a shop's shoppers: segments, funnel, cohorts",
      "Examples: vitrine insight --store store --html report.html\n"
      "          vitrine insight --store store --as-of 2011-12-10 --time-zone Europe/London\n"
      "          vitrine insight --store store --user u00001\n"
      "It reads beside a server that may be running. docs/insight.md says what each number is.");
  const auto flags = std::make_shared<InsightFlags>();
  InsightOptions& options = flags->options;
  command->add_option("--store", flags->store, "Folder of the store")
      ->required()
      ->check(CLI::ExistingDirectory);
  command->add_option("--html", flags->html, "Write the report as a web page to this file too");
  command->add_option("--user", flags->user, "Only this signed-in shopper");
  command->add_option("--visitor", flags->visitor, "Only this anonymous shopper");
  command->add_option("--as-of", flags->as_of, "Leave out later events; else the latest event");
  command->add_option("--time-zone", options.time_zone, "Of days and months")
      ->capture_default_str();
  command->add_option("--segments", options.num_segments, "How many; 0: chosen from 3 to 8")
      ->check(CLI::Range(0, 50))
      ->capture_default_str();
  command->add_option("--choose-by", flags->criterion, "What chooses how many")
      ->check(CLI::IsMember({"silhouette", "elbow"}))
      ->capture_default_str();
  command->add_option("--seed", options.seed, "Of the segments")->capture_default_str();
  command->add_option("--days", options.movement_days, "Compare with so many days before")
      ->check(CLI::Range(1.0, 3650.0))
      ->capture_default_str();
  command->add_option("--session-gap", options.session_gap_minutes, "Minutes that end a visit")
      ->check(CLI::Range(1.0, 1440.0))
      ->capture_default_str();
  command->add_option("--width", flags->width, "Columns of the text")
      ->check(CLI::Range(60, 400))
      ->capture_default_str();
  command->add_option("--config", flags->config, "TOML file")->check(CLI::ExistingFile);
  command->add_option("--threads", flags->num_threads, "0: one per core");
  command->add_flag("--json", flags->is_json, "One JSON object for scripts");
  RunOnParse(command, exit_status, [flags] { return Run(*flags); });
}

}  // namespace vitrine::cli
