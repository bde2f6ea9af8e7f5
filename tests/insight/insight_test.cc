#include "vitrine/insight/insight.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <limits>
#include <memory>
#include <thread>

#include "insight/made_events.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/insight/report.h"

namespace vitrine {
namespace {

using testing::Bought;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::kDay;
using testing::kHour;
using testing::kStart;
using ::testing::Pair;
using testing::StatusIs;
using testing::Viewed;

// A real store, read as the command and the server do.
class InsightTest : public ::testing::Test {
 protected:
  InsightTest() : clock_(kStart + 100 * kDay) {
    auto store = FeatureStore::Open(folder_.path(), {}, LocalFileSystem(), clock_);
    EXPECT_THAT(store, IsOk());
    store_ = *std::move(store);
  }

  void Write(Mutation mutation) { EXPECT_THAT(store_->Write(std::move(mutation)), IsOk()); }

  Insight Make(const InsightOptions& options = {}, std::size_t num_threads = 2) {
    ThreadPool pool(num_threads);
    auto insight = MakeInsight(*store_, options, pool);
    EXPECT_THAT(insight, IsOk());
    return insight.ok() ? *std::move(insight) : Insight();
  }

  testing::TemporaryFolder folder_;
  testing::FakeClock clock_;
  std::unique_ptr<FeatureStore> store_;
};

TEST_F(InsightTest, TheOverviewCountsWhatHappened) {
  Write(RecordEvents{{Viewed("ann", 0, "mug"), Bought("ann", 1, "mug", 10),
                      Bought("ann", 50 * kDay, "cup", 20), Bought("bob", 80 * kDay, "cup", 30),
                      testing::Did(EventType::kReturnComplete, "bob", 85 * kDay, "cup")}});

  const Insight insight = Make();

  const InsightOverview& overview = insight.overview;
  EXPECT_EQ(insight.shoppers.as_of_us, kStart + 85 * kDay);  // The latest event.
  EXPECT_EQ(overview.num_events, 5);
  EXPECT_EQ(overview.num_buyers, 2);
  EXPECT_EQ(overview.num_repeat_buyers, 1);
  EXPECT_EQ(overview.num_returns, 1);
  EXPECT_EQ(overview.all.sessions, 4);
  EXPECT_EQ(overview.all.value_micros, 60'000'000);
  EXPECT_EQ(overview.recent.shoppers, 1);  // After day 55,
  EXPECT_EQ(overview.recent.orders, 1);
  EXPECT_EQ(overview.before.orders, 1);  // and after day 25.
  EXPECT_EQ(overview.before.value_micros, 20'000'000);
  EXPECT_EQ(insight.rfm.num_buyers, 2);
  EXPECT_EQ(insight.paths.num_orders, 3);
  EXPECT_EQ(insight.order_cohorts.cohorts.size(), 3);
}

TEST_F(InsightTest, TheReportOfAnEarlierMomentKnowsNothingOfWhatCameLater) {
  Write(RecordEvents{{Bought("ann", 0, "mug", 10), Bought("bob", 2 * kDay, "cup", 20)}});

  const Insight insight = Make({.as_of_us = kStart + kDay});

  EXPECT_EQ(insight.shoppers.as_of_us, kStart + kDay);
  EXPECT_EQ(insight.overview.all.orders, 1);
  EXPECT_EQ(insight.row_of_user.count("bob"), 0);
}

TEST_F(InsightTest, AProfileHasFeaturesSegmentFavouritesAndNeeds) {
  Write(UpsertItems{{{.id = "tea", .title = "Green tea", .categories = {"Drinks > Tea"}}}});
  Write(RecordEvents{{Bought("ann", 0, "tea", 10), Bought("ann", 10 * kDay, "tea", 10),
                      Viewed("bob", 12 * kDay, "tea")}});

  const auto ann = GetUserProfile(Make(), "ann", "");
  const auto bob = GetUserProfile(Make(), "bob", "");

  ASSERT_THAT(ann, IsOk());
  EXPECT_EQ(ann->features.orders, 2);
  EXPECT_THAT(ann->favourites, ElementsAre(Pair("Drinks > Tea", 1.0)));
  ASSERT_EQ(ann->needs.size(), 1);
  EXPECT_EQ(ann->needs[0].item_id, "tea");
  EXPECT_EQ(ann->needs[0].title, "Green tea");
  EXPECT_EQ(ann->needs[0].when.due_us, kStart + 20 * kDay);
  EXPECT_EQ(ann->next_order_us, kStart + 20 * kDay);
  EXPECT_EQ(ann->rfm, (RfmScore{5, 5, 5}));
  EXPECT_EQ(ann->rfm_group, "champions");
  ASSERT_THAT(bob, IsOk());
  EXPECT_FALSE(bob->rfm.IsBuyer());
  EXPECT_THAT(bob->rfm_group, IsEmpty());
  EXPECT_NE(bob->segment, ann->segment);
}

TEST_F(InsightTest, AVisitorIsFoundAndAMergedOneIsTheUser) {
  Event by_visitor = Viewed("", 0, "mug");
  by_visitor.visitor_id = "v1";
  Event other = by_visitor;
  other.visitor_id = "v2";
  Write(RecordEvents{{by_visitor, other, Bought("ann", 1, "mug", 5)}});
  Write(MergeUsers{.visitor_id = "v1", .user_id = "ann"});

  const Insight insight = Make();

  EXPECT_EQ(insight.shoppers.rows.size(), 2);
  const auto merged = GetUserProfile(insight, "", "v1");
  ASSERT_THAT(merged, IsOk());
  EXPECT_EQ(merged->features.id, "ann");
  EXPECT_EQ(merged->features.views, 1);
  const auto visitor = GetUserProfile(insight, "", "v2");
  ASSERT_THAT(visitor, IsOk());
  EXPECT_TRUE(visitor->features.is_visitor);
  EXPECT_THAT(GetUserProfile(insight, "nobody", ""), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(InsightTest, AnErasedShopperIsInNoReport) {
  Write(RecordEvents{{Bought("ann", 0, "mug", 10), Bought("bob", 0, "mug", 10)}});
  Write(EraseUser{.user_id = "ann"});

  const Insight insight = Make();

  EXPECT_EQ(insight.shoppers.rows.size(), 1);
  EXPECT_THAT(TextReport(insight, 100), ::testing::Not(HasSubstr("ann")));
}

TEST_F(InsightTest, TheReportIsTheSameAtAnyNumberOfThreads) {
  Write(RecordEvents{testing::RandomEvents(2'000, 120, 4)});

  const Insight one = Make({}, 1);
  const Insight many = Make({}, 5);

  EXPECT_EQ(one.segmentation.segment_of, many.segmentation.segment_of);
  EXPECT_EQ(TextReport(one, 100), TextReport(many, 100));
  EXPECT_EQ(HtmlReport(one), HtmlReport(many));
}

TEST_F(InsightTest, EveryCountAddsUp) {
  Write(RecordEvents{testing::RandomEvents(3'000, 150, 9)});

  const Insight insight = Make({.funnel_days = 100});

  std::uint64_t by_day = 0;
  for (const FunnelRow& row : insight.funnel.by_day) by_day += row.sessions;
  std::uint64_t by_segment = 0;
  for (const FunnelRow& row : insight.funnel.by_segment) by_segment += row.sessions;
  EXPECT_EQ(by_day, insight.overview.all.sessions);
  EXPECT_EQ(by_segment, insight.overview.all.sessions);
  EXPECT_EQ(insight.funnel.total.sessions, insight.overview.all.sessions);
  std::size_t in_segments = 0;
  std::int64_t value = 0;
  for (const Segment& segment : insight.segmentation.segments) {
    in_segments += segment.size;
    value += segment.value_micros;
  }
  EXPECT_EQ(in_segments, insight.shoppers.rows.size());
  EXPECT_EQ(value, insight.overview.all.value_micros);
  std::uint64_t in_cohorts = 0;
  for (const Cohort& cohort : insight.order_cohorts.cohorts) in_cohorts += cohort.size;
  EXPECT_EQ(in_cohorts, insight.overview.num_buyers);
  std::uint64_t on_paths = 0;
  for (const OrderPath& path : Make({.max_paths = 100'000}).paths.paths) on_paths += path.orders;
  EXPECT_EQ(on_paths, insight.overview.all.orders);
}

TEST_F(InsightTest, AReaderBesideTheOwnerMakesTheSameReport) {
  Write(RecordEvents{testing::RandomEvents(500, 30, 2)});
  const auto beside =
      FeatureStore::Open(folder_.path(), {.is_read_only = true}, LocalFileSystem(), clock_);
  ASSERT_THAT(beside, IsOk());
  ThreadPool pool(2);

  const auto insight = MakeInsight(**beside, {}, pool);

  ASSERT_THAT(insight, IsOk());
  EXPECT_EQ(TextReport(*insight, 100), TextReport(Make(), 100));
}

TEST_F(InsightTest, AReportThatIsCancelledAtAnyTimeIsMadeWholeOrNotAtAll) {
  Write(RecordEvents{testing::RandomEvents(2'000, 200, 3)});
  ThreadPool pool(2);
  const Micros start = MonotonicNow();
  ASSERT_THAT(MakeInsight(*store_, {}, pool), IsOk());
  const Micros whole_us = MonotonicNow() - start;

  std::size_t num_cancelled = 0;
  constexpr int kMoments = 20;
  for (int i = 0; i < kMoments; ++i) {
    std::atomic<bool> is_cancelled = i == 0;
    std::thread canceller(
        [&is_cancelled, wait = std::chrono::microseconds(whole_us * i / kMoments)] {
          std::this_thread::sleep_for(wait);
          is_cancelled = true;
        });
    const auto insight = MakeInsight(*store_, {.is_cancelled = &is_cancelled}, pool);
    canceller.join();

    if (insight.ok()) {
      EXPECT_EQ(insight->shoppers.rows.size(), 200);
      EXPECT_EQ(insight->segmentation.segment_of.size(), 200);
    } else {
      EXPECT_THAT(insight, StatusIs(absl::StatusCode::kCancelled));
      ++num_cancelled;
    }
  }
  EXPECT_GE(num_cancelled, 1);
}

TEST_F(InsightTest, AStoreWithoutEventsAndOptionsOutOfRangeAreErrors) {
  ThreadPool pool(1);
  const auto make = [&](const InsightOptions& options) {
    return MakeInsight(*store_, options, pool);
  };

  EXPECT_THAT(make({}), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(make({.time_zone = "Nowhere"}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(make({.session_gap_minutes = 0}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(make({.session_gap_minutes = std::numeric_limits<double>::quiet_NaN()}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(make({.movement_days = -1}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(make({.min_segments = 1}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(make({.num_segments = 51}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(make({.max_path_steps = 0}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(make({.movement_days = 1e9}).status().message(),
            "movement_days is 1e+09; wants above 0, at most 36500");
}

}  // namespace
}  // namespace vitrine
