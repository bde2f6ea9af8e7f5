#include "cli/report_command.h"

#include <cmath>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "cli/command.h"
#include "cli/config.h"
#include "cli/fairness_json.h"
#include "cli/moment.h"
#include "cli/target.h"
#include "vitrine/base/log.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/client/client.h"
#include "vitrine/insight/fairness_report.h"
#include "vitrine/insight/placement_report.h"

namespace vitrine::cli {
namespace {

// The server reads its whole log, behind what others asked for.
constexpr Micros kReportTimeoutUs = 600 * kMicrosPerSecond;

struct ReportFlags {
  std::string store;
  Target target;
  std::string config;
  std::string since;
  std::string until;
  std::string time_zone = "UTC";
  std::size_t width = 120;
  bool is_json = false;
  bool is_of_fairness = false;
  std::string merit = "clicks";
  std::string placement;
  PlacementReportOptions options{};
};

// Opened to be read beside the server that owns the store, if there is one.
absl::StatusOr<std::unique_ptr<FeatureStore>> OpenToRead(const ReportFlags& flags, Config& config) {
  VITRINE_ASSIGN_OR_RETURN(config, LoadConfig(flags.config));
  config.store.is_read_only = true;
  return FeatureStore::Open(flags.store, config.store, LocalFileSystem(), SystemClock());
}

absl::Status ReportFairness(const ReportFlags& flags) {
  if (flags.store.empty()) return UsageError("--fairness reads a store: give --store DIR");
  Config config;
  VITRINE_ASSIGN_OR_RETURN(const auto store, OpenToRead(flags, config));
  const FairnessOptions options{
      .since_us = flags.options.since_us,
      .until_us = flags.options.until_us,
      .attribution_days = flags.options.attribution_days,
      .placement = flags.placement,
      .merit = flags.merit == "clicks" ? Merit::kClicks : Merit::kPurchases,
      .min_group = config.server.min_group};
  VITRINE_ASSIGN_OR_RETURN(const FairnessReport report, MakeFairnessReport(*store, options));
  std::fputs(flags.is_json ? (FairnessJson(report) + "\n").c_str()
                           : FairnessText(report, flags.width).c_str(),
             stdout);
  return absl::OkStatus();
}

absl::StatusOr<PlacementReport> ReportOfStore(const ReportFlags& flags) {
  Config config;
  VITRINE_ASSIGN_OR_RETURN(const auto store, OpenToRead(flags, config));
  PlacementReportOptions options = flags.options;
  options.min_group = config.server.min_group;
  return MakePlacementReport(*store, options);
}

PlacementFigures FiguresOf(const v1::PlacementFigures& message) {
  const auto count = [](std::int64_t number) { return static_cast<std::uint64_t>(number); };
  PlacementFigures row{.placement = message.placement(),
                       .model_version = message.model_version(),
                       .num_impressions = count(message.impression_count()),
                       .num_explored_impressions = count(message.explored_impression_count()),
                       .num_shown_items = count(message.shown_item_count()),
                       .num_clicks = count(message.click_count()),
                       .num_carts = count(message.cart_count()),
                       .num_purchases = count(message.purchase_count())};
  // A sum of whole numbers.
  row.click_position_sum = count(
      std::llround(message.mean_click_position() * static_cast<double>(message.click_count())));
  for (const v1::Money& money : message.revenue()) {
    row.revenue[money.currency_code()] = money.micros();
  }
  return row;
}

absl::StatusOr<PlacementReport> ReportOfServer(const ReportFlags& flags) {
  const auto set_time = [](Micros time_us, google::protobuf::Timestamp& message) {
    message.set_seconds(time_us / kMicrosPerSecond);
    message.set_nanos(static_cast<int>(time_us % kMicrosPerSecond) * 1000);
  };
  v1::GetPlacementReportRequest request;
  const PlacementReportOptions& options = flags.options;
  if (options.since_us != 0) set_time(options.since_us, *request.mutable_start_time());
  if (options.until_us != 0) set_time(options.until_us, *request.mutable_end_time());
  request.set_attribution_days(options.attribution_days);
  VITRINE_ASSIGN_OR_RETURN(const auto client, Connect(flags.target, kReportTimeoutUs));
  VITRINE_ASSIGN_OR_RETURN(const auto response, client->GetPlacementReport(request));

  PlacementReport report{
      .num_foreign_tokens = static_cast<std::uint64_t>(response.foreign_token_count()),
      .num_events = static_cast<std::uint64_t>(response.event_count())};
  for (const v1::PlacementFigures& row : response.figures()) {
    report.figures.push_back(FiguresOf(row));
  }
  return report;
}

std::string ReportJson(const PlacementReport& report) {
  nlohmann::ordered_json json = {{"events", report.num_events},
                                 {"foreign_tokens", report.num_foreign_tokens},
                                 {"figures", nlohmann::ordered_json::array()}};
  for (const PlacementFigures& row : report.figures) {
    nlohmann::ordered_json revenue = nlohmann::ordered_json::array();
    for (const auto& [currency, micros] : row.revenue) {
      revenue.push_back({{"currency", currency}, {"micros", micros}});
    }
    json["figures"].push_back({{"placement", row.placement},
                               {"model_version", row.model_version},
                               {"impressions", row.num_impressions},
                               {"explored_impressions", row.num_explored_impressions},
                               {"shown_items", row.num_shown_items},
                               {"clicks", row.num_clicks},
                               {"click_through_rate", row.ClickThroughRate()},
                               {"carts", row.num_carts},
                               {"purchases", row.num_purchases},
                               {"conversion_rate", row.ConversionRate()},
                               {"mean_click_position", row.MeanClickPosition()},
                               {"revenue", std::move(revenue)}});
  }
  return json.dump();
}

absl::Status RunReport(ReportFlags& flags) {
  if (flags.store.empty() == flags.target.empty()) {
    return UsageError("give one of --store DIR and --target ADDR");
  }
  PlacementReportOptions& options = flags.options;
  VITRINE_ASSIGN_OR_RETURN(options.since_us, ParseMoment("--since", flags.since, flags.time_zone));
  VITRINE_ASSIGN_OR_RETURN(options.until_us, ParseMoment("--until", flags.until, flags.time_zone));
  if (options.until_us != 0 && options.until_us <= options.since_us) {
    return UsageError("--until is not after --since, so that no event lies between them");
  }
  if (!flags.placement.empty() && !flags.is_of_fairness) {
    return UsageError("--placement wants --fairness; without it every placement has a row");
  }
  SetLogLevel(LogLevel::kWarning);
  if (flags.is_of_fairness) return ReportFairness(flags);
  VITRINE_ASSIGN_OR_RETURN(const PlacementReport report,
                           flags.store.empty() ? ReportOfServer(flags) : ReportOfStore(flags));
  if (flags.is_json) {
    std::printf("%s\n", ReportJson(report).c_str());
  } else {
    std::fputs(PlacementReportText(report, flags.width).c_str(), stdout);
  }
  return absl::OkStatus();
}

}  // namespace

void AddReportCommand(CLI::App& app, int& exit_status) {
  CLI::App* command = AddCommand(
      app, "report", "Show what came of the lists that were shown: clicks, orders, revenue",
      "Examples: vitrine report --store store --since 2026-01-01\n"
      "          vitrine report --target 127.0.0.1:50051 --json\n"
      "          vitrine report --store store --fairness --placement recommended-for-you\n"
      "A row for each placement and model version, of events that carry the attribution_token of\n"
      "a list. docs/attribution.md says what each number is, docs/fairness.md for --fairness.");
  const auto flags = std::make_shared<ReportFlags>();
  command->add_option("--store", flags->store, "Folder of the store")
      ->check(CLI::ExistingDirectory);
  AddTargetOptions(*command, flags->target);
  command->add_option("--config", flags->config, "TOML file; with --store")
      ->check(CLI::ExistingFile);
  command->add_option("--since", flags->since, "Only events of this time on");
  command->add_option("--until", flags->until, "Only events before this time");
  command->add_option("--time-zone", flags->time_zone, "Of times that name none")
      ->capture_default_str();
  command
      ->add_option("--attribution-days", flags->options.attribution_days,
                   "How long after a click an order without a token counts; 0: never")
      ->check(CLI::Range(0.0, kMaxAttributionDays))
      ->capture_default_str();
  command->add_flag("--fairness", flags->is_of_fairness,
                    "Exposure against merit by brand, price and age instead; of a store");
  command->add_option("--merit", flags->merit, "What earns exposure; with --fairness")
      ->check(CLI::IsMember({"clicks", "purchases"}))
      ->capture_default_str();
  command->add_option("--placement", flags->placement, "Of its lists alone; with --fairness");
  command->add_option("--width", flags->width, "Columns of the text")
      ->check(CLI::Range(60, 400))
      ->capture_default_str();
  command->add_flag("--json", flags->is_json, "One JSON object for scripts");
  RunOnParse(command, exit_status, [flags] { return RunReport(*flags); });
}

}  // namespace vitrine::cli
