#include "insight/segments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "insight/made_events.h"
#include "insight/scaled_features.h"
#include "insight/segment_words.h"
#include "vitrine/base/random.h"
#include "vitrine/math/cluster_quality.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::kDay;
using testing::kStart;
using ::testing::SizeIs;

constexpr Micros kNow = kStart + 365 * kDay;

ShopperSummary Row(double days_ago, std::uint32_t orders, std::int64_t units_each,
                   std::uint32_t views) {
  const Micros last = kNow - static_cast<Micros>(days_ago * static_cast<double>(kDay));
  return {.first_seen_us = last,
          .last_seen_us = last,
          .first_order_us = orders > 0 ? last : 0,
          .last_order_us = orders > 0 ? last : 0,
          .views = views,
          .orders = orders,
          .priced_orders = orders,
          .sessions = orders + 1,
          .active_days = orders + 1,
          .value_micros = orders * units_each * 1'000'000};
}

// 60 frequent buyers, 60 who bought one dear thing long ago, 60 who only look.
ShopperTable ThreeKinds() {
  Random random(5);
  ShopperTable shoppers{.as_of_us = kNow, .currency = "EUR"};
  for (int i = 0; i < 60; ++i) {
    const double noise = random.Uniform();
    shoppers.rows.push_back(Row(1 + 2 * noise, 10 + static_cast<std::uint32_t>(i % 3), 20, 40));
    shoppers.rows.push_back(Row(200 + 40 * noise, 1, 500 + i, 5));
    shoppers.rows.push_back(Row(30 + 10 * noise, 0, 0, 4));
  }
  return shoppers;
}

Segmentation Segmented(const ShopperTable& shoppers, const std::vector<ShopperSummary>& before,
                       const InsightOptions& options) {
  ThreadPool pool(2);
  auto made = MakeSegments(shoppers, before, kNow, options, pool);
  EXPECT_TRUE(made.ok());
  return *std::move(made);
}

TEST(ScaledFeaturesTest, ColumnsHaveMeanZeroAndDeviationOneAndConstantsAreLeftOut) {
  const ShopperTable shoppers = ThreeKinds();

  const ScaledFeatures features(shoppers.rows, kNow);
  const PointMatrix points = features.Of(shoppers.rows, kNow);

  EXPECT_THAT(features.names(),
              ElementsAre("days since seen", "orders", "value", "views", "active days"));
  for (Eigen::Index column = 0; column < points.cols(); ++column) {
    EXPECT_NEAR(points.col(column).mean(), 0, 1e-12);
    EXPECT_NEAR(points.col(column).squaredNorm() / 180, 1, 1e-12);
  }
  // The raw value comes back: log1p of 20 orders more or less.
  const double first = std::log1p(10.0);
  const double second = std::log1p(1.0);
  const double third = std::log1p(0.0);
  EXPECT_GT(points(0, 1), points(1, 1));
  EXPECT_NEAR((points(0, 1) - points(1, 1)) / (points(1, 1) - points(2, 1)),
              (first - second) / (second - third), 1e-9);
}

TEST(SegmentsTest, ShoppersOfAKindAreASegmentWithNumbersAndWordsOfItsOwn) {
  const ShopperTable shoppers = ThreeKinds();

  const Segmentation made = Segmented(shoppers, shoppers.rows, {});

  ASSERT_THAT(made.segments, SizeIs(3));
  for (std::size_t i = 3; i < shoppers.rows.size(); ++i) {
    ASSERT_EQ(made.segment_of[i], made.segment_of[i % 3]);
  }
  const Segment& dear = made.segments[0];  // 60 orders of about 530 are worth the most.
  EXPECT_EQ(dear.name, "lapsed one-time big spenders");
  EXPECT_THAT(dear.description, HasSubstr("last order 2"));
  EXPECT_THAT(dear.description, HasSubstr("average order 529.50 EUR, 1.0 orders each"));
  EXPECT_EQ(dear.size, 60);
  EXPECT_EQ(dear.value_micros, 31'770'000'000);
  EXPECT_NEAR(dear.share, 1.0 / 3, 1e-12);
  const Segment& frequent = made.segments[1];
  EXPECT_EQ(frequent.name, "active frequent small spenders");
  EXPECT_NEAR(frequent.orders, 11, 1e-12);
  EXPECT_NEAR(frequent.value_share + dear.value_share, 1, 1e-12);
  const Segment& lookers = made.segments[2];
  EXPECT_EQ(lookers.name, "passers-by");
  EXPECT_EQ(lookers.num_buyers, 0);
  EXPECT_THAT(lookers.description, HasSubstr("1.0 visits and 0.0 carts each, 4.0 products viewed"));
}

TEST(SegmentsTest, FiveSeedsFindTheSameShoppersTogether) {
  const ShopperTable shoppers = ThreeKinds();
  const Segmentation first = Segmented(shoppers, shoppers.rows, {.seed = 1});

  for (const std::uint64_t seed : {2U, 3U, 4U, 5U}) {
    const Segmentation other = Segmented(shoppers, shoppers.rows, {.seed = seed});
    EXPECT_EQ(AdjustedRandIndex(first.segment_of, other.segment_of), 1);
  }
}

TEST(SegmentsTest, WhoMovedIsCountedFromSegmentToSegment) {
  // Then: the first three frequent buyers only looked, and the last two shoppers were not there.
  const ShopperTable shoppers = ThreeKinds();
  std::vector<ShopperSummary> before = shoppers.rows;
  for (const std::size_t i : {0, 3, 6}) before[i] = Row(30, 0, 0, 4);
  for (const std::size_t i : {178, 179}) before[i] = ShopperSummary();

  const Segmentation made = Segmented(shoppers, before, {});

  const SegmentMovement& dear = made.segments[0].movement;
  const SegmentMovement& frequent = made.segments[1].movement;
  const SegmentMovement& lookers = made.segments[2].movement;
  EXPECT_EQ(frequent.came, 3);
  EXPECT_EQ(frequent.stayed, 57);
  EXPECT_EQ(lookers.left, 3);
  EXPECT_EQ(dear.is_new, 1);     // 178 is one of these,
  EXPECT_EQ(lookers.is_new, 1);  // and 179 of those.
  EXPECT_EQ(made.moves[2][1], 3);
  for (const Segment& segment : made.segments) {
    EXPECT_EQ(segment.movement.stayed + segment.movement.came + segment.movement.is_new,
              segment.size);
  }
}

TEST(SegmentsTest, TheNumberOfSegmentsCanBeAskedFor) {
  const ShopperTable shoppers = ThreeKinds();

  EXPECT_THAT(Segmented(shoppers, shoppers.rows, {.num_segments = 5}).segments, SizeIs(5));
  EXPECT_THAT(Segmented(shoppers, shoppers.rows, {.num_segments = 1}).segments, SizeIs(1));
  EXPECT_THAT(Segmented(shoppers, shoppers.rows, {.criterion = ClusterCriterion::kElbow}).segments,
              SizeIs(::testing::AllOf(::testing::Ge(3U), ::testing::Le(8U))));
}

TEST(SegmentsTest, ShoppersWhoAreAllAlikeAreOneSegment) {
  const ShopperTable shoppers{.as_of_us = kNow, .rows = {Row(1, 0, 0, 2), Row(1, 0, 0, 2)}};

  const Segmentation made = Segmented(shoppers, shoppers.rows, {});

  ASSERT_THAT(made.segments, SizeIs(1));
  EXPECT_EQ(made.segments[0].size, 2);
  EXPECT_EQ(made.silhouette, 0);
}

TEST(SegmentsTest, NamesAreUnique) {
  Random random(2);
  ShopperTable shoppers{.as_of_us = kNow, .currency = "EUR"};
  for (int i = 0; i < 300; ++i) {
    shoppers.rows.push_back(Row(100 * random.Uniform(), static_cast<std::uint32_t>(random.Below(3)),
                                10, static_cast<std::uint32_t>(random.Below(9))));
  }

  const Segmentation made = Segmented(shoppers, shoppers.rows, {.num_segments = 12});

  std::set<std::string> names;
  for (const Segment& segment : made.segments) names.insert(segment.name);
  EXPECT_EQ(names.size(), made.segments.size());
}

TEST(SegmentWordsTest, SegmentsOfOneNameAreToldApartByWorth) {
  std::vector<Segment> segments(2);
  segments[0] = {.size = 2, .value_micros = 10, .sessions = 1};
  segments[1] = {.size = 2, .value_micros = 30, .sessions = 1};

  NameSegments({}, "EUR", segments);

  EXPECT_EQ(segments[0].name, "passers-by, 2 of 2 by worth");
  EXPECT_EQ(segments[1].name, "passers-by, 1 of 2 by worth");
  EXPECT_EQ(segments[0].description, "last seen today, 1.0 visits and 0.0 carts each");
}

TEST(SegmentWordsTest, BuyersWhoseOrdersHaveNoKnownValueAreNoSmallSpenders) {
  const ShopTerciles terciles{.orders = {.high = 5},
                              .mean_order_micros = {.low = 10e6, .high = 30e6}};
  std::vector<Segment> segments(2);
  segments[0] = {.size = 4, .num_buyers = 4, .orders = 2};
  segments[1] = {.size = 4, .num_buyers = 4, .priced_orders = 1, .orders = 2};  // For nothing.

  NameSegments(terciles, "EUR", segments);

  EXPECT_EQ(segments[0].name, "buyers");
  EXPECT_EQ(segments[0].description, "last order today, 2.0 orders each");
  EXPECT_FALSE(segments[0].IsValueKnown());
  EXPECT_EQ(segments[1].name, "small spenders");
  EXPECT_EQ(segments[1].description, "last order today, average order 0.00 EUR, 2.0 orders each");
}

}  // namespace
}  // namespace vitrine
