#include "vitrine/insight/placement_report.h"

#include "absl/strings/str_format.h"
#include "insight/placement_tally.h"
#include "insight/text_table.h"
#include "insight/words.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

constexpr std::uint64_t kEventsBetweenQuestions = 1024;

double Ratio(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

absl::Status CheckReportOptions(const PlacementReportOptions& options) {
  if (!(options.attribution_days >= 0 && options.attribution_days <= kMaxAttributionDays)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "attribution_days is %g; wants 0 to %g", options.attribution_days, kMaxAttributionDays));
  }
  if (options.min_group == 0) {
    return absl::InvalidArgumentError("min_group is 0; wants 1, for every row, or more");
  }
  if (options.since_us < 0 || options.until_us < 0) {
    return absl::InvalidArgumentError("a time is before 1970; wants one since then");
  }
  if (options.until_us != 0 && options.until_us <= options.since_us) {
    return absl::InvalidArgumentError(
        "the end is not after the start, so that no event lies between them; wants a later end");
  }
  return absl::OkStatus();
}

std::string RevenueWords(const std::map<std::string, std::int64_t>& revenue) {
  std::string words;
  for (const auto& [currency, micros] : revenue) {
    words += (words.empty() ? "" : ", ") + MoneyWords(static_cast<double>(micros), currency);
  }
  return words.empty() ? "-" : words;
}

}  // namespace

double PlacementFigures::ClickThroughRate() const { return Ratio(num_clicks, num_shown_items); }
double PlacementFigures::ConversionRate() const { return Ratio(num_purchases, num_clicks); }
double PlacementFigures::MeanClickPosition() const { return Ratio(click_position_sum, num_clicks); }

absl::StatusOr<PlacementReport> MakePlacementReport(const FeatureStore& store,
                                                    const PlacementReportOptions& options) {
  VITRINE_RETURN_IF_ERROR(CheckReportOptions(options));
  PlacementTally tally(store, options);
  std::uint64_t num_read = 0;
  bool is_cancelled = options.is_cancelled && options.is_cancelled();
  const auto visit = [&](std::uint64_t /*offset*/, const Event& event) {
    const bool is_wanted = event.time_us >= options.since_us &&
                           (options.until_us == 0 || event.time_us < options.until_us);
    if (is_wanted) tally.Add(event);
    if (++num_read % kEventsBetweenQuestions == 0 && options.is_cancelled) {
      is_cancelled = options.is_cancelled();
    }
    return !is_cancelled;
  };
  if (!is_cancelled) VITRINE_RETURN_IF_ERROR(store.ReadEvents(0, visit));
  if (is_cancelled) return absl::CancelledError("the report was cancelled");
  return tally.Finish();
}

std::string PlacementReportText(const PlacementReport& report, std::size_t width) {
  std::string text =
      absl::StrFormat("%s events, %s of them with a foreign token\n\n",
                      CountWords(report.num_events), CountWords(report.num_foreign_tokens));
  if (report.figures.empty()) {
    return text +
           WrapWords(
               "No event carries the token of a list yet: hand the attribution_token of each "
               "RecommendItems answer on with the impressions, clicks, carts and purchases "
               "that come of it (docs/attribution.md).",
               width, 2);
  }
  TextTable table({"placement", "model", "lists", "shown", "clicks", "rate", "carts", "bought",
                   "of clicks", "position", "revenue"});
  for (const PlacementFigures& row : report.figures) {
    table.Add({row.placement, row.model_version.empty() ? "none" : row.model_version,
               CountWords(row.num_impressions), CountWords(row.num_shown_items),
               CountWords(row.num_clicks), ShareWords(row.ClickThroughRate()),
               CountWords(row.num_carts), CountWords(row.num_purchases),
               ShareWords(row.ConversionRate()), absl::StrFormat("%.1f", row.MeanClickPosition()),
               RevenueWords(row.revenue)});
  }
  return text + table.Print(width);
}

}  // namespace vitrine
