#include "feature_store/behaviour/feature_oracle.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "vitrine/feature_store/text.h"

namespace vitrine::testing {
namespace {

using Touch = ModelStore::Touch;

double Days(Micros span) { return static_cast<double>(span) / kMicrosPerDay; }

std::int64_t CountType(const std::vector<Event>& events, EventType type) {
  return std::count_if(events.begin(), events.end(),
                       [type](const Event& event) { return event.type == type; });
}

FeatureValue Divide(double part, double whole) {
  return whole == 0 ? FeatureValue() : FeatureValue(part / whole);
}

FeatureValue Top(const std::map<std::string, double>& weights) {
  WeightedNames names(weights.begin(), weights.end());
  std::stable_sort(names.begin(), names.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  if (names.size() > 5) names.resize(5);
  return names.empty() ? FeatureValue() : FeatureValue(names);
}

FeatureValue First(const FeatureValue& top) {
  const auto* names = std::get_if<WeightedNames>(&top);
  return names == nullptr ? FeatureValue() : FeatureValue(names->front().first);
}

// By time, those of one moment as in the log.
std::vector<Event> InOrder(std::vector<Event> events) {
  std::stable_sort(events.begin(), events.end(),
                   [](const Event& a, const Event& b) { return a.time_us < b.time_us; });
  return events;
}

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

// Days of `type` on the item among the `count` that end today.
std::int64_t OnItem(const std::vector<Event>& events, EventType type, Micros now, int count,
                    const std::string& item_id) {
  std::int64_t total = 0;
  for (const Event& event : events) {
    const std::int64_t age = now / kMicrosPerDay - event.time_us / kMicrosPerDay;
    if (event.type != type || age < 0 || age >= count) continue;
    for (const EventItem& item : event.items) total += item.item_id == item_id ? 1 : 0;
  }
  return total;
}

FeatureValue TrendOf(const std::vector<Event>& events, EventType type, Micros now,
                     const std::string& item_id) {
  std::vector<double> counts;  // Of each of 28 days, today last.
  for (int age = 27; age >= 0; --age) {
    const Micros day = now - age * kMicrosPerDay;
    counts.push_back(static_cast<double>(OnItem(events, type, day, 1, item_id)));
  }
  double sum_x = 0;
  double sum_y = 0;
  double sum_xx = 0;
  double sum_xy = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const auto x = static_cast<double>(i);
    sum_x += x;
    sum_y += counts[i];
    sum_xx += x * x;
    sum_xy += x * counts[i];
  }
  if (sum_y == 0) return {};
  const double n = 28;
  const double slope = (n * sum_xy - sum_x * sum_y) / (n * sum_xx - sum_x * sum_x);
  return slope / (sum_y / n);
}

FeatureValue CompanionsOf(const ModelStore& model, EventType type, const std::string& item_id) {
  std::vector<Event> touches;  // One for each time that the item is named.
  for (const Event& event : model.log()) {
    if (event.type != type) continue;
    for (const EventItem& item : event.items) {
      if (item.item_id == item_id) touches.push_back(event);
    }
  }
  touches = InOrder(touches);
  if (touches.size() > 50) touches.erase(touches.begin(), touches.end() - 50);
  std::set<std::string> owners;
  for (const Event& event : touches) owners.insert(model.OwnerName(event));
  std::map<std::string, double> counts;
  for (const std::string& owner : owners) {
    const bool is_visitor = owner.starts_with("visitor:");
    const std::string id = owner.substr(owner.find(':') + 1);
    const auto history = is_visitor ? model.History("", id) : model.History(id, "");
    std::set<std::string> others;
    for (const Touch& touch : history) {
      if (touch.type == type && touch.item != item_id) others.insert(touch.item);
    }
    for (const std::string& other : others) ++counts[other];
  }
  return Top(counts);
}

void AddCatalogue(const ModelStore& model, const std::string& item_id, OracleValues& values) {
  for (const char* name :
       {"item_price", "item_price_to_category", "item_stock", "item_category", "item_brand"}) {
    values[name] = FeatureValue();
  }
  const auto found = model.items().find(item_id);
  if (found == model.items().end()) return;
  const Item& item = found->second;
  if (item.stock.has_value()) values["item_stock"] = *item.stock;
  if (!item.brand.empty()) values["item_brand"] = item.brand;
  if (!item.categories.empty()) values["item_category"] = item.categories.front();
  if (!item.price.has_value()) return;
  const double price = static_cast<double>(item.price->micros) / 1e6;
  values["item_price"] = price;
  if (item.categories.empty()) return;
  std::vector<double> prices;
  for (const auto& [id, other] : model.items()) {
    const bool is_like =
        !other.categories.empty() && other.categories.front() == item.categories.front();
    if (is_like && other.price.has_value()) {
      prices.push_back(static_cast<double>(other.price->micros) / 1e6);
    }
  }
  std::sort(prices.begin(), prices.end());
  values["item_price_to_category"] = Divide(price, prices[(prices.size() - 1) / 2]);
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

OracleValues ItemOracle(const ModelStore& model, const std::string& item_id, Micros now) {
  OracleValues values;
  AddCatalogue(model, item_id, values);
  const auto found = model.items().find(item_id);
  Micros since = found != model.items().end() ? found->second.publish_time_us : 0;
  std::vector<Event> events;  // One for each time that the item is named.
  std::map<EventType, std::int64_t> pieces;
  double stars = 0;
  for (const Event& event : model.log()) {
    for (const EventItem& item : event.items) {
      if (item.item_id != item_id) continue;
      events.push_back(event);
      pieces[event.type] += item.quantity;
      stars += event.rating.value_or(0);
    }
  }
  if (!events.empty()) {
    const std::vector<Event> ordered = InOrder(events);
    if (since == 0) since = ordered.front().time_us;
    values["item_first_seen"] = ordered.front().time_us;
    values["item_last_seen"] = ordered.back().time_us;
    const std::map<std::string, EventType> counts = {
        {"item_views", EventType::kDetailPageView},
        {"item_carts", EventType::kAddToCart},
        {"item_purchases", EventType::kPurchaseComplete},
        {"item_impressions", EventType::kImpression},
        {"item_clicks", EventType::kRecommendationClick},
        {"item_not_interested", EventType::kNotInterested},
        {"item_ratings", EventType::kRate}};
    for (const auto& [name, type] : counts) values[name] = CountType(events, type);
    const auto number = [&](const char* name) {
      return static_cast<double>(std::get<std::int64_t>(values[name]));
    };
    values["item_pieces_sold"] = pieces[EventType::kPurchaseComplete];
    values["item_average_rating"] = Divide(stars, number("item_ratings"));
    values["item_click_through_rate"] = Divide(number("item_clicks"), number("item_impressions"));
    values["item_view_to_cart_rate"] = Divide(number("item_carts"), number("item_views"));
    values["item_conversion_rate"] = Divide(number("item_purchases"), number("item_views"));
    values["item_return_rate"] =
        Divide(static_cast<double>(pieces[EventType::kReturnComplete]), number("item_pieces_sold"));
    const auto& log = model.log();
    constexpr EventType kView = EventType::kDetailPageView;
    constexpr EventType kBuy = EventType::kPurchaseComplete;
    values["item_views_7d"] = OnItem(log, kView, now, 7, item_id);
    values["item_views_28d"] = OnItem(log, kView, now, 28, item_id);
    values["item_purchases_7d"] = OnItem(log, kBuy, now, 7, item_id);
    values["item_purchases_28d"] = OnItem(log, kBuy, now, 28, item_id);
    values["item_view_trend"] = TrendOf(log, kView, now, item_id);
    values["item_purchase_trend"] = TrendOf(log, kBuy, now, item_id);
    values["item_co_viewed"] = CompanionsOf(model, kView, item_id);
    values["item_co_bought"] = CompanionsOf(model, kBuy, item_id);
  }
  if (since != 0) values["item_age_days"] = std::max(0.0, Days(now - since));
  return values;
}

Event RandomBehaviour(Random& random, Micros now) {
  constexpr const char* kQueries[] = {"red mug", "blue cup", "green tea pot",
                                      "mug",     "tea",      "big red cup with a handle"};
  Event event{.type = static_cast<EventType>(1 + random.Below(13))};
  const std::uint64_t who = random.Below(4);
  if (who != 0) event.user_id = "user" + std::to_string(random.Below(3));
  if (who <= 1) event.visitor_id = "visitor" + std::to_string(random.Below(4));
  // Half of them just now, others late; whole minutes, so that some share a moment.
  const std::uint64_t late_minutes =
      random.Below(2) == 0 ? random.Below(90) : random.Below(100 * 24 * 60);
  event.time_us = now - static_cast<Micros>(late_minutes) * 60 * kMicrosPerSecond;
  if (random.Below(10) == 0) event.time_us = 0;
  if (event.type == EventType::kRate) event.rating = static_cast<double>(random.Below(51)) / 10;
  if (event.type == EventType::kSearch) event.search_query = kQueries[random.Below(6)];
  const std::uint64_t num_items = random.Below(4);
  for (std::uint64_t i = 0; i < num_items; ++i) {
    EventItem& item = event.items.emplace_back();
    item.item_id = "item" + std::to_string(random.Below(8));
    item.quantity = static_cast<std::uint32_t>(1 + random.Below(5));
    if (random.Below(2) == 0) {
      item.unit_price = Money{static_cast<std::int64_t>(random.Below(50'000'000)), "EUR"};
    }
  }
  if (random.Below(3) == 0) event.order_id = "order" + std::to_string(random.Below(20));
  if (random.Below(3) == 0) {
    event.revenue = Money{static_cast<std::int64_t>(random.Below(200'000'000)), "EUR"};
  }
  return event;
}

UpsertItems RandomCatalogue(Random& random, Micros now) {
  UpsertItems mutation;
  for (int i = 0; i < 3; ++i) {
    Item item{.id = "item" + std::to_string(random.Below(8)), .title = "a thing"};
    if (random.Below(5) != 0) item.categories = {"kind" + std::to_string(random.Below(3)), "all"};
    if (random.Below(3) != 0) item.brand = "brand" + std::to_string(random.Below(3));
    if (random.Below(4) != 0) {
      item.price = Money{static_cast<std::int64_t>(random.Below(90'000'000)), "EUR"};
    }
    if (random.Below(2) == 0) item.stock = static_cast<std::int64_t>(random.Below(30));
    if (random.Below(3) == 0) item.publish_time_us = now - 5 * kMicrosPerDay;
    mutation.items.push_back(item);
  }
  return mutation;
}

}  // namespace vitrine::testing
