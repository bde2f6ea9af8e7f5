#include <algorithm>
#include <optional>
#include <string>

#include "feature_store/behaviour/user_feature_parts.h"

namespace vitrine {
namespace {

constexpr char kRecentSteps[] = "latest 128 events";
constexpr double kMillion = 1e6;

FeatureValue Amount(std::int64_t millionths) {
  if (millionths < 0) return {};
  return static_cast<double>(millionths) / kMillion;
}

// The mean pause between two orders; nothing before the second.
std::optional<double> OrderGapDays(const OrderFacts& orders) {
  if (orders.num_orders < 2) return std::nullopt;
  return Days(orders.last_us - orders.first_us) / (orders.num_orders - 1);
}

std::string PathText(std::uint64_t path) {
  std::string text;
  for (int shift = 4 * (static_cast<int>(kMaxPathSteps) - 1); shift >= 0; shift -= 4) {
    const std::uint64_t type = path >> shift & 0xF;
    if (type == 0) continue;
    if (!text.empty()) text += " > ";
    text += Name(static_cast<EventType>(type));
  }
  return text;
}

}  // namespace

std::vector<UserFeature> SessionFeatures() {
  constexpr FeatureKind kCounts = {FeatureType::kInteger, "sessions", kRecentSteps, kSessionPart};
  constexpr FeatureKind kMinutes = {FeatureType::kNumber, "minutes", kRecentSteps, kSessionPart};
  constexpr FeatureKind kDepth = {FeatureType::kNumber, "events", kRecentSteps, kSessionPart};
  constexpr FeatureKind kShares = {FeatureType::kNumber, "1", kRecentSteps, kSessionPart};
  constexpr FeatureKind kPath = {FeatureType::kText, "", kRecentSteps, kSessionPart};
  return {
      Make(
          "sessions", kCounts, "Visits: events with no more than 30 minutes between them.",
          [](const UserFacts& f) -> FeatureValue { return std::int64_t{f.sessions.num_sessions}; }),
      Make("session_minutes", kMinutes, "Mean time from a session's first event to its last.",
           [](const UserFacts& f) {
             return Ratio(static_cast<double>(f.sessions.total_us) / kMicrosPerMinute,
                          f.sessions.num_sessions);
           }),
      Make(
          "session_depth", kDepth, "Mean number of events of a session.",
          [](const UserFacts& f) { return Ratio(f.sessions.num_events, f.sessions.num_sessions); }),
      Make("cart_abandonment_rate", kShares,
           "Share of the sessions that put something into the cart and did not order.",
           [](const UserFacts& f) {
             return Ratio(f.sessions.with_cart_alone, f.sessions.with_cart);
           }),
      Make(
          "ordering_session_rate", kShares, "Share of the sessions with an order.",
          [](const UserFacts& f) { return Ratio(f.sessions.with_order, f.sessions.num_sessions); }),
      Make("minutes_to_order", kMinutes,
           "Mean time from the beginning of a session to its first order.",
           [](const UserFacts& f) {
             return Ratio(static_cast<double>(f.sessions.total_to_order_us) / kMicrosPerMinute,
                          f.sessions.with_order);
           }),
      Make("typical_order_path", kPath,
           "The most frequent sequence of up to 6 kinds of event, repeats as one, that ended in an "
           "order within a session.",
           [](const UserFacts& f) -> FeatureValue {
             if (f.sessions.num_paths == 0) return {};
             return PathText(f.sessions.typical_path);
           }),
      Make("typical_order_path_share", kShares,
           "Share of the orders that typical_order_path led to.",
           [](const UserFacts& f) { return Ratio(f.sessions.num_typical, f.sessions.num_paths); }),
  };
}

namespace {

std::vector<UserFeature> OrderFeatures() {
  constexpr FeatureKind kOrders = {FeatureType::kInteger, "orders", kAllTime, kOrderPart};
  constexpr FeatureKind kDays = {FeatureType::kNumber, "days", kAllTime, kOrderPart};
  return {
      Make("orders", kOrders, "Orders; the frequency of RFM.",
           [](const UserFacts& f) -> FeatureValue { return std::int64_t{f.orders.num_orders}; }),
      Make("orders_30d", {FeatureType::kInteger, "orders", "30 days", kOrderPart},
           "Orders within 30 days.",
           [](const UserFacts& f) -> FeatureValue { return std::int64_t{f.orders.num_30d}; }),
      Make("orders_90d", {FeatureType::kInteger, "orders", "90 days", kOrderPart},
           "Orders within 90 days.",
           [](const UserFacts& f) -> FeatureValue { return std::int64_t{f.orders.num_90d}; }),
      Make("orders_365d", {FeatureType::kInteger, "orders", "365 days", kOrderPart},
           "Orders within 365 days.",
           [](const UserFacts& f) -> FeatureValue { return std::int64_t{f.orders.num_365d}; }),
      Make("days_since_last_order", kDays, "Days since the last order; the recency of RFM.",
           [](const UserFacts& f) -> FeatureValue {
             if (f.orders.num_orders == 0) return {};
             return DaysUntilNow(f, f.orders.last_us);
           }),
      Make("days_between_orders", kDays, "Mean time from an order to the next.",
           [](const UserFacts& f) -> FeatureValue {
             const auto gap = OrderGapDays(f.orders);
             return gap.has_value() ? FeatureValue(*gap) : FeatureValue();
           }),
      Make("expected_days_to_next_order", kDays,
           "days_between_orders less days_since_last_order, not below 0.",
           [](const UserFacts& f) -> FeatureValue {
             const auto gap = OrderGapDays(f.orders);
             if (!gap.has_value()) return {};
             return std::max(0.0, *gap - DaysUntilNow(f, f.orders.last_us));
           }),
      Make("orders_per_30_days", {FeatureType::kNumber, "orders", kAllTime, kOrderPart},
           "Order frequency: orders by 30 days since the first order, of which one day at least.",
           [](const UserFacts& f) -> FeatureValue {
             if (f.orders.num_orders == 0) return {};
             return 30.0 * f.orders.num_orders / std::max(1.0, DaysUntilNow(f, f.orders.first_us));
           }),
  };
}

}  // namespace

std::vector<UserFeature> MoneyFeatures() {
  constexpr FeatureKind kMoney = {FeatureType::kNumber, "currency units", kAllTime, kOrderPart};
  std::vector<UserFeature> features = OrderFeatures();
  const UserFeature amounts[] = {
      Make("revenue", kMoney, "What all orders came to, where known; the monetary value of RFM.",
           [](const UserFacts& f) -> FeatureValue {
             if (f.orders.num_with_value == 0) return {};
             return f.orders.total / kMillion;
           }),
      Make("revenue_365d", {FeatureType::kNumber, "currency units", "365 days", kOrderPart},
           "What the orders within 365 days came to, where known.",
           [](const UserFacts& f) -> FeatureValue {
             if (f.orders.num_with_value == 0) return {};
             return f.orders.total_365d / kMillion;
           }),
      Make("average_order_value", kMoney, "Mean of what an order came to, where known.",
           [](const UserFacts& f) {
             return Ratio(f.orders.total / kMillion, f.orders.num_with_value);
           }),
      Make("max_order_value", kMoney, "The most that an order came to.",
           [](const UserFacts& f) { return Amount(f.orders.largest); }),
      Make("last_order_value", kMoney, "What the last order came to.",
           [](const UserFacts& f) { return Amount(f.orders.last_value); }),
  };
  features.insert(features.end(), std::begin(amounts), std::end(amounts));
  return features;
}

}  // namespace vitrine
