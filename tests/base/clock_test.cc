#include "vitrine/base/clock.h"

#include <gtest/gtest.h>

#include "testing/fake_clock.h"

namespace vitrine {
namespace {

TEST(ClockTest, TheMachinesClockIsInMicroseconds) {
  const Micros now = SystemClock().Now();

  EXPECT_GT(now, testing::FakeClock::kStart - 3650 * kMicrosPerDay);
  EXPECT_LT(now, testing::FakeClock::kStart + 36500 * kMicrosPerDay);
}

TEST(ClockTest, TheMonotonicClockNeverGoesBack) {
  Micros last = MonotonicNow();
  for (int i = 0; i < 1000; ++i) {
    const Micros now = MonotonicNow();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(FakeClockTest, MovesOnlyWhenTold) {
  testing::FakeClock clock;
  EXPECT_EQ(clock.Now(), testing::FakeClock::kStart);

  clock.Set(100);
  clock.Advance(kMicrosPerSecond);
  EXPECT_EQ(clock.Now(), 1'000'100);
}

}  // namespace
}  // namespace vitrine
