#include "cli/insight_json.h"

#include <nlohmann/json.hpp>

#include "vitrine/feature_store/event.h"

namespace vitrine::cli {
namespace {

using Json = nlohmann::ordered_json;

Json ToJson(const PeriodSummary& period) {
  return {{"shoppers", period.shoppers},
          {"sessions", period.sessions},
          {"orders", period.orders},
          {"priced_orders", period.priced_orders},
          {"value_micros", period.value_micros}};
}

Json ToJson(const InsightOverview& overview) {
  return {{"events", overview.num_events},
          {"first_event_us", overview.first_event_us},
          {"last_event_us", overview.last_event_us},
          {"buyers", overview.num_buyers},
          {"repeat_buyers", overview.num_repeat_buyers},
          {"returns", overview.num_returns},
          {"orders_without_value", overview.orders_without_value},
          {"orders_in_other_currencies", overview.orders_in_other_currencies},
          {"all", ToJson(overview.all)},
          {"recent", ToJson(overview.recent)},
          {"before", ToJson(overview.before)}};
}

Json ToJson(const Segment& segment) {
  const SegmentMovement& movement = segment.movement;
  return {{"name", segment.name},
          {"description", segment.description},
          {"size", segment.size},
          {"buyers", segment.num_buyers},
          {"priced_orders", segment.priced_orders},
          {"value_micros", segment.value_micros},
          {"value_share", segment.value_share},
          {"days_since_seen", segment.days_since_seen},
          {"days_since_order", segment.days_since_order},
          {"mean_order_micros", segment.mean_order_micros},
          {"typical_order_micros", segment.typical_order_micros},
          {"orders", segment.orders},
          {"views", segment.views},
          {"carts", segment.carts},
          {"sessions", segment.sessions},
          {"active_days", segment.active_days},
          {"stayed", movement.stayed},
          {"came", movement.came},
          {"new", movement.is_new},
          {"left", movement.left}};
}

Json ToJson(const Segmentation& segmentation) {
  Json json = {{"silhouette", segmentation.silhouette},
               {"features", segmentation.features},
               {"segments", Json::array()},
               {"moves", segmentation.moves},
               {"trials", Json::array()}};
  for (const Segment& segment : segmentation.segments) json["segments"].push_back(ToJson(segment));
  for (const ClusterTrial& trial : segmentation.trials) {
    json["trials"].push_back({{"segments", trial.num_clusters},
                              {"inertia", trial.inertia},
                              {"silhouette", trial.silhouette}});
  }
  return json;
}

// Cells with nobody in them are left out.
Json ToJson(const RfmGrid& grid) {
  Json json = {{"buyers", grid.num_buyers}, {"cells", Json::object()}, {"groups", Json::array()}};
  for (std::size_t r = 0; r < kRfmScores; ++r) {
    for (std::size_t f = 0; f < kRfmScores; ++f) {
      for (std::size_t m = 0; m < kRfmScores; ++m) {
        if (grid.counts[r][f][m] == 0) continue;
        const std::string name =
            std::to_string(r + 1) + std::to_string(f + 1) + std::to_string(m + 1);
        json["cells"][name] = grid.counts[r][f][m];
      }
    }
  }
  for (const RfmGroup& group : grid.groups) {
    json["groups"].push_back({{"name", std::string(group.name)},
                              {"size", group.size},
                              {"value_micros", group.value_micros}});
  }
  return json;
}

Json ToJson(const FunnelRow& row) {
  return {{"name", row.name},
          {"sessions", row.sessions},
          {"viewed", row.viewed},
          {"carted", row.carted},
          {"ordered", row.ordered},
          {"viewed_and_carted", row.viewed_and_carted},
          {"carted_and_ordered", row.carted_and_ordered},
          {"viewed_and_ordered", row.viewed_and_ordered}};
}

Json ToJson(const std::vector<FunnelRow>& rows) {
  Json json = Json::array();
  for (const FunnelRow& row : rows) json.push_back(ToJson(row));
  return json;
}

Json ToJson(const OrderPaths& paths) {
  Json json = {{"orders", paths.num_orders}, {"distinct", paths.num_paths}, {"top", Json::array()}};
  for (const OrderPath& path : paths.paths) {
    Json steps = Json::array();
    for (const EventType step : path.steps) steps.push_back(std::string(Name(step)));
    json["top"].push_back({{"steps", steps},
                           {"cut", path.is_cut},
                           {"orders", path.orders},
                           {"median_minutes", path.median_minutes}});
  }
  return json;
}

Json ToJson(const CohortTable& table) {
  Json json = Json::array();
  for (const Cohort& cohort : table.cohorts) {
    json.push_back({{"month", cohort.month}, {"active", cohort.active}});
  }
  return json;
}

}  // namespace

std::string InsightJson(const Insight& insight) {
  const Json json = {{"as_of_us", insight.shoppers.as_of_us},
                     {"time_zone", insight.time_zone},
                     {"min_group", insight.min_group},
                     {"withheld", insight.num_withheld},
                     {"currency", insight.shoppers.currency},
                     {"overview", ToJson(insight.overview)},
                     {"segmentation", ToJson(insight.segmentation)},
                     {"rfm", ToJson(insight.rfm)},
                     {"funnel",
                      {{"total", ToJson(insight.funnel.total)},
                       {"by_day", ToJson(insight.funnel.by_day)},
                       {"by_category", ToJson(insight.funnel.by_category)},
                       {"by_segment", ToJson(insight.funnel.by_segment)}}},
                     {"paths", ToJson(insight.paths)},
                     {"order_cohorts", ToJson(insight.order_cohorts)},
                     {"visit_cohorts", ToJson(insight.visit_cohorts)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace vitrine::cli
