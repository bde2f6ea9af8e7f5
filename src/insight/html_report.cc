#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "insight/calendar.h"
#include "insight/page_style.h"
#include "insight/svg_charts.h"
#include "insight/words.h"
#include "vitrine/insight/report.h"

namespace vitrine {
namespace {

// A table whose cells are texts of ours or of the shop, escaped here.
class HtmlTable {
 public:
  HtmlTable(const std::string& caption, const std::vector<std::string>& header) {
    html_ =
        "<div class=\"scroll\"><table><caption>" + EscapeHtml(caption) + "</caption><thead><tr>";
    for (const std::string& cell : header) {
      html_ += "<th scope=\"col\">" + EscapeHtml(cell) + "</th>";
    }
    html_ += "</tr></thead><tbody>\n";
  }

  void Add(const std::vector<std::string>& cells) {
    BeginRow(cells.front());
    for (std::size_t i = 1; i < cells.size(); ++i) AddCell(cells[i]);
    EndRow();
  }

  void BeginRow(const std::string& name) {
    html_ += "<tr><th scope=\"row\">" + EscapeHtml(name) + "</th>";
  }
  void AddCell(const std::string& text) { html_ += "<td>" + EscapeHtml(text) + "</td>"; }
  // A cell that is darker the higher `share`, in [0, 1], is.
  void AddHeat(const std::string& text, double share) {
    html_ +=
        absl::StrFormat("<td class=\"heat\" style=\"--v:%.3f\">%s</td>", share, EscapeHtml(text));
  }
  void EndRow() { html_ += "</tr>\n"; }

  std::string Take() { return html_ + "</tbody></table></div>\n"; }

 private:
  std::string html_;
};

std::string Heading(const std::string& title) { return "<h2>" + EscapeHtml(title) + "</h2>\n"; }

std::string Paragraph(const std::string& text) {
  return "<p class=\"soft\">" + EscapeHtml(text) + "</p>\n";
}

std::string Card(const std::string& name, const std::string& value, const std::string& note) {
  return absl::StrFormat(
      "<div class=\"card\"><p class=\"soft\">%s</p><p class=\"big\">%s</p>"
      "<p class=\"soft\">%s</p></div>\n",
      EscapeHtml(name), EscapeHtml(value), EscapeHtml(note));
}

std::string CountCard(const Insight& insight, const std::string& name,
                      std::uint64_t PeriodSummary::*count) {
  const InsightOverview& overview = insight.overview;
  return Card(name, CountWords(overview.all.*count),
              absl::StrFormat("%s in the last %g days, %s in those before",
                              CountWords(overview.recent.*count), insight.movement_days,
                              CountWords(overview.before.*count)));
}

std::string Overview(const Insight& insight) {
  const InsightOverview& overview = insight.overview;
  const std::string& currency = insight.shoppers.currency;
  const auto money = [&](const PeriodSummary& period) {
    return MoneyWords(static_cast<double>(period.value_micros), currency);
  };
  const auto mean = [&](const PeriodSummary& period) -> std::string {
    return period.priced_orders == 0 ? "none" : MoneyWords(period.MeanOrderMicros(), currency);
  };
  std::string html = "<div class=\"cards\">\n";
  html += CountCard(insight, "Shoppers", &PeriodSummary::shoppers);
  html += CountCard(insight, "Visits", &PeriodSummary::sessions);
  html += CountCard(insight, "Orders", &PeriodSummary::orders);
  html += Card("Value of orders", money(overview.all),
               absl::StrFormat("%s in the last %g days, %s in those before", money(overview.recent),
                               insight.movement_days, money(overview.before)));
  html += Card("Average order", mean(overview.all),
               absl::StrFormat("%s in the last %g days, %s in those before", mean(overview.recent),
                               insight.movement_days, mean(overview.before)));
  html += Card("Have ordered", CountWords(overview.num_buyers),
               CountWords(overview.num_repeat_buyers) + " more than once; " +
                   CountWords(overview.num_returns) + " returns");
  html += "</div>\n";
  if (overview.orders_without_value + overview.orders_in_other_currencies > 0) {
    html += Paragraph(absl::StrFormat(
        "Orders that name no value: %s; in other currencies, whose money is left out: %s.",
        CountWords(overview.orders_without_value),
        CountWords(overview.orders_in_other_currencies)));
  }
  return html;
}

std::string DaysChart(const Funnel& funnel) {
  if (funnel.by_day.empty()) return {};
  std::vector<std::string> labels;
  ChartSeries visits{.name = "visits", .style = "s1"};
  ChartSeries carts{.name = "visits with a cart", .style = "s3"};
  ChartSeries orders{.name = "visits with an order", .style = "s2"};
  for (const FunnelRow& row : funnel.by_day) {
    labels.push_back(row.name);
    visits.values.push_back(static_cast<double>(row.sessions));
    carts.values.push_back(static_cast<double>(row.carted));
    orders.values.push_back(static_cast<double>(row.ordered));
  }
  const ChartTitle title{
      .id = "days",
      .title = "Visits by day",
      .description = absl::StrFormat("From %s to %s: visits, those in which something was put into "
                                     "the cart, and those with an order.",
                                     labels.front(), labels.back())};
  return Heading("Day by day") + LineChart(title, labels, {visits, carts, orders});
}

std::string FunnelTable(const std::string& caption, std::span<const FunnelRow> rows) {
  if (rows.empty()) return {};
  HtmlTable table(caption, {"", "Visits", "View", "Cart", "Order", "View to cart", "Cart to order",
                            "View to order"});
  const auto rate = [](std::uint64_t whole, double share) {
    return whole == 0 ? std::string("-") : ShareWords(share);
  };
  for (const FunnelRow& row : rows) {
    table.Add({row.name, CountWords(row.sessions), CountWords(row.viewed), CountWords(row.carted),
               CountWords(row.ordered), rate(row.viewed, row.ViewToCart()),
               rate(row.carted, row.CartToOrder()), rate(row.viewed, row.ViewToOrder())});
  }
  return table.Take();
}

std::string FunnelSection(const Funnel& funnel) {
  const FunnelRow& total = funnel.total;
  const auto bar = [&](const std::string& label, std::uint64_t count) {
    const double share =
        total.sessions == 0 ? 0 : static_cast<double>(count) / static_cast<double>(total.sessions);
    return ChartBar{.label = label,
                    .note = CountWords(count) + ", " + ShareWords(share),
                    .value = static_cast<double>(count)};
  };
  const ChartTitle title{
      .id = "funnel", .title = "Funnel", .description = "How many visits reached each step."};
  return Heading("Funnel") +
         Paragraph("Visits that reached each step, with or without the one before.") +
         BarChart(title,
                  {bar("visits", total.sessions), bar("viewed a product", total.viewed),
                   bar("put something into the cart", total.carted), bar("ordered", total.ordered)},
                  "s1") +
         FunnelTable("By category", funnel.by_category) +
         FunnelTable("By segment", funnel.by_segment);
}

std::string SegmentsSection(const Insight& insight) {
  if (insight.segmentation.segments.empty()) {
    return Heading("Segments") + Paragraph(NoSegmentsWords(insight));
  }
  std::vector<ChartBar> sizes;
  std::vector<ChartBar> values;
  std::string cards;
  const std::string& currency = insight.shoppers.currency;
  for (const Segment& segment : insight.segmentation.segments) {
    sizes.push_back({.label = segment.name,
                     .note = CountWords(segment.size) + ", " + ShareWords(segment.share),
                     .value = static_cast<double>(segment.size)});
    values.push_back(
        {.label = segment.name,
         .note = segment.IsValueKnown()
                     ? MoneyWords(static_cast<double>(segment.value_micros), currency) + ", " +
                           ShareWords(segment.value_share)
                     : "not known",
         .value = static_cast<double>(segment.value_micros)});
    const SegmentMovement& movement = segment.movement;
    cards += absl::StrFormat(
        "<div class=\"card\"><h3>%s</h3><p>%s</p><p class=\"soft\">%s</p></div>\n",
        EscapeHtml(segment.name), EscapeHtml(segment.description),
        EscapeHtml(absl::StrFormat("%s stayed, %s came, %s are new, %s left",
                                   CountWords(movement.stayed), CountWords(movement.came),
                                   CountWords(movement.is_new), CountWords(movement.left))));
  }
  std::string html =
      Heading("Segments") +
      Paragraph(absl::StrFormat("Shoppers who behave alike; what moved is since %g days before.",
                                insight.movement_days)) +
      "<div class=\"cards\">\n" + cards + "</div>\n<p class=\"soft\">Shoppers</p>\n" +
      BarChart({.id = "sizes", .title = "Shoppers by segment", .description = "Shoppers of each."},
               sizes, "s1");
  if (insight.overview.all.value_micros == 0) return html;
  return html + "<p class=\"soft\">Value of their orders</p>\n" +
         BarChart({.id = "values", .title = "Value by segment", .description = "Money of each."},
                  values, "s2");
}

std::string RfmSection(const Insight& insight) {
  const RfmGrid& grid = insight.rfm;
  if (grid.num_buyers == 0) return {};
  std::vector<HeatRow> rows;
  for (std::size_t r = kRfmScores; r-- > 0;) {
    HeatRow row{.label = absl::StrFormat("R %d", r + 1)};
    for (const auto& by_money : grid.counts[r]) {
      double count = 0;
      for (const std::size_t each : by_money) count += static_cast<double>(each);
      row.values.push_back(count);
    }
    rows.push_back(std::move(row));
  }
  HtmlTable table("Groups", {"", "Buyers", "Share", "Value"});
  for (const RfmGroup& group : grid.groups) {
    table.Add({std::string(group.name), CountWords(group.size),
               ShareWords(static_cast<double>(group.size) / static_cast<double>(grid.num_buyers)),
               MoneyWords(static_cast<double>(group.value_micros), insight.shoppers.currency)});
  }
  return Heading("Recency and frequency") +
         Paragraph("Buyers by how lately (R) and how often (F) they ordered, 5 the best fifth.") +
         HeatChart({.id = "rfm",
                    .title = "Buyers by recency and frequency",
                    .description = "Rows are recency from 5 down to 1, columns frequency from 1 to "
                                   "5; each square says how many buyers it has."},
                   {"F 1", "F 2", "F 3", "F 4", "F 5"}, rows) +
         table.Take();
}

std::string PathsSection(const OrderPaths& paths) {
  if (paths.num_orders == 0) return {};
  HtmlTable table("What a visit was before its order", {"", "Orders", "Share", "Median minutes"});
  for (const OrderPath& path : paths.paths) {
    table.Add({PathWords(path), CountWords(path.orders), ShareWords(path.share),
               absl::StrFormat("%.0f", path.median_minutes)});
  }
  return Heading("Paths") + table.Take();
}

std::string CohortsSection(const CohortTable& table) {
  if (table.cohorts.empty()) return {};
  const bool is_order = table.basis == CohortBasis::kFirstOrder;
  std::vector<std::string> header = {"", "Size"};
  for (std::size_t month = 1; month < table.cohorts.front().active.size(); ++month) {
    header.push_back(absl::StrFormat("+%d", month));
  }
  HtmlTable html(is_order ? "Who ordered again, by month of the first order"
                          : "Who came again, by month of the first visit",
                 header);
  for (const Cohort& cohort : table.cohorts) {
    html.BeginRow(cohort.month);
    html.AddCell(CountWords(cohort.size));
    for (std::size_t month = 1; month < cohort.active.size(); ++month) {
      const double share = cohort.size == 0 ? 0
                                            : static_cast<double>(cohort.active[month]) /
                                                  static_cast<double>(cohort.size);
      html.AddHeat(cohort.size == 0 ? "" : absl::StrFormat("%.0f %%", share * 100), share);
    }
    for (std::size_t month = cohort.active.size() + 1; month < header.size(); ++month) {
      html.AddCell("");
    }
    html.EndRow();
  }
  return html.Take();
}

}  // namespace

std::string HtmlReport(const Insight& insight) {
  const InsightOverview& overview = insight.overview;
  const std::string moment =
      MinuteName(insight.shoppers.as_of_us, insight.time_zone) + " (" + insight.time_zone + ")";
  std::string html = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  // Whatever a text of the shop might become, the page loads nothing and runs nothing.
  html +=
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  html += "<title>Shoppers as of " + EscapeHtml(moment) + "</title>\n";
  html += std::string("<style>") + kPageStyle + "</style>\n</head>\n<body>\n<header>\n";
  html += "<h1>What shoppers do</h1>\n";
  html += Paragraph(absl::StrFormat("As of %s: %s events since %s.", moment,
                                    CountWords(overview.num_events),
                                    MinuteName(overview.first_event_us, insight.time_zone)));
  if (insight.num_withheld > 0) html += Paragraph(WithheldWords(insight));
  html += "</header>\n<main>\n";
  html += Overview(insight) + DaysChart(insight.funnel) + FunnelSection(insight.funnel);
  html += SegmentsSection(insight) + RfmSection(insight) + PathsSection(insight.paths);
  if (!insight.visit_cohorts.cohorts.empty()) html += Heading("Cohorts");
  html += CohortsSection(insight.order_cohorts) + CohortsSection(insight.visit_cohorts);
  return html + "</main>\n</body>\n</html>\n";
}

}  // namespace vitrine
