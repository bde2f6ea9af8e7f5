#include "vitrine/models/trend.h"

#include <gtest/gtest.h>

#include <cmath>

#include "evaluation/made_dataset.h"

namespace vitrine {
namespace {

using testing::MakeDataset;

constexpr Micros kDay = kMicrosPerDay;

TEST(TrendTest, CountsShoppersByTheAgeOfTheirLastTouch) {
  // Item 0: one now and one a half-life ago; item 1: one long ago, twice; item 2: disliked.
  Dataset dataset = MakeDataset(
      4, {{{1, 0}, {1, 10 * kDay}, {0, 100 * kDay}}, {{0, 93 * kDay}, {2, 99 * kDay, -1}}});
  dataset.now_us = 100 * kDay;

  const Trend trend = MeasureTrend(dataset, 1, 7);

  ASSERT_EQ(trend.ln_by_item.size(), 4u);
  EXPECT_NEAR(trend.ln_by_item[0], std::log((1 + 1.5) / (5 + 2)), 1e-6);
  EXPECT_NEAR(trend.ln_by_item[1], std::log((1 + std::exp2(-90.0 / 7)) / (5 + 1)), 1e-6);
  EXPECT_NEAR(trend.ln_by_item[2], kUntouchedTrend, 1e-6);
  EXPECT_NEAR(trend.ln_by_item[3], kUntouchedTrend, 1e-6);
}

TEST(TrendTest, TheFactorIsAPowerAndOneWhereItDoesNotCount) {
  Trend trend{.power = 0.5, .ln_by_item = {std::log(0.25F)}};

  EXPECT_NEAR(trend.FactorOf(ItemIndex{0}), 0.5, 1e-6);
  EXPECT_NEAR(trend.FactorOf(ItemIndex{7}), std::sqrt(0.2), 1e-6);  // Not known: nobody yet.

  trend.power = 0;
  EXPECT_EQ(trend.FactorOf(ItemIndex{0}), 1);
}

}  // namespace
}  // namespace vitrine
