#include "vitrine/models/blend_weight.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace vitrine {
namespace {

constexpr Micros kNow = 100 * kMicrosPerDay;

Interaction Touch(std::uint32_t item, double days_ago, float weight = 1) {
  return {.time_us = kNow - static_cast<Micros>(days_ago * static_cast<double>(kMicrosPerDay)),
          .item = ItemIndex{item},
          .weight = weight};
}

TEST(BlendWeightTest, FeaturesTellOfSignalsAbsenceAndRepeats) {
  const std::vector<Interaction> history = {Touch(1, 3), Touch(2, 4), Touch(1, 5), Touch(3, 6, -1)};
  const std::vector<ItemIndex> cart = {ItemIndex{9}};

  const QueryFeatures features =
      FeaturesOf({.history = history, .cart_items = cart, .now_us = kNow});

  EXPECT_DOUBLE_EQ(features[0], std::log(5.0 / 11));  // Three liked and one in the cart.
  EXPECT_DOUBLE_EQ(features[1], std::log(4.0));
  EXPECT_DOUBLE_EQ(features[2], std::log(4.0 / 3));
}

TEST(BlendWeightTest, AShopperOfTenSignsStandsOutInNothing) {
  std::vector<Interaction> history;
  for (std::uint32_t item = 0; item < 10; ++item) history.push_back(Touch(item, 0));

  EXPECT_EQ(FeaturesOf({.history = history, .now_us = kNow}), QueryFeatures());
}

TEST(BlendWeightTest, WithoutAHistoryOnlySignalsAreKnown) {
  const QueryFeatures features = FeaturesOf({.now_us = kNow});

  EXPECT_DOUBLE_EQ(features[0], std::log(1.0 / 11));
  EXPECT_EQ(features[1], 0);
  EXPECT_EQ(features[2], 0);
}

TEST(BlendWeightTest, EventsAfterNowCountAsNow) {
  const std::vector<Interaction> history = {Touch(1, -7)};

  EXPECT_EQ(FeaturesOf({.history = history, .now_us = kNow})[1], 0);
}

TEST(BlendWeightTest, GrowsAsAPowerOfWhatTheFeatureIsTheLogarithmOf) {
  const BlendWeight weight{.weight = 0.5, .growth = {0.5, 0, -1}};

  EXPECT_DOUBLE_EQ(weight.At({}), 0.5);
  EXPECT_NEAR(weight.At({std::log(4.0), 17, 0}), 0.5 * 2, 1e-12);
  EXPECT_NEAR(weight.At({0, 0, std::log(2.0)}), 0.5 / 2, 1e-12);
}

TEST(BlendWeightTest, NoFeatureCarriesAWeightAway) {
  const BlendWeight weight{.weight = 1, .growth = {100, 0, 0}};

  EXPECT_NEAR(weight.At({5, 0, 0}), std::exp(4), 1e-9);
  EXPECT_NEAR(weight.At({-5, 0, 0}), std::exp(-4), 1e-9);
}

}  // namespace
}  // namespace vitrine
