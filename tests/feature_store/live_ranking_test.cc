#include "feature_store/live_ranking.h"

#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "testing/eventually.h"
#include "vitrine/base/random.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using testing::Eventually;
using ::testing::IsEmpty;

constexpr Micros kNever = 3'600 * kMicrosPerSecond;

// Values that say how often they were made.
class LiveRankingTest : public ::testing::Test {
 protected:
  LiveRanking::Make Counting() {
    return [this] { return std::vector<float>{static_cast<float>(++num_made_), 0}; };
  }

  std::atomic<int> num_made_ = 0;
};

TEST_F(LiveRankingTest, FewValuesAreMadeByWhoeverReadsThem) {
  LiveRanking fresh(Counting(), {.period_us = 0});

  EXPECT_THAT(fresh.Read()->values, ElementsAre(1, 0));
  EXPECT_THAT(fresh.Read()->values, ElementsAre(2, 0));
  EXPECT_EQ(num_made_, 2);
}

TEST_F(LiveRankingTest, WhatIsYoungEnoughIsNotMadeAgain) {
  LiveRanking lasting(Counting(), {.period_us = kNever});

  const auto first = lasting.Read();

  EXPECT_EQ(lasting.Read(), first);
  EXPECT_EQ(num_made_, 1);
}

TEST_F(LiveRankingTest, ManyValuesAreMadeAnewWhileSomebodyReads) {
  LiveRanking many(Counting(), {.period_us = 1000, .pause_us = kNever, .fewest_in_background = 2});

  EXPECT_THAT(many.Read()->values, ElementsAre(1, 0));  // Whoever is the first waits for them.

  EXPECT_TRUE(
      Eventually([&] { return num_made_ > 5; }));  // Nobody reads; somebody did a while ago.
  EXPECT_GE(many.Read()->values[0], 4);
}

TEST_F(LiveRankingTest, ManyAreMadeByTheReaderAgainAfterAPause) {
  LiveRanking many(Counting(), {.period_us = 1000, .pause_us = 0, .fewest_in_background = 2});
  (void)many.Read();
  // The thread ends with its next look; from then on whoever reads makes new ones.
  const auto is_new = [&] {
    const int before = num_made_;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return many.Read()->values[0] > static_cast<float>(before);
  };

  EXPECT_TRUE(Eventually(is_new));
  EXPECT_TRUE(Eventually(is_new));
}

TEST_F(LiveRankingTest, ItEndsWhileItWaits) {
  LiveRanking many(Counting(), {.period_us = kNever, .fewest_in_background = 1});

  (void)many.Read();
}

TEST(RankValuesTest, FewHaveNoOrder) {
  EXPECT_THAT(RankValues({3, 1, 2}).largest, IsEmpty());
  EXPECT_THAT(RankValues({3, 1, 2}).values, ElementsAre(3, 1, 2));
}

TEST(RankValuesTest, TheLargestStandFirstAndTiesByTheirIndex) {
  const RankedValues ranked = RankValues({0, 2, 3, 2, 0, 3}, 4, 0);

  EXPECT_THAT(ranked.largest, ElementsAre(ItemIndex{2}, ItemIndex{5}, ItemIndex{1}, ItemIndex{3}));
  EXPECT_THAT(ranked.values, ElementsAre(0, 2, 3, 2, 0, 3));
}

TEST(RankValuesTest, MayHaveAll) {
  EXPECT_THAT(RankValues({0, 2}, 9, 0).largest, ElementsAre(ItemIndex{1}, ItemIndex{0}));
  EXPECT_THAT(RankValues({}, 9, 0).largest, IsEmpty());
}

}  // namespace
}  // namespace vitrine
