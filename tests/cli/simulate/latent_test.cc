#include "cli/simulate/latent.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

namespace vitrine::simulate {
namespace {

constexpr int kDraws = 100'000;

// Checks the share of each index against its weight, within five standard errors.
template <typename Draw>
void ExpectInProportion(const std::vector<double>& weights, Draw draw) {
  std::vector<int> counts(weights.size());
  for (int i = 0; i < kDraws; ++i) ++counts[draw()];
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const double share = weights[i] / total;
    EXPECT_NEAR(counts[i] / static_cast<double>(kDraws), share,
                5 * std::sqrt(share * (1 - share) / kDraws))
        << "index " << i;
  }
}

class DrawTest : public ::testing::TestWithParam<std::vector<double>> {};

INSTANTIATE_TEST_SUITE_P(Weights, DrawTest,
                         ::testing::Values(std::vector<double>{1}, std::vector<double>{1, 1, 1},
                                           std::vector<double>{0, 3, 0, 1, 0},
                                           std::vector<double>{1000, 1, 10, 0.1, 100}));

TEST_P(DrawTest, TheAliasMethodDrawsInProportion) {
  const WeightedChoice choice(GetParam());
  Random random(1);
  ExpectInProportion(GetParam(), [&] { return choice.Draw(random); });
}

TEST_P(DrawTest, OnePassDrawsInProportion) {
  Random random(2);
  ExpectInProportion(GetParam(), [&] { return DrawWeighted(GetParam(), random); });
}

TEST(LatentTest, DirectionsHaveLengthOneAndNoFavourite) {
  Random random(3);
  Vector sum{};
  for (int i = 0; i < 10'000; ++i) {
    const Vector direction = RandomDirection(random);
    ASSERT_NEAR(Dot(direction, direction), 1, 1e-12);
    AddScaled(sum, 1e-4, direction);
  }
  // Each coordinate has variance 1/8: the mean of 10,000 has a standard error of 0.0035.
  for (const double value : sum) EXPECT_NEAR(value, 0, 0.018);
}

}  // namespace
}  // namespace vitrine::simulate
