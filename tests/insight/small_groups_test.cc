#include "insight/small_groups.h"

#include <gmock/gmock.h>

#include <numeric>
#include <set>

#include "insight/placement_shop.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/insight/insight.h"
#include "vitrine/insight/report.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
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

TEST(JoinSmallClustersTest, AShopOfTooFewIsOneCluster) {
  Clustering clustering;
  clustering.centres = PointMatrix::Zero(2, 1);
  clustering.centres.col(0) << 0, 1;
  clustering.cluster_of = {0, 1, 1};
  clustering.sizes = {1, 2};

  JoinSmallClusters(50, clustering);

  EXPECT_EQ(
      std::set<std::uint32_t>(clustering.cluster_of.begin(), clustering.cluster_of.end()).size(),
      1U);
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
      EXPECT_TRUE(row.sessions == 0 || row.shoppers >= 5) << row.name;
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
