#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "insight/calendar.h"
#include "insight/text_table.h"
#include "insight/words.h"
#include "vitrine/insight/report.h"

namespace vitrine {
namespace {

constexpr std::size_t kLeastWidth = 60;
constexpr std::size_t kDaysShown = 14;
constexpr std::size_t kCategoriesShown = 10;
constexpr std::size_t kPathsShown = 10;
constexpr std::size_t kCohortsShown = 13;  // A year, and the month that it began in.

std::string Heading(const std::string& text) {
  return "\n" + text + "\n" + std::string(text.size(), '-') + "\n";
}

std::string MeanOrder(const PeriodSummary& period, const std::string& currency) {
  return period.priced_orders == 0 ? "-" : MoneyWords(period.MeanOrderMicros(), currency);
}

// "-", "-" where it is not known what its orders came to.
std::array<std::string, 2> ValueAndShare(const Segment& segment, const std::string& currency) {
  if (!segment.IsValueKnown()) return {"-", "-"};
  return {MoneyWords(static_cast<double>(segment.value_micros), currency),
          ShareWords(segment.value_share)};
}

// "+12 %", "-" where there was nothing before.
std::string Change(double now, double before) {
  if (!(before > 0)) return "-";
  return absl::StrFormat("%+.0f %%", (now / before - 1) * 100);
}

std::string Overview(const Insight& insight, std::size_t width) {
  const InsightOverview& overview = insight.overview;
  const std::string& currency = insight.shoppers.currency;
  const std::string days = absl::StrFormat("%g days", insight.movement_days);
  TextTable table({"", "all", "last " + days, days + " before", "change"});
  const auto add_counts = [&](const std::string& name, std::uint64_t PeriodSummary::*count) {
    table.Add({name, CountWords(overview.all.*count), CountWords(overview.recent.*count),
               CountWords(overview.before.*count),
               Change(static_cast<double>(overview.recent.*count),
                      static_cast<double>(overview.before.*count))});
  };
  add_counts("shoppers", &PeriodSummary::shoppers);
  add_counts("visits", &PeriodSummary::sessions);
  add_counts("orders", &PeriodSummary::orders);
  const auto money = [&](const PeriodSummary& period) {
    return MoneyWords(static_cast<double>(period.value_micros), currency);
  };
  table.Add({"value of orders", money(overview.all), money(overview.recent), money(overview.before),
             Change(static_cast<double>(overview.recent.value_micros),
                    static_cast<double>(overview.before.value_micros))});
  table.Add({"average order", MeanOrder(overview.all, currency),
             MeanOrder(overview.recent, currency), MeanOrder(overview.before, currency), ""});
  std::string text = Heading("Overview") + table.Print(width);
  std::string notes = "Shoppers who ordered: " + CountWords(overview.num_buyers);
  if (overview.num_buyers > 0) {
    notes += "; more than once: " + CountWords(overview.num_repeat_buyers) + ", " +
             ShareWords(static_cast<double>(overview.num_repeat_buyers) /
                        static_cast<double>(overview.num_buyers));
  }
  notes += "; returns: " + CountWords(overview.num_returns) + ".";
  if (overview.orders_without_value > 0) {
    notes += absl::StrFormat(" Orders that name no value: %s.",
                             CountWords(overview.orders_without_value));
  }
  if (overview.orders_in_other_currencies > 0) {
    notes += absl::StrFormat(" Orders in other currencies, whose money is left out: %s.",
                             CountWords(overview.orders_in_other_currencies));
  }
  return text + WrapWords(notes, width, 2);
}

std::vector<std::string> Cells(const FunnelRow& row) {
  const auto rate = [](std::uint64_t whole, double share) {
    return whole == 0 ? "-" : ShareWords(share);
  };
  return {row.name,
          CountWords(row.sessions),
          CountWords(row.viewed),
          CountWords(row.carted),
          CountWords(row.ordered),
          rate(row.viewed, row.ViewToCart()),
          rate(row.carted, row.CartToOrder()),
          rate(row.viewed, row.ViewToOrder())};
}

std::string FunnelTable(const std::string& what, std::span<const FunnelRow> rows,
                        std::size_t width) {
  if (rows.empty()) return {};
  TextTable table(
      {what, "visits", "view", "cart", "order", "view>cart", "cart>order", "view>order"});
  for (const FunnelRow& row : rows) table.Add(Cells(row));
  std::string text(what.empty() ? 0 : 1, '\n');
  return text += table.Print(width);
}

std::string FunnelSection(const Funnel& funnel, std::size_t width) {
  std::string text = Heading("Funnel: visits that reached each step");
  text += FunnelTable("", std::span(&funnel.total, 1), width);
  const std::span<const FunnelRow> days(funnel.by_day);
  text += FunnelTable("by day", days.last(std::min(kDaysShown, days.size())), width);
  const std::span<const FunnelRow> categories(funnel.by_category);
  if (!categories.empty()) {
    text += FunnelTable("by category",
                        categories.first(std::min(kCategoriesShown, categories.size())), width);
  }
  return text + FunnelTable("by segment", funnel.by_segment, width);
}

std::string SegmentsSection(const Insight& insight, std::size_t width) {
  const Segmentation& made = insight.segmentation;
  std::string text = Heading("Segments");
  if (made.segments.empty()) return text + WrapWords(NoSegmentsWords(insight), width, 2);
  TextTable table({"", "shoppers", "share", "value", "of all", "came", "new", "left"});
  for (const Segment& segment : made.segments) {
    const SegmentMovement& movement = segment.movement;
    const auto [value, value_share] = ValueAndShare(segment, insight.shoppers.currency);
    table.Add({segment.name, CountWords(segment.size), ShareWords(segment.share), value,
               value_share, CountWords(movement.came), CountWords(movement.is_new),
               CountWords(movement.left)});
  }
  text += table.Print(width) + "\n";
  for (const Segment& segment : made.segments) {
    text += WrapWords(segment.name + ": " + segment.description, width, 2);
  }
  std::string features;
  for (const std::string& feature : made.features) {
    features += (features.empty() ? "" : ", ") + feature;
  }
  return text + WrapWords(absl::StrFormat("Came, new, left: since %g days before. Compared by %s; "
                                          "silhouette %.2f.",
                                          insight.movement_days,
                                          features.empty() ? "nothing: all are alike" : features,
                                          made.silhouette),
                          width, 2);
}

std::string RfmSection(const Insight& insight, std::size_t width) {
  const RfmGrid& grid = insight.rfm;
  if (grid.num_buyers == 0) return {};
  std::string text = Heading("Buyers by recency (down) and frequency (across), 5 the best");
  TextTable table({"", "F1", "F2", "F3", "F4", "F5"});
  for (std::size_t r = kRfmScores; r-- > 0;) {
    std::vector<std::string> cells = {absl::StrFormat("R%d", r + 1)};
    for (std::size_t f = 0; f < kRfmScores; ++f) {
      std::size_t count = 0;
      for (const std::size_t each : grid.counts[r][f]) count += each;
      cells.push_back(CountWords(count));
    }
    table.Add(std::move(cells));
  }
  text += table.Print(width) + "\n";
  TextTable groups({"", "buyers", "share", "value"});
  for (const RfmGroup& group : grid.groups) {
    if (group.size == 0) continue;
    groups.Add({std::string(group.name), CountWords(group.size),
                ShareWords(static_cast<double>(group.size) / static_cast<double>(grid.num_buyers)),
                MoneyWords(static_cast<double>(group.value_micros), insight.shoppers.currency)});
  }
  return text + groups.Print(width);
}

std::string PathsSection(const OrderPaths& paths, std::size_t width) {
  if (paths.num_orders == 0) return {};
  std::string text = Heading("Paths: what a visit was before its order");
  TextTable table({"", "orders", "share", "minutes"});
  for (std::size_t i = 0; i < std::min(kPathsShown, paths.paths.size()); ++i) {
    const OrderPath& path = paths.paths[i];
    table.Add({PathWords(path), CountWords(path.orders), ShareWords(path.share),
               absl::StrFormat("%.0f", path.median_minutes)});
  }
  return text + table.Print(width) +
         WrapWords(absl::StrFormat("Orders: %s; distinct paths: %s. Minutes are medians.",
                                   CountWords(paths.num_orders), CountWords(paths.num_paths)),
                   width, 2);
}

std::string CohortsSection(const CohortTable& table, std::size_t width) {
  if (table.cohorts.empty()) return {};
  const bool is_order = table.basis == CohortBasis::kFirstOrder;
  std::string text = Heading(is_order ? "Cohorts: who ordered again, by month of the first order"
                                      : "Cohorts: who came again, by month of the first visit");
  const std::span<const Cohort> all(table.cohorts);
  const auto shown = all.last(std::min(kCohortsShown, all.size()));
  std::vector<std::string> header = {"", "size"};
  for (std::size_t month = 1; month < shown.front().active.size() && month < kCohortsShown;
       ++month) {
    header.push_back(absl::StrFormat("+%d", month));
  }
  const std::size_t num_columns = header.size();
  TextTable printed(std::move(header));
  for (const Cohort& cohort : shown) {
    std::vector<std::string> cells = {cohort.month, CountWords(cohort.size)};
    for (std::size_t month = 1; cells.size() < num_columns; ++month) {
      const bool is_known = month < cohort.active.size() && cohort.size > 0;
      cells.push_back(
          !is_known ? ""
                    : absl::StrFormat("%.0f%%", 100.0 * static_cast<double>(cohort.active[month]) /
                                                    static_cast<double>(cohort.size)));
    }
    printed.Add(std::move(cells));
  }
  return text + printed.Print(width);
}

}  // namespace

std::string TextReport(const Insight& insight, std::size_t width) {
  width = std::max(width, kLeastWidth);
  const InsightOverview& overview = insight.overview;
  std::string text =
      WrapWords(absl::StrFormat("Shoppers as of %s (%s): %s events since %s.",
                                MinuteName(insight.shoppers.as_of_us, insight.time_zone),
                                insight.time_zone, CountWords(overview.num_events),
                                MinuteName(overview.first_event_us, insight.time_zone)),
                width, 0);
  text += WrapWords(WithheldWords(insight), width, 0);
  text += Overview(insight, width);
  text += FunnelSection(insight.funnel, width);
  text += SegmentsSection(insight, width);
  text += RfmSection(insight, width);
  text += PathsSection(insight.paths, width);
  text += CohortsSection(insight.order_cohorts, width);
  return text + CohortsSection(insight.visit_cohorts, width);
}

}  // namespace vitrine
