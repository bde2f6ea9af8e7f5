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

}  // namespace
}  // namespace vitrine
