#include "feature_store/live_ranking.h"

#include <gmock/gmock.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "feature_store/store_views.h"
#include "testing/eventually.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using testing::Eventually;
using ::testing::IsEmpty;

constexpr Micros kAnHour = 3'600 * kMicrosPerSecond;

// Values that say how often they were made.
class LiveRankingTest : public ::testing::Test {
 protected:
  LiveRanking::Make Counting() {
    return [this] {
      if (std::this_thread::get_id() == test_thread_) ++num_made_here_;
      return std::vector<float>{static_cast<float>(++num_made_), 0};
    };
  }

  // The same, but that the `nth` are not done before finish_ is set.
  LiveRanking::Make StallingAt(int nth) {
    return [this, nth] {
      const int number = ++num_made_;
      if (number == nth) {
        begun_.set_value();
        finish_.get_future().wait();
      }
      return std::vector<float>{static_cast<float>(number), 0};
    };
  }

  // Another thread reads, until it is in the midst of making those that stall.
  std::future<std::shared_ptr<const RankedValues>> BeginRead(LiveRanking& ranking) {
    auto maker = std::async(std::launch::async, [&ranking] { return ranking.Read(); });
    begun_.get_future().wait();
    return maker;
  }

  const std::thread::id test_thread_ = std::this_thread::get_id();
  std::atomic<int> num_made_ = 0;
  std::atomic<int> num_made_here_ = 0;
  std::promise<void> begun_;
  std::promise<void> finish_;
};

TEST_F(LiveRankingTest, FewValuesAreMadeByWhoeverReadsThem) {
  LiveRanking fresh(Counting(), {.period_us = 0});

  EXPECT_THAT(fresh.Read()->values, ElementsAre(1, 0));
  EXPECT_THAT(fresh.Read()->values, ElementsAre(2, 0));
  EXPECT_EQ(num_made_here_, 2);
}

TEST_F(LiveRankingTest, WhatIsYoungEnoughIsNotMadeAgain) {
  LiveRanking lasting(Counting(), {.period_us = kAnHour});

  const auto first = lasting.Read();

  EXPECT_EQ(lasting.Read(), first);
  EXPECT_EQ(num_made_, 1);
}

TEST_F(LiveRankingTest, OthersTakeTheLastOnesWhileOneMakesThem) {
  LiveRanking few(StallingAt(2), {.period_us = 0, .grace_us = kAnHour});
  (void)few.Read();
  auto maker = BeginRead(few);

  EXPECT_THAT(few.Read()->values, ElementsAre(1, 0));

  finish_.set_value();
  EXPECT_THAT(maker.get()->values, ElementsAre(2, 0));
}

TEST_F(LiveRankingTest, NobodyTakesLastOnesThatAreTooOld) {
  LiveRanking few(StallingAt(2), {.period_us = 0, .grace_us = 0});
  (void)few.Read();
  auto maker = BeginRead(few);

  EXPECT_THAT(few.Read()->values, ElementsAre(3, 0));

  finish_.set_value();
  EXPECT_THAT(maker.get()->values, ElementsAre(2, 0));
}

TEST_F(LiveRankingTest, OlderOnesReplaceNoNewerOnes) {
  LiveRanking few(StallingAt(1), {.period_us = kAnHour});
  auto maker = BeginRead(few);
  EXPECT_THAT(few.Read()->values, ElementsAre(2, 0));

  finish_.set_value();
  maker.wait();

  EXPECT_THAT(few.Read()->values, ElementsAre(2, 0));
}

TEST_F(LiveRankingTest, ManyAreMadeAnewByAThreadAlone) {
  LiveRanking many(Counting(), {.period_us = 1000, .pause_us = kAnHour});
  many.MakeInBackground();

  EXPECT_GE(many.Read()->values[0], 1);  // Whoever is the first waits for them.

  EXPECT_TRUE(Eventually([&] { return num_made_ > 5; }));  // Somebody read a while ago.
  EXPECT_GE(many.Read()->values[0], 5);
  EXPECT_EQ(num_made_here_, 0);
}

TEST_F(LiveRankingTest, NoneAreMadeWhereNobodyReads) {
  LiveRanking many(Counting(), {.period_us = 0, .pause_us = -1});  // Any read is too long ago.
  many.MakeInBackground();
  int num_reads = 0;
  const auto was_made_thrice = [&] {
    ++num_reads;
    (void)many.Read();
    return num_made_ >= 3;
  };

  EXPECT_TRUE(Eventually(was_made_thrice));
  EXPECT_LE(num_made_.load(), num_reads);
}

TEST_F(LiveRankingTest, WhatReadersMadeIsNoLongerReadOnceThereIsAThread) {
  LiveRanking ranking(Counting(), {.period_us = kAnHour});
  EXPECT_THAT(ranking.Read()->values, ElementsAre(1, 0));

  ranking.MakeInBackground();
  ranking.MakeInBackground();  // The second call does nothing.

  EXPECT_THAT(ranking.Read()->values, ElementsAre(2, 0));
  EXPECT_EQ(num_made_here_, 1);
}

TEST_F(LiveRankingTest, NobodyReadsOlderOnesThanBefore) {
  LiveRanking many(Counting(), {.period_us = 0, .pause_us = 0});
  many.MakeInBackground();
  std::vector<std::thread> readers;
  for (int reader = 0; reader < 4; ++reader) {
    readers.emplace_back([&many] {
      float last = 0;
      for (int i = 0; i < 300; ++i) {
        const float next = many.Read()->values[0];
        ASSERT_GE(next, last);
        last = next;
      }
    });
  }

  for (std::thread& reader : readers) reader.join();

  EXPECT_EQ(num_made_here_, 0);
}

// Or this test never ends.
TEST_F(LiveRankingTest, ItEndsWhileItWaits) {
  LiveRanking for_a_reader(Counting());
  LiveRanking for_the_next_time(Counting(), {.period_us = kAnHour});
  for_a_reader.MakeInBackground();
  for_the_next_time.MakeInBackground();

  (void)for_the_next_time.Read();
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

StoreChanges::AddEvent ViewOf(ItemIndex item, std::uint64_t offset) {
  return {.offset = offset,
          .head = {.type = EventType::kDetailPageView,
                   .user = UserIndex{0},
                   .time_us = kMicrosPerDay,
                   .items = {{.item = item}}}};
}

// By a thread, which follows events and erasures, and ends with the views.
TEST(StoreViewsTest, TheMostPopularOfManyItemsAreKeptInOrder) {
  StoreViews views({});
  StoreChanges first;
  for (std::size_t row = 0; row < RankedValues::kFewestRanked; ++row) {
    first.catalogue.new_ids.push_back(std::to_string(row));
  }
  first.steps.emplace_back(StoreChanges::SetRow{UserIndex{0}, {.id = "ann"}});
  first.steps.emplace_back(ViewOf(ItemIndex{7}, 0));
  StoreChanges more;
  for (const std::uint64_t offset : {1U, 2U}) more.steps.emplace_back(ViewOf(ItemIndex{9}, offset));
  const auto is_first = [&views](std::uint32_t row) {
    return [&views, row] { return views.LivePopularity()->largest.front() == ItemIndex{row}; };
  };

  views.Apply(first);
  EXPECT_TRUE(is_first(7)());
  EXPECT_THAT(views.LiveTrends()->largest, ::testing::SizeIs(RankedValues::kNumRanked));
  views.Apply(more);
  EXPECT_TRUE(Eventually(is_first(9)));

  views.Apply(StoreViews::Erasure{.shoppers = {UserIndex{0}}, .demand = Demand(14)});
  EXPECT_TRUE(Eventually(is_first(0)));
  EXPECT_EQ(views.LivePopularity()->values[9], 0);
}

}  // namespace
}  // namespace vitrine
