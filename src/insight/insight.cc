#include "vitrine/insight/insight.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "insight/calendar.h"
#include "insight/cohorts.h"
#include "insight/funnel.h"
#include "insight/order_paths.h"
#include "insight/segments.h"
#include "insight/sessions.h"
#include "insight/shopper_table.h"
#include "insight/small_groups.h"
#include "insight/timelines.h"
#include "insight/words.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

constexpr double kMaxDays = 36'500;  // A hundred years: no stretch of time overflows.
constexpr std::size_t kMaxSegments = 50;

absl::Status CheckPositive(double value, double most, const char* name) {
  if (value > 0 && value <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("%s is %g; wants above 0, at most %g", name, value, most));
}

absl::Status CheckOptions(const InsightOptions& options) {
  constexpr double kMinutesPerDay = 1'440;
  VITRINE_RETURN_IF_ERROR(
      CheckPositive(options.session_gap_minutes, kMaxDays * kMinutesPerDay, "session_gap_minutes"));
  VITRINE_RETURN_IF_ERROR(
      CheckPositive(options.taste_half_life_days, kMaxDays, "taste_half_life_days"));
  VITRINE_RETURN_IF_ERROR(CheckPositive(options.movement_days, kMaxDays, "movement_days"));
  VITRINE_RETURN_IF_ERROR(
      CheckPositive(static_cast<double>(options.funnel_days), kMaxDays, "funnel_days"));
  VITRINE_RETURN_IF_ERROR(
      CheckPositive(static_cast<double>(options.max_path_steps), 1'000, "max_path_steps"));
  if (options.min_segments < 2 || options.max_segments < options.min_segments) {
    return absl::InvalidArgumentError(
        absl::StrFormat("segments from %d to %d; wants a range that starts at 2 or above",
                        options.min_segments, options.max_segments));
  }
  if (options.min_group == 0) {
    return absl::InvalidArgumentError("min_group is 0; wants 1, for every group, or more");
  }
  if (std::max(options.num_segments, options.max_segments) > kMaxSegments) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d segments; wants at most %d",
                        std::max(options.num_segments, options.max_segments), kMaxSegments));
  }
  return absl::OkStatus();
}

// CANCELLED once it was asked for. What is made between two of these takes no longer than the
// caller can wait.
absl::Status CheckWanted(const InsightOptions& options) {
  if (options.is_cancelled == nullptr || !*options.is_cancelled) return absl::OkStatus();
  return absl::CancelledError("the report was cancelled");
}

absl::StatusOr<Timelines> ReadTimelines(const FeatureStore& store, const InsightOptions& options) {
  TimelineBuilder builder(options.as_of_us, [&store](const std::string& visitor_id) {
    return store.UserOfVisitor(visitor_id);
  });
  VITRINE_RETURN_IF_ERROR(store.ReadEvents(0, [&](std::uint64_t, const Event& event) {
    builder.Add(event);
    return CheckWanted(options).ok();
  }));
  VITRINE_RETURN_IF_ERROR(CheckWanted(options));
  Timelines timelines = builder.Finish();
  VITRINE_RETURN_IF_ERROR(CheckWanted(options));
  if (timelines.num_events > 0) return timelines;
  return absl::FailedPreconditionError(
      options.as_of_us == 0 ? "the store has no events; record some (vitrine import) first"
                            : "the store has no events up to the moment asked for");
}

// What happened after `from_us`, up to `to_us`.
PeriodSummary Summarize(const Timelines& timelines, Micros session_gap_us, Micros from_us,
                        Micros to_us) {
  PeriodSummary sum;
  const auto is_within = [&](Micros time_us) { return time_us > from_us && time_us <= to_us; };
  for (std::size_t shopper = 0; shopper < timelines.num_shoppers(); ++shopper) {
    const std::uint64_t before = sum.sessions;
    ForEachSession(timelines.ActsOf(shopper), session_gap_us, [&](std::span<const Act> session) {
      sum.sessions += is_within(session.front().time_us) ? 1 : 0;
    });
    sum.shoppers += sum.sessions > before ? 1 : 0;
    for (const PlacedOrder& order : timelines.OrdersOf(shopper)) {
      if (!is_within(order.time_us)) continue;
      ++sum.orders;
      sum.priced_orders += order.has_value ? 1 : 0;
      sum.value_micros = AddMoney(sum.value_micros, order.value_micros);
    }
  }
  return sum;
}

InsightOverview MakeOverview(const Timelines& timelines, const ShopperTable& shoppers,
                             Micros session_gap_us, Micros period_us) {
  InsightOverview overview{.num_events = timelines.num_events,
                           .first_event_us = timelines.first_us,
                           .last_event_us = timelines.last_us,
                           .orders_without_value = timelines.orders_without_value,
                           .orders_in_other_currencies = timelines.orders_in_other_currencies};
  for (const ShopperSummary& row : shoppers.rows) {
    overview.num_buyers += row.orders > 0 ? 1 : 0;
    overview.num_repeat_buyers += row.orders > 1 ? 1 : 0;
    overview.num_returns += row.returns;
  }
  const Micros end = shoppers.as_of_us;
  overview.all = Summarize(timelines, session_gap_us, timelines.first_us - 1, end);
  overview.recent = Summarize(timelines, session_gap_us, end - period_us, end);
  overview.before = Summarize(timelines, session_gap_us, end - 2 * period_us, end - period_us);
  return overview;
}

// What the makers of segments, funnel and paths have not seen to themselves.
void WithholdSmallGroups(std::size_t min_group, Insight& insight) {
  insight.num_withheld +=
      insight.segmentation.num_withheld + insight.funnel.num_withheld + insight.paths.num_withheld;
  insight.num_withheld += WithholdFewMovers(min_group, insight.segmentation);
  insight.num_withheld += WithholdFewBuyers(min_group, insight.rfm);
  insight.num_withheld += WithholdFewReturners(min_group, insight.order_cohorts);
  insight.num_withheld += WithholdFewReturners(min_group, insight.visit_cohorts);
}

}  // namespace

absl::StatusOr<Insight> MakeInsight(const FeatureStore& store, const InsightOptions& options,
                                    ThreadPool& pool) {
  VITRINE_RETURN_IF_ERROR(CheckOptions(options));
  VITRINE_ASSIGN_OR_RETURN(const Calendar calendar, Calendar::Create(options.time_zone));
  VITRINE_ASSIGN_OR_RETURN(Timelines timelines, ReadTimelines(store, options));
  const Micros as_of_us = options.as_of_us != 0 ? options.as_of_us : timelines.last_us;
  const SummaryRules rules{
      .calendar = calendar,
      .session_gap_us = static_cast<Micros>(options.session_gap_minutes * kMicrosPerMinute),
      .taste_half_life_days = options.taste_half_life_days,
      .is_cancelled = options.is_cancelled};
  const auto period_us =
      static_cast<Micros>(options.movement_days * static_cast<double>(kMicrosPerDay));
  const ItemFacts items = LookUpItems(timelines.item_ids, store.catalogue());

  Insight insight{.time_zone = options.time_zone,
                  .min_group = options.min_group,
                  .movement_days = options.movement_days};
  insight.shoppers = {.as_of_us = as_of_us,
                      .currency = timelines.currency,
                      .rows = MakeShopperSummaries(timelines, items, rules, as_of_us, pool),
                      .item_ids = timelines.item_ids,
                      .item_titles = items.titles,
                      .categories = items.categories};
  VITRINE_RETURN_IF_ERROR(CheckWanted(options));
  insight.overview = MakeOverview(timelines, insight.shoppers, rules.session_gap_us, period_us);
  const Micros before_us = as_of_us - period_us;
  const auto before = MakeShopperSummaries(timelines, items, rules, before_us, pool);
  VITRINE_RETURN_IF_ERROR(CheckWanted(options));
  VITRINE_ASSIGN_OR_RETURN(insight.segmentation,
                           MakeSegments(insight.shoppers, before, before_us, options, pool));
  insight.rfm = MakeRfmGrid(insight.shoppers);
  insight.funnel = MakeFunnel(timelines, items, rules, insight.segmentation, options);
  VITRINE_RETURN_IF_ERROR(CheckWanted(options));
  insight.paths = MakeOrderPaths(timelines, rules.session_gap_us, options);
  VITRINE_RETURN_IF_ERROR(CheckWanted(options));
  insight.order_cohorts = MakeCohorts(timelines, calendar, CohortBasis::kFirstOrder);
  insight.visit_cohorts = MakeCohorts(timelines, calendar, CohortBasis::kFirstVisit);
  WithholdSmallGroups(options.min_group, insight);
  insight.row_of_user = std::move(timelines.user_rows);
  insight.row_of_visitor = std::move(timelines.visitor_rows);
  return insight;
}

absl::StatusOr<UserProfile> GetUserProfile(const Insight& insight, const std::string& user_id,
                                           const std::string& visitor_id) {
  const auto user = insight.row_of_user.find(user_id);
  const auto visitor = insight.row_of_visitor.find(visitor_id);
  if (user == insight.row_of_user.end() && visitor == insight.row_of_visitor.end()) {
    return absl::NotFoundError(
        absl::StrFormat("there is no shopper '%s' with an event in this report",
                        user_id.empty() ? visitor_id : user_id));
  }
  const std::uint32_t row = user != insight.row_of_user.end() ? user->second : visitor->second;
  const ShopperTable& shoppers = insight.shoppers;
  const Segmentation& made = insight.segmentation;
  UserProfile profile{
      .features = shoppers.rows[row],
      .segment = made.segments.empty() ? kNoSegment : made.segments[made.segment_of[row]].name,
      .rfm = insight.rfm.scores[row]};
  if (profile.rfm.IsBuyer()) {
    profile.rfm_group = RfmGroupName(profile.rfm.recency, profile.rfm.frequency);
  }
  for (const CategoryTaste& taste : profile.features.favourites) {
    profile.favourites.emplace_back(shoppers.categories[taste.category], taste.share);
  }
  for (const RepeatNeed& need : profile.features.needs) {
    profile.needs.push_back({.item_id = shoppers.item_ids[need.item],
                             .title = shoppers.item_titles[need.item],
                             .when = need});
  }
  if (profile.features.order_gap_days > 0) {
    const double gap_us = profile.features.order_gap_days * static_cast<double>(kMicrosPerDay);
    profile.next_order_us =
        profile.features.last_order_us + static_cast<Micros>(std::llround(gap_us));
  }
  return profile;
}

}  // namespace vitrine
