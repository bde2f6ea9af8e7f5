#include "feature_store/popularity.h"

#include <gmock/gmock.h>

#include <cmath>
#include <vector>

#include "vitrine/base/random.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;

constexpr double kHalfLifeDays = 2;

TEST(PopularityTest, EqualsTheSumOfDecayedWeights) {
  Random random(7);
  Popularity popularity(kHalfLifeDays);
  std::vector<double> want(5);
  const Micros now = 20'000 * kMicrosPerDay;
  for (int i = 0; i < 2'000; ++i) {
    const auto item = static_cast<std::uint32_t>(random.Below(5));
    const auto age =
        static_cast<Micros>(random.Below(30 * static_cast<std::uint64_t>(kMicrosPerDay)));
    const auto weight = static_cast<float>(random.Uniform()) + 0.1F;
    popularity.Add(ItemIndex{item}, now - age, weight);
    want[item] += weight * std::exp2(-static_cast<double>(age) / kMicrosPerDay / kHalfLifeDays);
  }

  const std::vector<float> have = popularity.Values(5);

  // 2,000 additions in double, one rounding to float.
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(have[i] / have[0], want[i] / want[0], 1e-6 * want[i] / want[0]) << i;
  }
}

TEST(PopularityTest, AnySpanOfTimeFits) {
  Popularity popularity(0.001);  // A century is 36 million half lives.

  popularity.Add(ItemIndex{0}, 0, 1);
  popularity.Add(ItemIndex{1}, 36'500 * kMicrosPerDay, 1);
  popularity.Add(ItemIndex{0}, 36'500 * kMicrosPerDay, 2);

  EXPECT_THAT(popularity.Values(3), ElementsAre(2, 1, 0));
}

TEST(PopularityTest, DislikeTakesAwayButNeverBelowZero) {
  Popularity popularity(kHalfLifeDays);
  popularity.Add(ItemIndex{0}, 0, 3);
  popularity.Add(ItemIndex{0}, 0, -1);
  popularity.Add(ItemIndex{1}, 0, -5);

  EXPECT_THAT(popularity.Values(2), ElementsAre(2, 0));
}

TEST(PopularityTest, AHiddenItemDoesNotEvenSetTheScale) {
  Popularity popularity(1);
  popularity.Add(ItemIndex{0}, 0, 1);
  popularity.Add(ItemIndex{1}, 20 * kMicrosPerDay, 8);
  popularity.Add(ItemIndex{2}, 0, 3);

  EXPECT_THAT(popularity.Values(3, {false, true, false}), ElementsAre(1, 0, 3));
  EXPECT_THAT(popularity.Values(3, {true, true, true}), ElementsAre(0, 0, 0));
}

TEST(PopularityTest, ComesBackBitByBit) {
  Popularity popularity(kHalfLifeDays);
  for (int i = 0; i < 100; ++i) {
    popularity.Add(ItemIndex{static_cast<std::uint32_t>(i % 7)}, i * kMicrosPerDay / 3, 0.1F);
  }
  ByteWriter writer;
  popularity.Write(writer);

  Popularity read(kHalfLifeDays);
  ByteReader reader(writer.bytes());
  read.Read(reader);

  EXPECT_TRUE(reader.Finish("popularity").ok());
  EXPECT_EQ(read, popularity);
}

TEST(TrendsTest, AreSharesOfLateAgainstSharesOfAllWithTheMeanItemsAsPrior) {
  // Of late 3/4, 1/4, 0, 0 of the demand; all in all 1/4, 1/4, 1/2, 0: three items have any.
  const std::vector<float> recent = {6, 2, 0, 0};
  const std::vector<float> lasting = {1, 1, 2, 0};

  const std::vector<float> trends = Trends(recent, lasting);

  ASSERT_EQ(trends.size(), 4U);
  EXPECT_FLOAT_EQ(trends[0], (3.0F / 4 + 1.0F / 3) / (1.0F / 4 + 1.0F / 3));
  EXPECT_FLOAT_EQ(trends[1], 1);
  EXPECT_FLOAT_EQ(trends[2], (1.0F / 3) / (1.0F / 2 + 1.0F / 3));
  EXPECT_FLOAT_EQ(trends[3], 1);
}

TEST(TrendsTest, WithoutDemandNothingRisesOrFalls) {
  EXPECT_THAT(Trends(std::vector<float>(2), std::vector<float>(2)), ElementsAre(1, 1));
  EXPECT_THAT(Trends({}, {}), ElementsAre());
}

// Two items of a constant rate that differ tenfold, one that began yesterday, one that ended a week
// ago, among many.
TEST(TrendsTest, WhatIsSteadyStaysNearOneWhateverItsSizeAndTheHour) {
  Demand demand(14);
  const auto add = [&](std::uint32_t item, int per_day, int first_day, int end_day) {
    for (int i = first_day * per_day; i < end_day * per_day; ++i) {
      demand.Add(ItemIndex{item}, i * (kMicrosPerDay / per_day), 1);
    }
  };
  add(0, 10, 0, 100);
  add(1, 100, 0, 100);
  add(2, 50, 99, 100);
  add(3, 50, 0, 93);
  for (std::uint32_t item = 4; item < 40; ++item) add(item, 20, 0, 100);

  const std::vector<float> trends = Trends(demand.recent.Values(40), demand.lasting.Values(40));

  EXPECT_NEAR(trends[0], 1, 0.05);
  EXPECT_NEAR(trends[1], 1, 0.05);
  EXPECT_GT(trends[2], 1.5);
  EXPECT_LT(trends[3], 0.7);
  // The same a quiet day later, but for what happened to one item.
  demand.Add(ItemIndex{4}, 101 * kMicrosPerDay, 1e-6F);
  const std::vector<float> later = Trends(demand.recent.Values(40), demand.lasting.Values(40));
  for (std::size_t item = 0; item < 40; ++item) EXPECT_NEAR(later[item], trends[item], 1e-4);
}

TEST(DemandTest, ComesBackBitByBit) {
  Demand demand(kHalfLifeDays);
  for (int i = 0; i < 100; ++i) {
    demand.Add(ItemIndex{static_cast<std::uint32_t>(i % 7)}, i * kMicrosPerDay / 3, 0.1F);
  }
  ByteWriter writer;
  demand.Write(writer);

  Demand read(kHalfLifeDays);
  ByteReader reader(writer.bytes());
  read.Read(reader);

  EXPECT_TRUE(reader.Finish("demand").ok());
  EXPECT_EQ(read, demand);
}

}  // namespace
}  // namespace vitrine
