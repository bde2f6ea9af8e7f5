#include <algorithm>
#include <set>
#include <vector>

#include "feature_store/behaviour/feature_oracle.h"
#include "feature_store/behaviour/oracle_parts.h"

namespace vitrine::testing {
namespace {

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
  const auto least = static_cast<double>(model.options().min_group);
  std::erase_if(counts, [least](const auto& entry) { return entry.second < least; });
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

void AddTrends(const ModelStore& model, const std::string& item_id, Micros now,
               OracleValues& values) {
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

}  // namespace

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
    AddTrends(model, item_id, now, values);
  }
  if (since != 0) values["item_age_days"] = std::max(0.0, Days(now - since));
  return values;
}

}  // namespace vitrine::testing
