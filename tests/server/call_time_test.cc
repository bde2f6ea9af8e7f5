#include "server/call_time.h"

#include <gtest/gtest.h>

namespace vitrine {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr Countdown::Clock::time_point kArrival{std::chrono::hours(1)};

TEST(CountdownTest, AFifthIsKeptBackWithinItsBounds) {
  EXPECT_EQ(Countdown::ReserveOf(milliseconds(5)), milliseconds(1));
  EXPECT_EQ(Countdown::ReserveOf(milliseconds(100)), milliseconds(20));
  EXPECT_EQ(Countdown::ReserveOf(milliseconds(1)), microseconds(500));
  EXPECT_EQ(Countdown::ReserveOf(std::chrono::hours(1)), milliseconds(50));
}

TEST(CountdownTest, OfTimeThatIsUpAlreadyTheLeastIsKeptBack) {
  EXPECT_EQ(Countdown::ReserveOf(milliseconds(-3)), microseconds(500));
}

TEST(CountdownTest, TheFirstStepMayTakeAllButTheReserve) {
  EXPECT_FALSE(
      Countdown(kArrival, kArrival + milliseconds(5)).IsLate(kArrival + microseconds(3999)));
  EXPECT_TRUE(Countdown(kArrival, kArrival + milliseconds(5)).IsLate(kArrival + milliseconds(4)));
}

TEST(CountdownTest, AStepThatWouldEndTooLateIsNotBegun) {
  Countdown countdown(kArrival, kArrival + milliseconds(50));  // Due at 40.

  EXPECT_FALSE(countdown.IsLate(kArrival + milliseconds(15)));  // The wait before is no step.
  EXPECT_FALSE(countdown.IsLate(kArrival + milliseconds(25)));
  EXPECT_FALSE(countdown.IsLate(kArrival + milliseconds(29)));
  EXPECT_TRUE(countdown.IsLate(kArrival + milliseconds(30)));  // 10: the longest so far.
}

TEST(CountdownTest, SaysWhatIsLeftForAStepHoweverLongOthersTook) {
  Countdown countdown(kArrival, kArrival + milliseconds(50));  // Due at 40.

  EXPECT_EQ(countdown.Left(kArrival), milliseconds(40));
  EXPECT_EQ(countdown.Left(kArrival + milliseconds(25)), milliseconds(15));
  EXPECT_EQ(countdown.Left(kArrival + milliseconds(43)), milliseconds(-3));
}

TEST(CountdownTest, WhoAsksWhatIsLeftEndsAStep) {
  Countdown countdown(kArrival, kArrival + milliseconds(50));

  countdown.Left(kArrival + milliseconds(10));
  countdown.Left(kArrival + milliseconds(20));
  EXPECT_FALSE(countdown.IsLate(kArrival + milliseconds(29)));
  EXPECT_TRUE(countdown.IsLate(kArrival + milliseconds(30)));  // 10: the longest so far.
}

TEST(CountdownTest, AfterTheDeadlineItIsLate) {
  EXPECT_TRUE(Countdown(kArrival, kArrival - milliseconds(1)).IsLate(kArrival));
}

}  // namespace
}  // namespace vitrine
