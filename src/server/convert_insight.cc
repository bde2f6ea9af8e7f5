#include "server/convert_insight.h"

#include <cmath>
#include <string>

#include "server/wire.h"

namespace vitrine {
namespace {

template <typename Count>
std::int64_t ToCount(Count count) {
  return static_cast<std::int64_t>(count);
}

}  // namespace

void SetReportInfo(const InsightReports::Report& report, v1::ReportInfo& message) {
  const Insight& insight = report.insight;
  *message.mutable_as_of_time() = ToTimestamp(insight.shoppers.as_of_us);
  *message.mutable_make_time() = ToTimestamp(report.made_us);
  message.set_event_count(ToCount(insight.overview.num_events));
  message.set_shopper_count(ToCount(insight.shoppers.rows.size()));
  message.set_currency_code(insight.shoppers.currency);
}

v1::FunnelRow ToProto(const FunnelRow& row) {
  v1::FunnelRow message;
  message.set_name(row.name);
  message.set_visit_count(ToCount(row.sessions));
  message.set_viewed_count(ToCount(row.viewed));
  message.set_carted_count(ToCount(row.carted));
  message.set_ordered_count(ToCount(row.ordered));
  message.set_view_to_cart(row.ViewToCart());
  message.set_cart_to_order(row.CartToOrder());
  message.set_view_to_order(row.ViewToOrder());
  return message;
}

v1::Path ToProto(const OrderPath& path) {
  v1::Path message;
  for (const EventType type : path.steps) message.add_steps(static_cast<v1::EventType>(type));
  message.set_cut(path.is_cut);
  message.set_order_count(ToCount(path.orders));
  message.set_share(path.share);
  message.set_median_minutes(path.median_minutes);
  return message;
}

v1::Segment ToProto(const Segment& segment, const std::string& currency) {
  v1::Segment message;
  message.set_name(segment.name);
  message.set_description(segment.description);
  message.set_shopper_count(ToCount(segment.size));
  message.set_share(segment.share);
  message.set_value_share(segment.value_share);
  message.set_buyer_count(ToCount(segment.num_buyers));
  message.set_days_since_seen(segment.days_since_seen);
  message.set_days_since_order(segment.days_since_order);
  if (!currency.empty()) {
    *message.mutable_value() = ToProto(Money{segment.value_micros, currency});
    *message.mutable_average_order() =
        ToProto(Money{std::llround(segment.mean_order_micros), currency});
  }
  message.set_orders_per_shopper(segment.orders);
  message.set_views_per_shopper(segment.views);
  message.set_carts_per_shopper(segment.carts);
  message.set_visits_per_shopper(segment.sessions);
  message.set_active_days_per_shopper(segment.active_days);
  v1::SegmentMovement& movement = *message.mutable_movement();
  movement.set_stayed_count(ToCount(segment.movement.stayed));
  movement.set_came_count(ToCount(segment.movement.came));
  movement.set_new_count(ToCount(segment.movement.is_new));
  movement.set_left_count(ToCount(segment.movement.left));
  return message;
}

void SetProfile(const UserProfile& profile, v1::GetUserProfileResponse& message) {
  message.set_segment(profile.segment);
  v1::RfmScore& rfm = *message.mutable_rfm();
  rfm.set_recency(profile.rfm.recency);
  rfm.set_frequency(profile.rfm.frequency);
  rfm.set_monetary(profile.rfm.monetary);
  rfm.set_group(profile.rfm_group);
  for (const auto& [category, share] : profile.favourites) {
    v1::FavouriteCategory& favourite = *message.add_favourite_categories();
    favourite.set_category(category);
    favourite.set_share(share);
  }
  for (const UserProfile::Need& need : profile.needs) {
    v1::RepeatNeed& added = *message.add_needs();
    added.set_item_id(need.item_id);
    added.set_title(need.title);
    added.set_purchase_count(static_cast<std::int32_t>(need.when.num_purchases));
    added.set_gap_days(need.when.gap_days);
    *added.mutable_last_time() = ToTimestamp(need.when.last_us);
    *added.mutable_due_time() = ToTimestamp(need.when.due_us);
  }
  if (profile.next_order_us != 0) {
    *message.mutable_next_order_time() = ToTimestamp(profile.next_order_us);
  }
}

}  // namespace vitrine
