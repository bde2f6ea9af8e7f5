#include "vitrine/nn/schedule.h"

#include <gtest/gtest.h>

#include <string>

#include "testing/status_matchers.h"

namespace vitrine::nn {
namespace {

using vitrine::testing::IsOk;
using vitrine::testing::StatusIs;

TEST(ScheduleTest, StepDecayIsAHyperbolaAndExponentialAPower) {
  const Schedule hyperbola{.kind = ScheduleKind::kStepDecay, .rate = 0.5, .decay = 0.25};
  const Schedule power{.kind = ScheduleKind::kExponential, .rate = 0.5, .decay = 0.5};

  EXPECT_DOUBLE_EQ(LearningRate(hyperbola, 0), 0.5);
  EXPECT_DOUBLE_EQ(LearningRate(hyperbola, 4), 0.25);
  EXPECT_DOUBLE_EQ(LearningRate(power, 3), 0.0625);
  EXPECT_DOUBLE_EQ(LearningRate({.rate = 0.5}, 1000), 0.5);
}

TEST(ScheduleTest, CosineFallsToItsFloorAndStaysThere) {
  const Schedule cosine{.kind = ScheduleKind::kCosine, .rate = 1, .floor = 0.2, .num_steps = 100};

  EXPECT_DOUBLE_EQ(LearningRate(cosine, 0), 1);
  EXPECT_NEAR(LearningRate(cosine, 50), 0.6, 1e-12);
  EXPECT_NEAR(LearningRate(cosine, 100), 0.2, 1e-12);
  EXPECT_NEAR(LearningRate(cosine, 130), 0.2, 1e-12);
  for (std::uint64_t step = 1; step <= 200; ++step) {
    EXPECT_LE(LearningRate(cosine, step), LearningRate(cosine, step - 1));
    EXPECT_GE(LearningRate(cosine, step), 0.2);
  }
}

TEST(ScheduleTest, WarmUpClimbsAlongALineToTheRate) {
  const Schedule schedule{
      .kind = ScheduleKind::kStepDecay, .rate = 1, .decay = 1, .warm_up_steps = 4};

  EXPECT_DOUBLE_EQ(LearningRate(schedule, 0), 0.25);
  EXPECT_DOUBLE_EQ(LearningRate(schedule, 3), 1);
  EXPECT_DOUBLE_EQ(LearningRate(schedule, 4), 1);
  EXPECT_DOUBLE_EQ(LearningRate(schedule, 5), 0.5);
}

class BadScheduleTest : public ::testing::TestWithParam<Schedule> {};

TEST_P(BadScheduleTest, IsRefused) {
  EXPECT_THAT(CheckSchedule(GetParam()), StatusIs(absl::StatusCode::kInvalidArgument));
}

INSTANTIATE_TEST_SUITE_P(
    Schedules, BadScheduleTest,
    ::testing::Values(Schedule{.rate = 0}, Schedule{.rate = -1},
                      Schedule{.kind = ScheduleKind::kStepDecay, .decay = -1},
                      Schedule{.kind = ScheduleKind::kExponential, .decay = 0},
                      Schedule{.kind = ScheduleKind::kExponential, .decay = 1.5},
                      Schedule{.kind = ScheduleKind::kCosine, .num_steps = 0},
                      Schedule{.kind = ScheduleKind::kCosine, .warm_up_steps = 9, .num_steps = 9},
                      Schedule{.kind = ScheduleKind::kCosine, .floor = 2, .num_steps = 9}));

TEST(ScheduleTest, SoundOnesAreAccepted) {
  EXPECT_THAT(CheckSchedule({}), IsOk());
  EXPECT_THAT(CheckSchedule({.kind = ScheduleKind::kCosine, .num_steps = 5}), IsOk());
}

TEST(PlateauScaleTest, FallsWhenTheLossNoLongerDoes) {
  PlateauScale scale({.factor = 0.5, .patience = 1, .least_gain = 0.1, .smallest_scale = 0.2});

  EXPECT_EQ(scale.Update(10), 1);
  EXPECT_EQ(scale.Update(5), 1);
  EXPECT_EQ(scale.Update(4.8), 1) << "less than a tenth better: once is borne";
  EXPECT_EQ(scale.Update(5), 0.5);
  EXPECT_EQ(scale.Update(5), 0.5);
  EXPECT_EQ(scale.Update(4), 0.5) << "better";
  EXPECT_EQ(scale.Update(4), 0.5);
  EXPECT_EQ(scale.Update(4), 0.25);
  EXPECT_EQ(scale.Update(4), 0.25);
  EXPECT_EQ(scale.Update(4), 0.2) << "never below the smallest";
}

}  // namespace
}  // namespace vitrine::nn
