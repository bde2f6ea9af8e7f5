#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/thread_pool.h"
#include "vitrine/feature_store/behaviour/visits_and_orders.h"
#include "vitrine/feature_store/feature_store.h"
#include "vitrine/insight/journeys.h"
#include "vitrine/insight/rfm.h"
#include "vitrine/insight/segments.h"
#include "vitrine/insight/shopper.h"

namespace vitrine {

struct InsightOptions {
  Micros as_of_us = 0;            // Later events are left out; 0: as of the latest event.
  std::string time_zone = "UTC";  // Of days and months: a name such as "Europe/London".
  double session_gap_minutes = kSessionGapMinutes;  // A longer pause ends a visit. > 0
  double taste_half_life_days = 90;                 // Of what counts for favourite categories. > 0
  std::size_t num_segments = 0;  // 0: chosen from the range below, by `criterion`.
  std::size_t min_segments = 3;  // Two are buyers and others, which is no news. >= 2
  std::size_t max_segments = 8;  // More are read by nobody. >= min_segments
  ClusterCriterion criterion = ClusterCriterion::kSilhouette;
  std::uint64_t seed = 1;
  double movement_days = 30;        // Segments are compared with those so long ago. > 0
  std::size_t funnel_days = 90;     // Days of Funnel::by_day.
  std::size_t max_categories = 20;  // Of Funnel::by_category.
  std::size_t max_paths = 20;       // Of OrderPaths.
  std::size_t max_path_steps = 8;   // Of one path, the last ones. >= 1
  // Groups of fewer shoppers are left out, or made part of others, so that nobody can be told from
  // a group: docs/insight.md. 1: none are. The figures of the shop as a whole always stay.
  std::size_t min_group = 1;
  const std::atomic<bool>* is_cancelled = nullptr;  // May be null; then CANCELLED is returned.
};

// What happened in a stretch of time, its end included.
struct PeriodSummary {
  std::uint64_t shoppers = 0;  // With a visit.
  std::uint64_t sessions = 0;  // By when they began.
  std::uint64_t orders = 0;
  std::uint64_t priced_orders = 0;  // Those whose value is known, in the report's currency.
  std::int64_t value_micros = 0;    // Of all priced orders.

  // 0 without any.
  double MeanOrderMicros() const {
    return priced_orders == 0
               ? 0
               : static_cast<double>(value_micros) / static_cast<double>(priced_orders);
  }
};

struct InsightOverview {
  std::uint64_t num_events = 0;
  Micros first_event_us = 0;
  Micros last_event_us = 0;
  std::uint64_t num_buyers = 0;
  std::uint64_t num_repeat_buyers = 0;  // With two orders or more.
  std::uint64_t num_returns = 0;
  PeriodSummary all{};
  PeriodSummary recent{};  // The last movement_days,
  PeriodSummary before{};  // and as many before.
  std::uint64_t orders_without_value = 0;
  std::uint64_t orders_in_other_currencies = 0;  // Counted, but their money is not.
};

// What a shop knows of its shoppers, as of one moment; a value, safe to read from many threads.
// Memory: about 200 bytes and the id per shopper.
struct Insight {
  std::string time_zone{};
  std::size_t min_group = 1;
  std::size_t num_withheld = 0;  // Rows and cells that are 0 or missing, since they were of fewer.
  double movement_days = 0;
  InsightOverview overview{};
  ShopperTable shoppers{};
  Segmentation segmentation{};
  RfmGrid rfm{};
  Funnel funnel{};
  OrderPaths paths{};
  CohortTable order_cohorts{};
  CohortTable visit_cohorts{};
  // Rows of shoppers.rows, by id: users, and visitors that are no user.
  std::unordered_map<std::string, std::uint32_t> row_of_user{};
  std::unordered_map<std::string, std::uint32_t> row_of_visitor{};
};

// Reads the log once and works everything out, on `pool`'s threads; the same result at any number
// of them. Takes seconds per million events, and 60 bytes of memory an event while it runs.
//
// Errors: INVALID_ARGUMENT an option out of range or a time zone that is not known;
// FAILED_PRECONDITION the store has no event up to `as_of_us`; CANCELLED it was asked for, within
// about a second per million events; those of FeatureStore::ReadEvents.
absl::StatusOr<Insight> MakeInsight(const FeatureStore& store, const InsightOptions& options,
                                    ThreadPool& pool);

// One shopper as the report knows them.
struct UserProfile {
  ShopperSummary features{};
  std::string segment{};  // Name, or kNoSegment.
  RfmScore rfm{};
  std::string rfm_group{};                                   // Empty: no buyer.
  std::vector<std::pair<std::string, double>> favourites{};  // Category and share.
  struct Need {
    std::string item_id{};
    std::string title{};
    RepeatNeed when{};
  };
  std::vector<Need> needs{};  // The soonest due first.
  Micros next_order_us = 0;   // Last order + median gap; 0: fewer than two orders.
};

// NOT_FOUND: neither id is that of a shopper with an event up to the report's moment. The user wins
// when both are known.
absl::StatusOr<UserProfile> GetUserProfile(const Insight& insight, const std::string& user_id,
                                           const std::string& visitor_id);

}  // namespace vitrine
