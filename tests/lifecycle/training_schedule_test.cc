#include "vitrine/lifecycle/training_schedule.h"

#include <gtest/gtest.h>

#include "testing/status_matchers.h"

namespace vitrine {
namespace {

using testing::IsOk;
using testing::StatusIs;

constexpr Micros kHour = 3'600 * kMicrosPerSecond;
constexpr Micros kNoon = 20'000 * 24 * kHour + 12 * kHour;  // Of a day in 2024.

TEST(TrainingScheduleTest, AnIntervalCountsFromTheLastTraining) {
  EXPECT_EQ(NextTraining({.every_hours = 1.5}, kNoon), kNoon + kHour + kHour / 2);
}

TEST(TrainingScheduleTest, ATimeOfDayIsTodayOrTomorrow) {
  EXPECT_EQ(NextTraining({.time_of_day_us = 13 * kHour}, kNoon), kNoon + kHour);
  EXPECT_EQ(NextTraining({.time_of_day_us = 3 * kHour}, kNoon), kNoon + 15 * kHour);
  EXPECT_EQ(NextTraining({.time_of_day_us = 12 * kHour}, kNoon), kNoon + 24 * kHour);
}

TEST(TrainingScheduleTest, OfBothTheFirstCounts) {
  EXPECT_EQ(NextTraining({.every_hours = 2, .time_of_day_us = 13 * kHour}, kNoon), kNoon + kHour);
  EXPECT_EQ(NextTraining({.every_hours = 0.5, .time_of_day_us = 13 * kHour}, kNoon),
            kNoon + kHour / 2);
}

TEST(TrainingScheduleTest, NothingIsScheduledByDefault) {
  EXPECT_TRUE(TrainingSchedule{}.is_empty());
  EXPECT_FALSE(TrainingSchedule{.every_hours = 1}.is_empty());
  EXPECT_FALSE(TrainingSchedule{.time_of_day_us = 0}.is_empty());
}

TEST(NewEventsTest, BeforeAnyTrainingAllAreNew) { EXPECT_EQ(NewEvents().Count(70), 70u); }

TEST(NewEventsTest, ATrainingBeginsTheCountAnew) {
  NewEvents events;
  EXPECT_EQ(events.Count(70), 70u);
  events.Begin(75);
  EXPECT_EQ(events.Count(75), 0u);
  EXPECT_EQ(events.Count(90), 15u);
}

TEST(NewEventsTest, WhatIsForgottenMakesTheNewOnesNoFewer) {
  NewEvents events;
  events.Begin(100);
  EXPECT_EQ(events.Count(110), 10u);
  EXPECT_EQ(events.Count(40), 10u);  // 70 old ones went.
  EXPECT_EQ(events.Count(45), 15u);
  EXPECT_EQ(events.Count(5), 5u);  // All of the old ones did, and new ones.
}

TEST(NewEventsTest, WhatAVersionFromElsewhereLearnedFromIsNotNew) {
  NewEvents events;
  events.Begin(100);
  events.Learned(90, 150);  // It was trained before.
  EXPECT_EQ(events.Count(150), 50u);
  events.Learned(140, 150);
  EXPECT_EQ(events.Count(150), 10u);
  events.Learned(9'999, 160);  // Of a larger store.
  EXPECT_EQ(events.Count(160), 0u);
  EXPECT_EQ(events.Count(161), 1u);
}

TEST(TrainingScheduleTest, TimesOfDayAreReadAndOthersRefused) {
  EXPECT_EQ(*ParseTimeOfDay("00:00"), 0);
  EXPECT_EQ(*ParseTimeOfDay("03:30"), 3 * kHour + kHour / 2);
  EXPECT_THAT(ParseTimeOfDay("23:59"), IsOk());
  for (const char* wrong : {"", "3:30", "24:00", "12:60", "12-30", "12:3O", "012:30", "-1:30"}) {
    EXPECT_THAT(ParseTimeOfDay(wrong), StatusIs(absl::StatusCode::kInvalidArgument)) << wrong;
  }
}

}  // namespace
}  // namespace vitrine
