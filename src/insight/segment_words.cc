#include "insight/segment_words.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>

#include "absl/strings/str_format.h"
#include "insight/words.h"

namespace vitrine {
namespace {

// From this share of buyers on, a segment is described as one of buyers.
constexpr double kMostlyBuyers = 0.5;
constexpr double kOneTimeOrders = 1.5;  // Per buyer; fewer is "one-time".
constexpr double kManyCarts = 1;        // Per shopper who does not buy.
constexpr double kOneTimeSessions = 1.5;

double DaysSince(Micros time_us, Micros as_of_us) {
  return static_cast<double>(as_of_us - time_us) / static_cast<double>(kMicrosPerDay);
}

ShopTerciles::Terciles TercilesOf(const std::vector<double>& values) {
  return {.low = QuantileOf(values, 1.0 / 3), .high = QuantileOf(values, 2.0 / 3)};
}

std::string Join(const std::vector<std::string_view>& words) {
  std::string text;
  for (const std::string_view word : words) {
    if (!text.empty()) text += ' ';
    text += word;
  }
  return text;
}

// "active" in the most recent third, "lapsed" in the last one.
void AddRecency(double days, const ShopTerciles::Terciles& terciles,
                std::vector<std::string_view>& words) {
  if (!(terciles.low < terciles.high)) return;
  if (days <= terciles.low) words.push_back("active");
  if (days >= terciles.high) words.push_back("lapsed");
}

double OrdersPerBuyer(const Segment& segment) {
  return segment.orders * static_cast<double>(segment.size) /
         static_cast<double>(segment.num_buyers);
}

std::string_view SpenderWord(const Segment& segment, const ShopTerciles::Terciles& mean_order) {
  const bool is_told = segment.priced_orders > 0 && mean_order.high > mean_order.low;
  if (is_told && segment.typical_order_micros >= mean_order.high) return "big spenders";
  if (is_told && segment.typical_order_micros <= mean_order.low) return "small spenders";
  return "buyers";
}

std::string NameBuyers(const Segment& segment, const ShopTerciles& terciles) {
  std::vector<std::string_view> words;
  AddRecency(segment.days_since_order, terciles.days_since_order, words);
  const double orders = OrdersPerBuyer(segment);
  if (orders < kOneTimeOrders) {
    words.push_back("one-time");
  } else if (orders > terciles.orders.high) {
    words.push_back("frequent");
  }
  words.push_back(SpenderWord(segment, terciles.mean_order_micros));
  return Join(words);
}

std::string NameLookers(const Segment& segment, const ShopTerciles& terciles) {
  std::vector<std::string_view> words;
  AddRecency(segment.days_since_seen, terciles.days_since_seen, words);
  if (segment.carts >= kManyCarts) {
    words.push_back("cart fillers");
  } else if (segment.sessions < kOneTimeSessions) {
    words.push_back("passers-by");
  } else {
    words.push_back("browsers");
  }
  return Join(words);
}

std::string DaysAgo(double days) {
  const auto whole = static_cast<std::int64_t>(std::llround(days));
  if (whole == 0) return "today";
  return whole == 1 ? "1 day ago" : absl::StrFormat("%d days ago", whole);
}

std::string Describe(const Segment& segment, const std::string& currency) {
  const auto size = static_cast<double>(segment.size);
  const double buyers = static_cast<double>(segment.num_buyers) / size;
  std::string text;
  if (buyers >= kMostlyBuyers) {
    text = "last order " + DaysAgo(segment.days_since_order);
    if (segment.priced_orders > 0) {
      text += ", average order " + MoneyWords(segment.mean_order_micros, currency);
    }
    text += absl::StrFormat(", %.1f orders each", OrdersPerBuyer(segment));
  } else {
    text = "last seen " + DaysAgo(segment.days_since_seen);
    text += absl::StrFormat(", %.1f visits and %.1f carts each", segment.sessions, segment.carts);
  }
  if (segment.views > 0) text += absl::StrFormat(", %.1f products viewed", segment.views);
  if (buyers < 1 && segment.num_buyers > 0) text += ", " + ShareWords(buyers) + " have ordered";
  return text;
}

// Tells segments of one name apart by what they are worth, or else by their visits.
void MakeUnique(std::vector<Segment>& segments) {
  std::map<std::string, std::vector<Segment*>> by_name;
  for (Segment& segment : segments) by_name[segment.name].push_back(&segment);
  const auto worth = [](const Segment* segment) {
    return std::pair(
        static_cast<double>(segment->value_micros) / static_cast<double>(segment->size),
        segment->sessions);
  };
  for (auto& [name, alike] : by_name) {
    if (alike.size() < 2) continue;
    std::stable_sort(alike.begin(), alike.end(),
                     [&](const Segment* a, const Segment* b) { return worth(a) > worth(b); });
    for (std::size_t i = 0; i < alike.size(); ++i) {
      alike[i]->name += absl::StrFormat(", %d of %d by worth", i + 1, alike.size());
    }
  }
}

}  // namespace

ShopTerciles MakeTerciles(const ShopperTable& shoppers) {
  std::vector<double> days_since_order;
  std::vector<double> orders;
  std::vector<double> mean_order;
  std::vector<double> days_since_seen;
  for (const ShopperSummary& row : shoppers.rows) {
    days_since_seen.push_back(DaysSince(row.last_seen_us, shoppers.as_of_us));
    if (row.orders == 0) continue;
    days_since_order.push_back(DaysSince(row.last_order_us, shoppers.as_of_us));
    orders.push_back(row.orders);
    if (row.priced_orders > 0) mean_order.push_back(row.MeanOrderMicros());
  }
  return {.days_since_order = TercilesOf(days_since_order),
          .orders = TercilesOf(orders),
          .mean_order_micros = TercilesOf(mean_order),
          .days_since_seen = TercilesOf(days_since_seen)};
}

Segment MeasureSegment(const ShopperTable& shoppers, const std::vector<std::uint32_t>& members) {
  Segment segment{.size = members.size()};
  std::vector<double> days_since_seen;
  std::vector<double> days_since_order;
  std::vector<double> mean_orders;
  for (const std::uint32_t member : members) {
    const ShopperSummary& row = shoppers.rows[member];
    segment.value_micros = AddMoney(segment.value_micros, row.value_micros);
    segment.priced_orders += row.priced_orders;
    segment.orders += row.orders;
    segment.views += row.views;
    segment.carts += row.carts;
    segment.sessions += row.sessions;
    segment.active_days += row.active_days;
    days_since_seen.push_back(DaysSince(row.last_seen_us, shoppers.as_of_us));
    if (row.priced_orders > 0) mean_orders.push_back(row.MeanOrderMicros());
    if (row.orders == 0) continue;
    ++segment.num_buyers;
    days_since_order.push_back(DaysSince(row.last_order_us, shoppers.as_of_us));
  }
  segment.days_since_seen = QuantileOf(std::move(days_since_seen), 0.5);
  segment.days_since_order = QuantileOf(std::move(days_since_order), 0.5);
  segment.typical_order_micros = QuantileOf(std::move(mean_orders), 0.5);
  if (segment.priced_orders > 0) {
    segment.mean_order_micros =
        static_cast<double>(segment.value_micros) / static_cast<double>(segment.priced_orders);
  }
  for (double* mean :
       {&segment.orders, &segment.views, &segment.carts, &segment.sessions, &segment.active_days}) {
    *mean /= static_cast<double>(members.size());
  }
  return segment;
}

void NameSegments(const ShopTerciles& terciles, const std::string& currency,
                  std::vector<Segment>& segments) {
  for (Segment& segment : segments) {
    const double buyers =
        static_cast<double>(segment.num_buyers) / static_cast<double>(segment.size);
    segment.name =
        buyers >= kMostlyBuyers ? NameBuyers(segment, terciles) : NameLookers(segment, terciles);
    segment.description = Describe(segment, currency);
  }
  if (segments.size() > 1) MakeUnique(segments);
}

}  // namespace vitrine
