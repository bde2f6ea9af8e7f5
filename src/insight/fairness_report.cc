#include "vitrine/insight/fairness_report.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "insight/fairness_tally.h"
#include "insight/text_table.h"
#include "insight/words.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

// As a TOML basic string: brands may have quotes, of both kinds, and breaks of lines.
std::string TomlText(const std::string& text) {
  return "\"" +
         absl::StrReplaceAll(
             text, {{"\\", "\\\\"}, {"\"", "\\\""}, {"\n", "\\n"}, {"\r", "\\r"}, {"\t", "\\t"}}) +
         "\"";
}

// What a placement would say for a group that has too little; nothing for one that has not.
std::string Constraint(const FairnessGroup& group) {
  const bool is_short = group.merit_share > 0 && group.ratio < kLeastFairRatio;
  if (!is_short || group.filter.empty()) return {};
  return absl::StrFormat("%s: exposure = { group = \"filter\", filter = %s, share = %.3f }",
                         group.name, TomlText(group.filter), kLeastFairRatio * group.merit_share);
}

std::string TableText(const FairnessReport& report, const FairnessTable& table, std::size_t width) {
  const bool is_clicks = report.merit == Merit::kClicks;
  const bool has_currency = table.by == "price" && !report.currency.empty();
  const std::string by = table.by + (has_currency ? " in " + report.currency : "");
  TextTable printed({"by " + by, "items", "shown", "exposure", is_clicks ? "clicks" : "bought",
                     "earned", "ratio"});
  std::string constraints;
  for (const FairnessGroup& group : table.groups) {
    printed.Add({group.name, CountWords(group.num_items), CountWords(group.num_shown),
                 ShareWords(group.exposure_share),
                 CountWords(is_clicks ? group.num_clicks : group.num_purchases),
                 ShareWords(group.merit_share),
                 group.merit_share > 0 ? absl::StrFormat("%.2f", group.ratio) : "-"});
    const std::string constraint = Constraint(group);
    if (!constraint.empty()) constraints += "    " + constraint + "\n";
  }
  std::string text = printed.Print(width);
  text += WrapWords(absl::StrFormat("%s of all exposure is elsewhere than it is earned.",
                                    ShareWords(table.distance)),
                    width, 2);
  if (!constraints.empty()) {
    text += WrapWords(absl::StrFormat("Below %g of what they earn; a placement gives them that by",
                                      kLeastFairRatio),
                      width, 2) +
            constraints;
  }
  return text + "\n";
}

}  // namespace

absl::StatusOr<FairnessReport> MakeFairnessReport(const FeatureStore& store,
                                                  const FairnessOptions& options) {
  FairnessTally fairness(store.catalogue(), options);
  Micros latest_us = 0;
  PlacementReportOptions asked{.since_us = options.since_us,
                               .until_us = options.until_us,
                               .attribution_days = options.attribution_days,
                               .is_cancelled = options.is_cancelled};
  asked.on_outcome = [&](const ListOutcome& outcome) {
    latest_us = std::max(latest_us, outcome.time_us);
    fairness.Add(outcome);
  };
  VITRINE_ASSIGN_OR_RETURN(const PlacementReport report, MakePlacementReport(store, asked));
  FairnessReport made = fairness.Finish(latest_us);
  made.num_events = report.num_events;
  return made;
}

std::string FairnessText(const FairnessReport& report, std::size_t width) {
  std::string text = absl::StrFormat("%s events, %s items shown\n\n", CountWords(report.num_events),
                                     CountWords(report.num_shown));
  if (report.num_shown == 0) {
    return text + WrapWords(
                      "No impression carries the token of a list yet, or only those of a few "
                      "shoppers do (docs/attribution.md).",
                      width, 2);
  }
  for (const FairnessTable& table : report.tables) text += TableText(report, table, width);
  return text;
}

}  // namespace vitrine
