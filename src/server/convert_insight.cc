#include "server/convert_insight.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "server/convert_feature.h"
#include "server/status.h"
#include "server/wire.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

template <typename Count>
std::int64_t ToCount(Count count) {
  return static_cast<std::int64_t>(count);
}

constexpr int kDefaultReasons = 5;

v1::PurchaseReason ToProto(const PurchaseReason& reason) {
  v1::PurchaseReason message;
  message.set_log_odds(reason.log_odds);
  switch (reason.kind) {
    case PurchaseReason::Kind::kFeature: {
      const bool is_count = std::holds_alternative<std::int64_t>(reason.feature.value);
      SetFeature(reason.feature, is_count ? FeatureType::kInteger : FeatureType::kNumber,
                 *message.mutable_feature());
      break;
    }
    case PurchaseReason::Kind::kEvent:
      message.mutable_event()->set_type(static_cast<v1::EventType>(reason.type));
      *message.mutable_event()->mutable_time() = ToTimestamp(reason.time_us);
      message.mutable_event()->set_item_id(reason.item_id);
      break;
    case PurchaseReason::Kind::kPause:
      *message.mutable_pause_since() = ToTimestamp(reason.time_us);
      break;
  }
  return message;
}

v1::PurchaseForecast ToProto(const PurchaseForecast& forecast) {
  v1::PurchaseForecast message;
  message.set_probability(forecast.probability);
  message.set_base_log_odds(forecast.base_log_odds);
  message.set_other_log_odds(forecast.other_log_odds);
  for (const PurchaseReason& reason : forecast.reasons) *message.add_reasons() = ToProto(reason);
  return message;
}

}  // namespace

absl::StatusOr<PurchaseRequest> FromProto(const v1::PredictPurchaseRequest& message) {
  PurchaseRequest request{.user_id = message.user_id(), .visitor_id = message.visitor_id()};
  std::vector<FieldViolation> violations;
  if (message.user_id().empty() && message.visitor_id().empty()) {
    violations.push_back(
        {.field = "user_id",
         .description = "neither user_id nor visitor_id is set; give one or both"});
  }
  constexpr auto kMost = static_cast<int>(kMaxPurchaseReasons);
  if (message.max_reasons() > kMost) {
    violations.push_back(
        {.field = "max_reasons",
         .description = absl::StrFormat("is %d; must be 1 to %d, 0 for %d, or below 0 for none",
                                        message.max_reasons(), kMost, kDefaultReasons)});
  }
  const auto token = ParseConsistencyToken(message.min_consistency_token());
  if (!token) violations.push_back({.field = "min_consistency_token", .description = kBadToken});
  VITRINE_RETURN_IF_ERROR(BadRequestStatus(violations));
  const int wanted = message.max_reasons() == 0 ? kDefaultReasons : message.max_reasons();
  request.num_reasons = static_cast<std::size_t>(std::max(wanted, 0));
  request.min_sequence = *token;
  return request;
}

void SetForecast(const PurchaseReply& reply, v1::PredictPurchaseResponse& message) {
  if (reply.session.has_value()) *message.mutable_session() = ToProto(*reply.session);
  if (reply.shopper.has_value()) *message.mutable_shopper() = ToProto(*reply.shopper);
  message.set_horizon_days(reply.horizon_days);
  if (reply.next.has_value()) {
    constexpr std::array<v1::NextEventOdds::Kind, kNumNextEvents> kKinds = {
        v1::NextEventOdds::KIND_VIEW, v1::NextEventOdds::KIND_CART, v1::NextEventOdds::KIND_ORDER,
        v1::NextEventOdds::KIND_LEAVE};
    std::vector<v1::NextEventOdds> all;
    for (std::size_t i = 0; i < kKinds.size(); ++i) {
      all.emplace_back().set_kind(kKinds.at(i));
      all.back().set_probability(reply.next->at(i));
    }
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
      return a.probability() > b.probability();
    });
    for (const v1::NextEventOdds& one : all) *message.add_next_events() = one;
  }
  message.set_session_event_count(static_cast<std::int32_t>(reply.num_session_events));
  message.set_model_version(reply.model_version);
  message.set_consistency_token(ConsistencyToken(reply.sequence));
}

absl::StatusOr<PlacementReportOptions> FromProto(const v1::GetPlacementReportRequest& message) {
  PlacementReportOptions options;
  std::vector<FieldViolation> violations;
  const auto read_time = [&](const char* field, const auto& time, Micros& moment) {
    const auto read = FromTimestamp(time);
    if (!read) {
      violations.push_back({.field = field, .description = "is no valid time after 1970"});
    }
    moment = read.value_or(0);
  };
  if (message.has_start_time()) read_time("start_time", message.start_time(), options.since_us);
  if (message.has_end_time()) read_time("end_time", message.end_time(), options.until_us);
  if (violations.empty() && message.has_end_time() && options.until_us <= options.since_us) {
    violations.push_back({.field = "end_time", .description = "must be after start_time"});
  }
  if (message.has_attribution_days()) options.attribution_days = message.attribution_days();
  if (!(options.attribution_days >= 0 && options.attribution_days <= kMaxAttributionDays)) {
    violations.push_back(
        {.field = "attribution_days",
         .description = absl::StrFormat("is %g; must be 0 to %g", options.attribution_days,
                                        kMaxAttributionDays)});
  }
  VITRINE_RETURN_IF_ERROR(BadRequestStatus(violations));
  return options;
}

void SetPlacementReport(const PlacementReport& report, v1::GetPlacementReportResponse& message) {
  for (const PlacementFigures& row : report.figures) {
    v1::PlacementFigures& added = *message.add_figures();
    added.set_placement(row.placement);
    added.set_model_version(row.model_version);
    added.set_impression_count(ToCount(row.num_impressions));
    added.set_shown_item_count(ToCount(row.num_shown_items));
    added.set_click_count(ToCount(row.num_clicks));
    added.set_click_through_rate(row.ClickThroughRate());
    added.set_cart_count(ToCount(row.num_carts));
    added.set_purchase_count(ToCount(row.num_purchases));
    added.set_conversion_rate(row.ConversionRate());
    for (const auto& [currency, micros] : row.revenue) {
      *added.add_revenue() = ToProto(Money{micros, currency});
    }
    added.set_mean_click_position(row.MeanClickPosition());
    added.set_explored_impression_count(ToCount(row.num_explored_impressions));
  }
  message.set_foreign_token_count(ToCount(report.num_foreign_tokens));
  message.set_event_count(ToCount(report.num_events));
}

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
  }
  if (segment.priced_orders > 0) {
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
