#include "insight/small_groups.h"

#include <gmock/gmock.h>

#include <array>

#include "insight/funnel.h"
#include "insight/order_paths.h"
#include "insight/placement_shop.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/insight/insight.h"
#include "vitrine/insight/report.h"

namespace vitrine {
namespace {

using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using namespace vitrine::testing;  // NOLINT(google-build-using-namespace): the tests' own words.

std::vector<bool> Hidden(const std::vector<std::size_t>& parts, std::size_t min_group) {
  return TooSmall(parts, min_group);
}

TEST(TooSmallTest, HidesWhatIsSmallAndWhatWouldGiveItAway) {
  EXPECT_THAT(Hidden({9, 7, 8}, 5), ElementsAre(false, false, false));
  EXPECT_THAT(Hidden({9, 2, 4, 8}, 5), ElementsAre(false, true, true, false));
  // The 2 alone would be what the whole less the others leaves.
  EXPECT_THAT(Hidden({9, 2, 8}, 5), ElementsAre(false, true, true));
  EXPECT_THAT(Hidden({0, 2, 9}, 5), ElementsAre(false, true, true));
  EXPECT_THAT(Hidden({2, 1}, 5), ElementsAre(true, true));
  EXPECT_THAT(Hidden({1, 1, 3}, 1), ElementsAre(false, false, false));
  EXPECT_THAT(Hidden({}, 5), ElementsAre());
}

TEST(TooFewTest, WhatIsNotSaidIsOfEnoughDistinctShoppers) {
  // One shopper alone behind five parts, which TooSmall would take for five.
  const std::vector<Behind> behind = {{1}, {1}, {1}, {1}, {1}, {2, 3, 4, 5, 6}, {1, 2, 3, 4, 5}};
  std::vector<CountedPart> parts;
  for (const Behind& each : behind) parts.push_back({.count = 9, .behind = &each});
  parts.back().count = 8;

  EXPECT_THAT(TooFew(parts, 5), ElementsAre(true, true, true, true, true, false, true));
  EXPECT_THAT(TooFew(parts, 1), ElementsAre(false, false, false, false, false, false, false));
}

TEST(JoinSmallClustersTest, TheSmallJoinTheNearestUntilNoneIsSmall) {
  Clustering clustering;
  clustering.centres = PointMatrix::Zero(4, 1);
  clustering.centres.col(0) << 0, 1, 10, 12;
  clustering.cluster_of = {0, 0, 0, 1, 2, 2, 2, 3};
  clustering.sizes = {3, 1, 3, 1};

  const auto joined = JoinSmallClusters(3, clustering);

  EXPECT_THAT(joined, ElementsAre(0, 0, 2, 2));
  EXPECT_THAT(clustering.sizes, ElementsAre(4, 0, 4, 0));
  EXPECT_THAT(clustering.cluster_of, ElementsAre(0, 0, 0, 0, 2, 2, 2, 2));
}

TEST(WithholdFewBuyersTest, SmallGroupsOfTheGridBecomeOneAndTheirCellsAreEmpty) {
  RfmGrid grid;
  grid.num_buyers = 22;
  grid.groups = {{.name = RfmGroupName(5, 5), .size = 20, .value_micros = 7},
                 {.name = RfmGroupName(1, 1), .size = 2, .value_micros = 3}};
  grid.counts[4][4] = {0, 0, 3, 8, 9};
  grid.counts[0][0] = {2, 0, 0, 0, 0};

  WithholdFewBuyers(5, grid);

  ASSERT_EQ(grid.groups.size(), 3U);
  EXPECT_EQ(grid.groups[0].size, 0U);  // The 2 would be what 22 less 20 leaves.
  EXPECT_EQ(grid.groups[2].name, "other");
  EXPECT_EQ(grid.groups[2].size, 22U);
  EXPECT_EQ(grid.groups[2].value_micros, 10);
  EXPECT_THAT(grid.counts[4][4], ElementsAre(0, 0, 0, 0, 0));
  EXPECT_THAT(grid.counts[0][0], ElementsAre(0, 0, 0, 0, 0));
}

TEST(WithholdFewBuyersTest, WhatAGroupSpentIsNotSaidWhereFewOrdersSayIt) {
  RfmGrid grid;
  grid.num_buyers = 32;
  grid.groups = {{.name = RfmGroupName(5, 5), .size = 12, .num_priced = 12, .value_micros = 50},
                 {.name = RfmGroupName(3, 3), .size = 10, .num_priced = 10, .value_micros = 40},
                 {.name = RfmGroupName(1, 1), .size = 10, .num_priced = 1, .value_micros = 3}};

  WithholdFewBuyers(5, grid);

  EXPECT_EQ(grid.groups[0].value_micros, 50);
  EXPECT_EQ(grid.groups[1].value_micros, 0);  // The 3 would be what 93 less the others leaves.
  EXPECT_EQ(grid.groups[2].value_micros, 0);
}

TEST(WithholdFewReturnersTest, SmallCohortsAndFewReturnersAreNotShown) {
  CohortTable table;
  table.cohorts = {{.month = "2026-01", .size = 30, .active = {30, 12, 2}},
                   {.month = "2026-02", .size = 3, .active = {3, 1}},
                   {.month = "2026-03", .size = 9, .active = {9}}};

  EXPECT_EQ(WithholdFewReturners(5, table), 4U);

  EXPECT_THAT(table.cohorts[0].active, ElementsAre(30, 12, 0));
  EXPECT_THAT(table.cohorts[1].active, ElementsAre(0, 0));
  EXPECT_EQ(table.cohorts[2].size, 0U);  // 3 would be what the others leave of 42.
}

TEST(SmallPathsTest, OneShoppersManyPathsAreNoGroup) {
  std::vector<Event> events;
  for (int steps = 1; steps <= 5; ++steps) {
    for (int i = 0; i < steps; ++i) {
      const EventType type = i % 2 == 0 ? EventType::kSearch : EventType::kDetailPageView;
      events.push_back(Did(type, "odd", steps * kDay + i, "mug"));
    }
    events.push_back(Bought("odd", steps * kDay + kMinute, "mug", 1));
  }
  for (int i = 0; i < 13; ++i) {
    const std::string user = absl::StrFormat("u%d", i);
    if (i < 6) events.push_back(Carted(user, 0, "mug"));
    events.push_back(Bought(user, kMinute, "mug", 1));
  }

  const OrderPaths made = MakeOrderPaths(TimelinesOf(events), kHour, {.min_group = 5});

  // The six with a cart are left out too: all orders less theirs and the seven would be odd's.
  ASSERT_EQ(made.paths.size(), 1U);
  EXPECT_THAT(made.paths[0].steps, IsEmpty());
  EXPECT_EQ(made.paths[0].orders, 7U);
  EXPECT_EQ(made.num_withheld, 6U);
}

// Three segments of ten who look; of the first ten order, of the second six, of the last one.
class SmallStepsTest : public ::testing::Test {
 protected:
  SmallStepsTest() {
    const std::array<std::size_t, 3> num_buyers = {10, 6, 1};
    for (std::uint32_t segment = 0; segment < num_buyers.size(); ++segment) {
      for (std::size_t i = 0; i < 10; ++i) {
        const std::string user = absl::StrFormat("%d-%d", segment, i);
        events_.push_back(Viewed(user, 0, "mug"));
        if (i < num_buyers.at(segment)) events_.push_back(Bought(user, kMinute, "mug", 1));
        made_.segment_of.push_back(segment);
      }
      made_.segments.push_back({.num_buyers = num_buyers.at(segment), .views = 1, .sessions = 1});
    }
  }

  Funnel Make() const {
    const FakeFeatureStore store;
    const Timelines timelines = TimelinesOf(events_);
    return MakeFunnel(timelines, LookUpItems(timelines.item_ids, store.catalogue()),
                      {.calendar = *Calendar::Create("UTC"), .session_gap_us = kHour}, made_,
                      {.min_group = 5});
  }

  std::vector<Event> events_;
  Segmentation made_;
};

TEST_F(SmallStepsTest, TheTotalLessTheOtherSegmentsGivesNoSmallStepAway) {
  const Funnel funnel = Make();

  EXPECT_EQ(funnel.total.ordered, 17U);
  std::vector<std::uint64_t> ordered;
  for (const FunnelRow& row : funnel.by_segment) {
    EXPECT_EQ(row.sessions, 10U);
    EXPECT_EQ(row.viewed, 10U);
    EXPECT_EQ(row.viewed_and_ordered, row.ordered);
    ordered.push_back(row.ordered);
  }
  EXPECT_THAT(ordered, ElementsAre(10, 0, 0));
}

TEST_F(SmallStepsTest, WhatASegmentDoesNotSayItsRowDoesNot) {
  made_.segments[0].num_buyers = 0;

  const Funnel funnel = Make();

  EXPECT_EQ(funnel.by_segment[0].ordered, 0U);
  EXPECT_EQ(funnel.by_segment[1].ordered, 6U);
  EXPECT_EQ(funnel.by_segment[2].ordered, 0U);
}

// The report of a real store, everybody in one segment.
Insight InsightOfShop(const std::vector<Event>& events, std::size_t min_group) {
  const TemporaryFolder folder;
  const FakeClock clock(kStart + 100 * kDay);
  const auto store = *FeatureStore::Open(folder.path(), {}, LocalFileSystem(), clock);
  EXPECT_THAT(store->Write(RecordEvents{events}), IsOk());
  ThreadPool pool(2);
  return *MakeInsight(*store, {.num_segments = 1, .min_group = min_group}, pool);
}

TEST(SmallShopTest, AStepThatFewReachedIsNotToldFromOneOfNobody) {
  std::vector<Event> events = {Carted("u0", kMinute, "mug"), Bought("u0", 2 * kMinute, "mug", 10)};
  for (int i = 0; i < 8; ++i) events.push_back(Viewed(absl::StrFormat("u%d", i), i * kHour, "mug"));

  const Insight insight = InsightOfShop(events, 5);

  ASSERT_EQ(insight.funnel.by_segment.size(), 1U);
  for (const FunnelRow& row : {insight.funnel.by_segment[0], insight.funnel.by_day[0]}) {
    EXPECT_EQ(row.sessions, 8U);
    EXPECT_EQ(row.viewed, 8U);
    EXPECT_EQ(row.carted + row.ordered, 0U);
    EXPECT_EQ(row.viewed_and_carted + row.carted_and_ordered + row.viewed_and_ordered, 0U);
  }
  EXPECT_EQ(insight.segmentation.segments[0].views, 1);
  EXPECT_EQ(insight.segmentation.segments[0].carts, 0);
  EXPECT_EQ(insight.funnel.total.ordered, 1U);  // Of the shop as a whole.
  EXPECT_THAT(TextReport(insight, 100), ContainsRegex("passers-by +8 +8 +0 +0 +0\\.0 % +- "));
  EXPECT_EQ(InsightOfShop(events, 1).funnel.by_segment[0].ordered, 1U);
}

TEST(SmallShopTest, WhatASegmentSpentIsNotSaidWhereFewOrdersSayIt) {
  std::vector<Event> events = {Bought("u0", 0, "mug", 10)};
  for (int i = 1; i < 8; ++i) {
    events.push_back(
        Did(EventType::kPurchaseComplete, absl::StrFormat("u%d", i), i * kHour, "mug"));
  }

  const Insight insight = InsightOfShop(events, 5);

  EXPECT_EQ(insight.segmentation.segments[0].num_buyers, 8U);
  EXPECT_EQ(insight.segmentation.segments[0].value_micros, 0);
  EXPECT_FALSE(insight.segmentation.segments[0].IsValueKnown());
  for (const RfmGroup& group : insight.rfm.groups) EXPECT_EQ(group.value_micros, 0) << group.name;
}

TEST(SmallShopTest, AShopOfFewerThanAGroupHasNoSegments) {
  const std::vector<Event> events = {Viewed("ann", 0, "mug"), Viewed("bob", kHour, "mug"),
                                     Viewed("cid", 2 * kHour, "mug")};

  const Insight insight = InsightOfShop(events, 5);
  const auto profile = GetUserProfile(insight, "ann", "");

  EXPECT_THAT(insight.segmentation.segments, IsEmpty());
  EXPECT_THAT(insight.funnel.by_segment, IsEmpty());
  EXPECT_GT(insight.num_withheld, 0U);
  for (const std::string& report : {TextReport(insight, 100), HtmlReport(insight)}) {
    EXPECT_THAT(report, HasSubstr("None: the shop has fewer than 5 shoppers."));
    EXPECT_THAT(report, Not(HasSubstr("passers-by")));
  }
  ASSERT_THAT(profile, IsOk());
  EXPECT_THAT(ProfileReport(insight, *profile, 80), HasSubstr("ann: (too few shoppers)"));
  EXPECT_EQ(InsightOfShop(events, 3).segmentation.segments.size(), 1U);
}

// A real store, in which one shopper does what nobody else does.
class SmallGroupsInReportTest : public ::testing::Test {
 protected:
  SmallGroupsInReportTest() : clock_(kStart + 100 * kDay) {
    store_ = *FeatureStore::Open(folder_.path(), {}, LocalFileSystem(), clock_);
    RecordEvents events;
    events.events = RandomEvents(4'000, 80, 5);
    Event odd = Did(EventType::kCategoryPageView, "odd", 20 * kDay, "");
    events.events.push_back(odd);
    events.events.push_back(Bought("odd", 20 * kDay + kMinute, "odd-item", 9'999));
    EXPECT_THAT(store_->Write(std::move(events)), IsOk());
    Item item{.id = "odd-item", .categories = {"Oddities"}};
    EXPECT_THAT(store_->Write(UpsertItems{{std::move(item)}}), IsOk());
  }

  Insight Make(std::size_t min_group) {
    ThreadPool pool(2);
    return *MakeInsight(*store_, {.max_paths = 1'000, .min_group = min_group}, pool);
  }

  TemporaryFolder folder_;
  FakeClock clock_;
  std::unique_ptr<FeatureStore> store_;
};

TEST_F(SmallGroupsInReportTest, NoRowIsOfFewerShoppersThanAskedFor) {
  const Insight insight = Make(5);

  for (const Segment& segment : insight.segmentation.segments) {
    EXPECT_GE(segment.size, 5U) << segment.name;
    EXPECT_TRUE(segment.num_buyers == 0 || segment.num_buyers >= 5) << segment.name;
    EXPECT_EQ(segment.movement.is_new > 0 && segment.movement.is_new < 5, false);
  }
  for (const auto& row : insight.segmentation.moves) {
    for (const std::size_t moved : row) EXPECT_TRUE(moved == 0 || moved >= 5);
  }
  for (const auto* rows :
       {&insight.funnel.by_day, &insight.funnel.by_category, &insight.funnel.by_segment}) {
    for (const FunnelRow& row : *rows) {
      EXPECT_TRUE(row.sessions == 0 || row.sessions >= 5) << row.name;
      EXPECT_NE(row.name, "Oddities");
    }
  }
  for (const RfmGroup& group : insight.rfm.groups) EXPECT_TRUE(group.size == 0 || group.size >= 5);
  for (const CohortTable* table : {&insight.order_cohorts, &insight.visit_cohorts}) {
    for (const Cohort& cohort : table->cohorts) {
      for (const std::uint64_t active : cohort.active) EXPECT_TRUE(active == 0 || active >= 5);
    }
  }
  EXPECT_GT(insight.num_withheld, 0U);
  EXPECT_EQ(insight.segmentation.segment_of.size(), insight.shoppers.rows.size());
}

TEST_F(SmallGroupsInReportTest, TheReportSaysThatItLeavesOut) {
  EXPECT_THAT(TextReport(Make(5), 100), HasSubstr("Groups of fewer than 5 shoppers"));
  EXPECT_THAT(HtmlReport(Make(5)), HasSubstr("Groups of fewer than 5 shoppers"));

  const Insight whole = Make(1);
  EXPECT_EQ(whole.num_withheld, 0U);
  EXPECT_THAT(TextReport(whole, 100), Not(HasSubstr("Groups of fewer")));
  EXPECT_TRUE(std::any_of(whole.funnel.by_category.begin(), whole.funnel.by_category.end(),
                          [](const FunnelRow& row) { return row.name == "Oddities"; }));
}

class SmallPlacementRowsTest : public PlacementShop {
 protected:
  // The placement is seen by so many shoppers, each of whom clicks.
  void See(const std::string& placement, int num_shoppers) {
    const std::string token = Token(placement, {"i0", "i1"});
    for (int i = 0; i < num_shoppers; ++i) {
      const std::string user = placement + std::to_string(i);
      events_.push_back(WithToken(Shown(user, 0, {"i0", "i1"}), token));
      events_.push_back(WithToken(Viewed(user, kMinute, "i0"), token));
    }
  }

  std::vector<PlacementFigures> Figures(std::size_t min_group) const {
    PlacementTally tally(store_, {.min_group = min_group});
    for (const Event& event : events_) tally.Add(event);
    return tally.Finish().figures;
  }

  std::vector<Event> events_;
};

TEST_F(SmallPlacementRowsTest, RowsOfFewShoppersBecomeOne) {
  See("home", 9);
  See("cart", 3);
  See("article", 4);

  const auto figures = Figures(5);

  ASSERT_EQ(figures.size(), 2U);
  EXPECT_EQ(figures[0].placement, "home");
  EXPECT_EQ(figures[1].placement, "(small groups)");
  EXPECT_EQ(figures[1].num_clicks, 7U);
  EXPECT_EQ(figures[1].num_shown_items, 14U);
  EXPECT_EQ(Figures(1).size(), 3U);
}

TEST_F(SmallPlacementRowsTest, OneSmallRowTakesAnotherWithIt) {
  See("home", 12);
  See("cart", 3);
  See("article", 6);

  const auto figures = Figures(5);

  ASSERT_EQ(figures.size(), 2U);
  EXPECT_EQ(figures[1].placement, "(small groups)");
  EXPECT_EQ(figures[1].num_clicks, 9U);
}

TEST_F(SmallPlacementRowsTest, WhatFewOfARowDidIsNotSaid) {
  See("home", 9);
  events_.push_back(Bought("home0", kHour, "i0", 10));

  const auto figures = Figures(5);

  ASSERT_EQ(figures.size(), 1U);
  EXPECT_EQ(figures[0].num_clicks, 9U);
  EXPECT_EQ(figures[0].num_purchases, 0U);
  EXPECT_THAT(figures[0].revenue, IsEmpty());
  EXPECT_EQ(Figures(1).at(0).num_purchases, 1U);
}

TEST_F(SmallPlacementRowsTest, WhereAllAreTooFewNothingIsSaid) {
  See("home", 2);

  const auto figures = Figures(5);

  ASSERT_EQ(figures.size(), 1U);
  EXPECT_EQ(figures[0].placement, "(small groups)");
  EXPECT_EQ(figures[0].num_clicks, 0U);
  EXPECT_EQ(figures[0].num_impressions, 0U);
}

}  // namespace
}  // namespace vitrine
