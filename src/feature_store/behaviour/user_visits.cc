#include <algorithm>

#include "feature_store/behaviour/user_feature_parts.h"

namespace vitrine {
namespace {

FeatureValue ActiveDaysWithin(const UserFacts& facts, int days) {
  const std::int64_t today = DayOf(facts.now);
  return std::int64_t{facts.activity.days.Count(today - days + 1, today)};
}

// The fullest of `counts`, of equals the first.
template <typename Counts>
std::int64_t Fullest(const Counts& counts) {
  return std::max_element(counts.begin(), counts.end()) - counts.begin();
}

constexpr FeatureKind kTimes = {FeatureType::kTime, "microseconds since 1970", kAllTime};

}  // namespace

std::vector<UserFeature> VisitFeatures() {
  constexpr FeatureKind kDayNumber = {FeatureType::kNumber, "days", kAllTime};
  constexpr FeatureKind kDays = {FeatureType::kInteger, "days", kAllTime};
  return {
      Make("first_seen", kTimes, "When the shopper's first event happened.",
           [](const UserFacts& f) -> FeatureValue { return f.activity.first_us; }),
      Make("last_seen", kTimes, "When the shopper's last event happened.",
           [](const UserFacts& f) -> FeatureValue { return f.activity.last_us; }),
      Make("days_since_first_visit", kDayNumber, "Days since the first event.",
           [](const UserFacts& f) -> FeatureValue { return DaysUntilNow(f, f.activity.first_us); }),
      Make("days_since_last_visit", kDayNumber, "Days since the last event.",
           [](const UserFacts& f) -> FeatureValue { return DaysUntilNow(f, f.activity.last_us); }),
      Make(
          "active_days", kDays, "Days (UTC) with an event.",
          [](const UserFacts& f) -> FeatureValue { return std::int64_t{f.activity.days.Count()}; }),
      Make("active_days_7d", {FeatureType::kInteger, "days", "7 days"},
           "Days (UTC) with an event among the 7 that end today.",
           [](const UserFacts& f) { return ActiveDaysWithin(f, 7); }),
      Make("active_days_30d", {FeatureType::kInteger, "days", "30 days"},
           "Days (UTC) with an event among the 30 that end today.",
           [](const UserFacts& f) { return ActiveDaysWithin(f, 30); }),
      Make("active_days_90d", {FeatureType::kInteger, "days", "90 days"},
           "Days (UTC) with an event among the 90 that end today.",
           [](const UserFacts& f) { return ActiveDaysWithin(f, 90); }),
      Make("longest_active_run", kDays, "The most consecutive days (UTC) with an event each.",
           [](const UserFacts& f) -> FeatureValue {
             return std::int64_t{f.activity.days.LongestRun()};
           }),
      Make("current_active_run", kDays,
           "Consecutive days (UTC) with an event each, up to today or yesterday.",
           [](const UserFacts& f) -> FeatureValue {
             return std::int64_t{f.activity.days.CurrentRun(DayOf(f.now))};
           }),
      Make("usual_hour", {FeatureType::kInteger, "1", kAllTime},
           "The hour of the day (UTC, 0 to 23) with the most events; of equals the first.",
           [](const UserFacts& f) -> FeatureValue { return Fullest(f.activity.hours); }),
      Make("usual_weekday", {FeatureType::kInteger, "1", kAllTime},
           "The weekday (UTC, 1 Monday to 7 Sunday) with the most events; of equals the first.",
           [](const UserFacts& f) -> FeatureValue { return Fullest(f.activity.weekdays) + 1; }),
  };
}

}  // namespace vitrine
