#include "vitrine/insight/journeys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "insight/cohorts.h"
#include "insight/funnel.h"
#include "insight/made_events.h"
#include "insight/order_paths.h"
#include "testing/fake_feature_store.h"

namespace vitrine {
namespace {

using testing::Bought;
using testing::Carted;
using testing::Did;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kDay;
using testing::kHour;
using testing::kMinute;
using testing::TimelinesOf;
using testing::Viewed;

constexpr Micros kGap = 30 * kMinute;

Event Searched(const std::string& user, Micros after) {
  return Did(EventType::kSearch, user, after, "");
}

Funnel FunnelOf(const Timelines& timelines, const FeatureStore& store, std::size_t funnel_days) {
  const SummaryRules rules{.calendar = *Calendar::Create("UTC"), .session_gap_us = kGap};
  Segmentation segmentation{.segments = {{.name = "first"}, {.name = "others"}},
                            .segment_of = std::vector<std::uint32_t>(timelines.num_shoppers(), 1)};
  segmentation.segment_of[0] = 0;
  return MakeFunnel(timelines, LookUpItems(timelines.item_ids, store.catalogue()), rules,
                    segmentation, {.funnel_days = funnel_days});
}

TEST(FunnelTest, AVisitCountsAtEveryStepThatItReached) {
  const testing::FakeFeatureStore store;
  const Timelines timelines = TimelinesOf({
      Viewed("ann", 0, "mug"), Carted("ann", kMinute, "mug"), Bought("ann", 2 * kMinute, "mug", 5),
      Viewed("ann", kDay, "mug"), Viewed("ann", kDay + kMinute, "cup"),
      Bought("bob", kDay, "cup", 3),  // By telephone.
  });

  const Funnel funnel = FunnelOf(timelines, store, 10);

  EXPECT_EQ(funnel.total.sessions, 3);
  EXPECT_EQ(funnel.total.viewed, 2);
  EXPECT_EQ(funnel.total.carted, 1);
  EXPECT_EQ(funnel.total.ordered, 2);
  EXPECT_EQ(funnel.total.ViewToCart(), 0.5);
  EXPECT_EQ(funnel.total.CartToOrder(), 1);
  EXPECT_EQ(funnel.total.ViewToOrder(), 0.5);
  ASSERT_EQ(funnel.by_segment.size(), 2);
  EXPECT_EQ(funnel.by_segment[0].sessions, 2);
  EXPECT_EQ(funnel.by_segment[1].ordered, 1);
  EXPECT_EQ(funnel.by_segment[1].ViewToOrder(), 0);
}

TEST(FunnelTest, DaysAreTheLatestWithQuietOnesAndBelongToTheStartOfTheVisit) {
  const testing::FakeFeatureStore store;
  const Timelines timelines = TimelinesOf({
      Viewed("ann", 0, "mug"),
      Viewed("ann", kDay - kMinute, "mug"),
      Viewed("ann", kDay + kMinute, "mug"),  // The same visit, past midnight.
      Viewed("bob", 3 * kDay, "mug"),
  });

  const Funnel all = FunnelOf(timelines, store, 10);
  const Funnel two = FunnelOf(timelines, store, 2);

  ASSERT_EQ(all.by_day.size(), 4);
  EXPECT_EQ(all.by_day[0].name, "2026-01-01");
  EXPECT_EQ(all.by_day[0].sessions, 2);
  EXPECT_EQ(all.by_day[1].sessions, 0);
  EXPECT_EQ(all.by_day[3].sessions, 1);
  ASSERT_EQ(two.by_day.size(), 2);
  EXPECT_EQ(two.by_day[1].name, "2026-01-04");
}

TEST(FunnelTest, AStepCountsInTheCategoriesOfItsItems) {
  testing::FakeFeatureStore store;
  store.Put({.id = "mug", .categories = {"Kitchen", "Gifts"}});
  store.Put({.id = "lamp", .categories = {"Light"}});
  const Timelines timelines =
      TimelinesOf({Viewed("ann", 0, "mug"), Viewed("ann", 1, "lamp"), Bought("ann", 2, "lamp", 9),
                   Viewed("bob", 0, "lamp"), Viewed("bob", 1, "unknown")});

  const Funnel funnel = FunnelOf(timelines, store, 1);

  ASSERT_EQ(funnel.by_category.size(), 3);
  EXPECT_EQ(funnel.by_category[0].name, "Light");
  EXPECT_EQ(funnel.by_category[0].sessions, 2);
  EXPECT_EQ(funnel.by_category[0].ViewToOrder(), 0.5);
  EXPECT_EQ(funnel.by_category[1].name, "Kitchen");
  EXPECT_EQ(funnel.by_category[1].sessions, 1);
  EXPECT_EQ(funnel.by_category[1].ordered, 0);
}

TEST(OrderPathsTest, RepeatsAreOneStepAndTheMostFrequentPathIsFirst) {
  std::vector<Event> events;
  for (const char* user : {"ann", "bob"}) {
    events.push_back(Searched(user, 0));
    events.push_back(Viewed(user, kMinute, "mug"));
    events.push_back(Viewed(user, 2 * kMinute, "cup"));
    events.push_back(Carted(user, 3 * kMinute, "cup"));
    events.push_back(Bought(user, (user[0] == 'a' ? 4 : 8) * kMinute, "cup", 3));
  }
  events.push_back(Bought("cat", 0, "cup", 3));

  const OrderPaths made = MakeOrderPaths(TimelinesOf(events), kGap, {});

  EXPECT_EQ(made.num_orders, 3);
  EXPECT_EQ(made.num_paths, 2);
  ASSERT_EQ(made.paths.size(), 2);
  EXPECT_THAT(made.paths[0].steps,
              ElementsAre(EventType::kSearch, EventType::kDetailPageView, EventType::kAddToCart));
  EXPECT_EQ(made.paths[0].orders, 2);
  EXPECT_DOUBLE_EQ(made.paths[0].share, 2.0 / 3);
  EXPECT_EQ(made.paths[0].median_minutes, 6);
  EXPECT_THAT(made.paths[1].steps, IsEmpty());
  EXPECT_EQ(made.paths[1].median_minutes, 0);
}

TEST(OrderPathsTest, APathBeginsAfterTheOrderBeforeAndWithTheVisit) {
  Event more = Bought("ann", kHour + 2 * kMinute, "cup", 1);
  Event order = Bought("ann", kHour + kMinute, "mug", 3);
  order.order_id = more.order_id = "o1";
  const Timelines timelines = TimelinesOf({
      Viewed("ann", 0, "mug"),  // A visit before.
      Searched("ann", kHour),
      order,
      more,
      Carted("ann", kHour + 3 * kMinute, "cup"),
      Did(EventType::kImpression, "ann", kHour + 4 * kMinute, "cup"),
      Bought("ann", kHour + 5 * kMinute, "cup", 3),
  });

  const OrderPaths made = MakeOrderPaths(timelines, kGap, {});

  ASSERT_EQ(made.paths.size(), 2);
  EXPECT_THAT(made.paths[0].steps, ElementsAre(EventType::kSearch));
  EXPECT_THAT(made.paths[1].steps, ElementsAre(EventType::kAddToCart));
}

TEST(OrderPathsTest, ALongPathIsCutAtItsStart) {
  std::vector<Event> events;
  for (int i = 0; i < 3; ++i) {
    events.push_back(Viewed("ann", 2 * i, "mug"));
    events.push_back(Searched("ann", 2 * i + 1));
  }
  events.push_back(Bought("ann", 9, "mug", 1));

  const OrderPaths made = MakeOrderPaths(TimelinesOf(events), kGap, {.max_path_steps = 3});

  EXPECT_THAT(made.paths[0].steps,
              ElementsAre(EventType::kSearch, EventType::kDetailPageView, EventType::kSearch));
  EXPECT_TRUE(made.paths[0].is_cut);
}

TEST(CohortsTest, ShoppersComeBackInTheMonthsThatTheyOrderIn) {
  const Calendar calendar = *Calendar::Create("UTC");
  const Timelines timelines = TimelinesOf({
      Bought("ann", 0, "mug", 1), Bought("ann", 40 * kDay, "mug", 1),  // January, February.
      Bought("bob", 3 * kDay, "mug", 1), Bought("bob", 4 * kDay, "mug", 1),
      Viewed("cat", 5 * kDay, "mug"), Bought("cat", 70 * kDay, "mug", 1),  // March.
  });

  const CohortTable orders = MakeCohorts(timelines, calendar, CohortBasis::kFirstOrder);
  const CohortTable visits = MakeCohorts(timelines, calendar, CohortBasis::kFirstVisit);

  ASSERT_EQ(orders.cohorts.size(), 3);
  EXPECT_EQ(orders.cohorts[0].month, "2026-01");
  EXPECT_THAT(orders.cohorts[0].active, ElementsAre(2, 1, 0));
  EXPECT_THAT(orders.cohorts[1].active, ElementsAre(0, 0));
  EXPECT_THAT(orders.cohorts[2].active, ElementsAre(1));
  EXPECT_THAT(visits.cohorts[0].active, ElementsAre(3, 1, 1));
}

TEST(CohortsTest, WithoutOrdersThereIsNoCohortOfThem) {
  const CohortTable table = MakeCohorts(TimelinesOf({Viewed("ann", 0, "mug")}),
                                        *Calendar::Create("UTC"), CohortBasis::kFirstOrder);

  EXPECT_THAT(table.cohorts, IsEmpty());
}

}  // namespace
}  // namespace vitrine
