#include "feature_store/behaviour/feature_oracle.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "feature_store/behaviour/oracle_parts.h"
#include "vitrine/feature_store/text.h"

namespace vitrine::testing {
namespace {

void AddVisits(const std::vector<Event>& events, Micros now, OracleValues& values) {
  std::set<std::int64_t> days;
  std::map<std::int64_t, int> hours;
  std::map<std::int64_t, int> weekdays;
  Micros first = events.front().time_us;
  Micros last = first;
  for (const Event& event : events) {
    first = std::min(first, event.time_us);
    last = std::max(last, event.time_us);
    days.insert(event.time_us / kMicrosPerDay);
    ++hours[event.time_us / (kMicrosPerDay / 24) % 24];
    ++weekdays[(event.time_us / kMicrosPerDay + 3) % 7 + 1];
  }
  const auto within = [&](std::int64_t count) {
    const std::int64_t today = now / kMicrosPerDay;
    return std::count_if(days.begin(), days.end(),
                         [&](std::int64_t day) { return day <= today && day > today - count; });
  };
  const auto run_before = [&](std::int64_t day) {
    std::int64_t run = 0;
    while (days.contains(day - run)) ++run;
    return run;
  };
  std::int64_t longest = 0;
  for (const std::int64_t day : days) longest = std::max(longest, run_before(day));
  const std::int64_t today = now / kMicrosPerDay;
  const auto mode = [](const std::map<std::int64_t, int>& counts) {
    std::int64_t best = -1;
    for (const auto& [value, count] : counts) {
      if (best < 0 || count > counts.at(best)) best = value;
    }
    return best;
  };
  values["first_seen"] = first;
  values["last_seen"] = last;
  values["days_since_first_visit"] = std::max(0.0, Days(now - first));
  values["days_since_last_visit"] = std::max(0.0, Days(now - last));
  values["active_days"] = static_cast<std::int64_t>(days.size());
  values["active_days_7d"] = within(7);
  values["active_days_30d"] = within(30);
  values["active_days_90d"] = within(90);
  values["longest_active_run"] = longest;
  values["current_active_run"] = days.contains(today) ? run_before(today) : run_before(today - 1);
  values["usual_hour"] = mode(hours);
  values["usual_weekday"] = mode(weekdays);
}

void AddCounts(const std::vector<Event>& events, Micros now, OracleValues& values) {
  const std::map<std::string, EventType> counts = {{"views", EventType::kDetailPageView},
                                                   {"home_views", EventType::kHomePageView},
                                                   {"category_views", EventType::kCategoryPageView},
                                                   {"searches", EventType::kSearch},
                                                   {"carts", EventType::kAddToCart},
                                                   {"cart_removals", EventType::kRemoveFromCart},
                                                   {"cart_views", EventType::kShoppingCartPageView},
                                                   {"purchases", EventType::kPurchaseComplete},
                                                   {"returns", EventType::kReturnComplete},
                                                   {"not_interested", EventType::kNotInterested},
                                                   {"ratings", EventType::kRate},
                                                   {"clicks", EventType::kRecommendationClick}};
  for (const auto& [name, type] : counts) values[name] = CountType(events, type);
  std::map<EventType, std::int64_t> pieces;
  std::map<EventType, double> decayed;
  double stars = 0;
  std::int64_t shown = 0;
  for (const Event& event : events) {
    for (const EventItem& item : event.items) pieces[event.type] += item.quantity;
    decayed[event.type] += std::exp2(-Days(now - event.time_us) / 30);
    stars += event.rating.value_or(0);
    if (event.type == EventType::kImpression) shown += static_cast<int>(event.items.size());
  }
  const auto number = [&](const char* name) {
    return static_cast<double>(std::get<std::int64_t>(values[name]));
  };
  values["average_rating"] = Divide(stars, number("ratings"));
  values["items_shown"] = shown;
  values["pieces_bought"] = pieces[EventType::kPurchaseComplete];
  values["recent_views"] = decayed[EventType::kDetailPageView];
  values["recent_carts"] = decayed[EventType::kAddToCart];
  values["recent_purchases"] = decayed[EventType::kPurchaseComplete];
  values["click_through_rate"] = Divide(number("clicks"), number("items_shown"));
  values["view_to_cart_rate"] = Divide(number("carts"), number("views"));
  values["return_rate"] = Divide(static_cast<double>(pieces[EventType::kReturnComplete]),
                                 static_cast<double>(pieces[EventType::kPurchaseComplete]));
}

void AddTastes(const ModelStore& model, const std::vector<Event>& events,
               std::vector<Touch> history, OracleValues& values) {
  std::vector<std::string> words;
  for (const Event& event : InOrder(events)) {
    if (event.type != EventType::kSearch) continue;
    for (const std::string& word : Tokenize(event.search_query)) words.push_back(word);
  }
  std::map<std::string, double> counts;
  for (std::size_t i = words.size() > 32 ? words.size() - 32 : 0; i < words.size(); ++i) {
    ++counts[words[i]];
  }
  values["top_search_words"] = Top(counts);

  std::map<std::string, std::map<std::string, double>> weights;  // By kind and name.
  std::reverse(history.begin(), history.end());                  // Oldest first.
  for (const Touch& touch : history) {
    const double weight = EventWeights{}.Of(touch.type, touch.value) *
                          std::exp2(-Days(history.back().time_us - touch.time_us) / 30);
    const auto item = model.items().find(touch.item);
    if (item == model.items().end()) continue;
    const Item& found = item->second;
    if (!found.categories.empty()) weights["categories"][found.categories.front()] += weight;
    if (!found.brand.empty()) weights["brands"][found.brand] += weight;
    if (!found.price.has_value()) continue;
    const double price = static_cast<double>(found.price->micros) / 1e6;
    std::string band = "below 1";
    for (const int power : {1, 10, 100, 1'000}) {
      if (price >= power) band = std::to_string(power) + " to " + std::to_string(2 * power);
      if (price >= 2 * power) band = std::to_string(2 * power) + " to " + std::to_string(5 * power);
      if (price >= 5 * power) {
        band = std::to_string(5 * power) + " to " + std::to_string(10 * power);
      }
    }
    weights["price_bands"][band] += weight;
  }
  const std::map<std::string, std::string> favourites = {{"categories", "favourite_category"},
                                                         {"brands", "favourite_brand"},
                                                         {"price_bands", "favourite_price_band"}};
  for (const auto& [kind, favourite] : favourites) {
    std::map<std::string, double> positive;
    double total = 0;
    for (const auto& [name, weight] : weights[kind]) total += std::max(0.0, weight);
    for (const auto& [name, weight] : weights[kind]) {
      if (weight > 0) positive[name] = weight / total;
    }
    values["top_" + kind] = Top(positive);
    values[favourite] = First(values["top_" + kind]);
  }
}

std::vector<std::vector<Event>> SessionsOf(const std::vector<Event>& events) {
  std::vector<Event> steps;
  for (const Event& event : InOrder(events)) {
    if (event.type != EventType::kImpression) steps.push_back(event);
  }
  if (steps.size() > 128) steps.erase(steps.begin(), steps.end() - 128);
  std::vector<std::vector<Event>> sessions;
  for (const Event& step : steps) {
    const bool is_new = sessions.empty() ||
                        step.time_us - sessions.back().back().time_us > 30 * 60 * kMicrosPerSecond;
    if (is_new) sessions.emplace_back();
    sessions.back().push_back(step);
  }
  return sessions;
}

// The kinds of event up to each order of a session, since the one before.
void CountPaths(const std::vector<Event>& session, std::map<std::vector<EventType>, int>& paths) {
  std::vector<EventType> path;
  for (std::size_t i = 0; i < session.size(); ++i) {
    if (i > 0 && session[i].type == session[i - 1].type) continue;
    path.push_back(session[i].type);
    if (session[i].type != EventType::kPurchaseComplete) continue;
    if (path.size() > 6) path.erase(path.begin(), path.end() - 6);
    ++paths[path];
    path.clear();
  }
}

// Of paths that are equally frequent: the shorter, then the one whose first kind that differs has
// the smaller number.
bool IsBetterPath(const std::pair<std::vector<EventType>, int>& a,
                  const std::pair<std::vector<EventType>, int>& b) {
  if (a.second != b.second) return a.second > b.second;
  if (a.first.size() != b.first.size()) return a.first.size() < b.first.size();
  return a.first < b.first;
}

void AddSessions(const std::vector<Event>& events, OracleValues& values) {
  const auto sessions = SessionsOf(events);
  double minutes = 0;
  double depth = 0;
  double minutes_to_order = 0;
  int with_cart = 0;
  int abandoned = 0;
  int with_order = 0;
  std::map<std::vector<EventType>, int> paths;
  for (const std::vector<Event>& session : sessions) {
    minutes += static_cast<double>(session.back().time_us - session.front().time_us) / 60e6;
    depth += static_cast<double>(session.size());
    const bool has_cart = CountType(session, EventType::kAddToCart) > 0;
    const auto order = std::find_if(session.begin(), session.end(), [](const Event& event) {
      return event.type == EventType::kPurchaseComplete;
    });
    with_cart += has_cart ? 1 : 0;
    abandoned += has_cart && order == session.end() ? 1 : 0;
    CountPaths(session, paths);
    if (order == session.end()) continue;
    ++with_order;
    minutes_to_order += static_cast<double>(order->time_us - session.front().time_us) / 60e6;
  }
  const auto count = static_cast<double>(sessions.size());
  values["sessions"] = static_cast<std::int64_t>(sessions.size());
  values["session_minutes"] = Divide(minutes, count);
  values["session_depth"] = Divide(depth, count);
  values["cart_abandonment_rate"] = Divide(abandoned, with_cart);
  values["ordering_session_rate"] = Divide(with_order, count);
  values["minutes_to_order"] = Divide(minutes_to_order, with_order);
  values["typical_order_path"] = FeatureValue();
  values["typical_order_path_share"] = FeatureValue();
  if (paths.empty()) return;
  std::pair<std::vector<EventType>, int> best = *paths.begin();
  int total = 0;
  for (const auto& path : paths) {
    total += path.second;
    if (IsBetterPath(path, best)) best = path;
  }
  std::string text;
  for (const EventType type : best.first) {
    text += (text.empty() ? "" : " > ") + std::string(Name(type));
  }
  values["typical_order_path"] = text;
  values["typical_order_path_share"] = Divide(best.second, total);
}

struct OracleOrder {
  Micros time_us = 0;
  double value = -1;  // In currency units; -1: unknown.
};

std::vector<OracleOrder> OrdersOf(const std::vector<Event>& events) {
  std::map<std::string, std::vector<Event>> by_order;
  for (const Event& event : events) {
    if (event.type != EventType::kPurchaseComplete) continue;
    by_order[event.order_id.empty() ? "at " + std::to_string(event.time_us) : event.order_id]
        .push_back(event);
  }
  std::vector<OracleOrder> orders;
  for (const auto& [id, parts] : by_order) {
    OracleOrder order{.time_us = parts.front().time_us};
    double revenue = -1;
    double lines = -1;
    for (const Event& part : parts) {
      order.time_us = std::min(order.time_us, part.time_us);
      if (part.revenue.has_value()) {
        revenue = std::max(revenue, static_cast<double>(part.revenue->micros) / 1e6);
      }
      for (const EventItem& item : part.items) {
        if (!item.unit_price.has_value()) continue;
        lines = std::max(lines, 0.0) +
                item.quantity * static_cast<double>(item.unit_price->micros) / 1e6;
      }
    }
    order.value = revenue >= 0 ? revenue : lines;
    orders.push_back(order);
  }
  std::sort(orders.begin(), orders.end(),
            [](const OracleOrder& a, const OracleOrder& b) { return a.time_us < b.time_us; });
  return orders;
}

void AddMoney(const std::vector<Event>& events, Micros now, OracleValues& values) {
  const std::vector<OracleOrder> orders = OrdersOf(events);
  const auto count = static_cast<double>(orders.size());
  const auto within = [&](int days) {
    return std::count_if(orders.begin(), orders.end(), [&](const OracleOrder& order) {
      return order.time_us <= now && order.time_us > now - days * kMicrosPerDay;
    });
  };
  values["orders"] = static_cast<std::int64_t>(orders.size());
  values["orders_30d"] = within(30);
  values["orders_90d"] = within(90);
  values["orders_365d"] = within(365);
  values["cart_to_order_rate"] =
      Divide(count, static_cast<double>(CountType(events, EventType::kAddToCart)));
  values["view_to_order_rate"] =
      Divide(count, static_cast<double>(CountType(events, EventType::kDetailPageView)));
  for (const char* name :
       {"days_since_last_order", "days_between_orders", "expected_days_to_next_order",
        "orders_per_30_days", "revenue", "revenue_365d", "average_order_value", "max_order_value",
        "last_order_value"}) {
    values[name] = FeatureValue();
  }
  if (orders.empty()) return;
  const double since_last = std::max(0.0, Days(now - orders.back().time_us));
  values["days_since_last_order"] = since_last;
  values["orders_per_30_days"] = 30 * count / std::max(1.0, Days(now - orders.front().time_us));
  if (orders.size() > 1) {
    const double gap = Days(orders.back().time_us - orders.front().time_us) / (count - 1);
    values["days_between_orders"] = gap;
    values["expected_days_to_next_order"] = std::max(0.0, gap - since_last);
  }
  double total = 0;
  double total_365d = 0;
  double largest = -1;
  int known = 0;
  for (const OracleOrder& order : orders) {
    if (order.value < 0) continue;
    ++known;
    total += order.value;
    largest = std::max(largest, order.value);
    const bool is_recent = order.time_us <= now && order.time_us > now - 365 * kMicrosPerDay;
    if (is_recent) total_365d += order.value;
  }
  if (known > 0) {
    values["revenue"] = total;
    values["revenue_365d"] = total_365d;
    values["average_order_value"] = total / known;
    values["max_order_value"] = largest;
  }
  if (orders.back().value >= 0) values["last_order_value"] = orders.back().value;
}

}  // namespace

OracleValues UserOracle(const ModelStore& model, const std::string& user_id,
                        const std::string& visitor_id, Micros now) {
  OracleValues values;
  const std::vector<Event> events = model.EventsOf(user_id, visitor_id);
  if (events.empty()) return values;
  AddVisits(events, now, values);
  AddCounts(events, now, values);
  AddTastes(model, events, model.History(user_id, visitor_id), values);
  AddSessions(events, values);
  AddMoney(events, now, values);
  return values;
}

}  // namespace vitrine::testing
