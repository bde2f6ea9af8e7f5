#include "vitrine/base/random.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace vitrine {
namespace {

using ::testing::ElementsAreArray;
using ::testing::Not;
using ::testing::UnorderedElementsAreArray;

constexpr int kDraws = 200'000;

// Mean and variance of `kDraws` draws.
struct Moments {
  double mean = 0;
  double variance = 0;
};

template <typename Draw>
Moments MomentsOf(Draw draw) {
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double value = draw();
    sum += value;
    squares += value * value;
  }
  const double mean = sum / kDraws;
  return {mean, squares / kDraws - mean * mean};
}

// Five standard errors of a mean over kDraws: a right generator fails one seed in two million.
double Tolerance(double variance) { return 5 * std::sqrt(variance / kDraws); }

TEST(RandomTest, DrawsTheSameNumbersEverywhere) {
  Random random(42);
  std::vector<std::uint64_t> drawn;
  for (int i = 0; i < 4; ++i) drawn.push_back(random.NextBits());

  // From an independent implementation of the published algorithm.
  EXPECT_THAT(drawn, ElementsAreArray({0xAB4C4ADFBB450230ULL, 0x16C758048460B512ULL,
                                       0xDEFF27396F8EB5C7ULL, 0x8B9350CEC7B7BC0EULL}));
}

TEST(RandomTest, StreamsOfOneSeedDiffer) {
  Random first(42, 0);
  Random second(42, 1);

  EXPECT_NE(first.NextBits(), second.NextBits());
}

TEST(RandomTest, UniformLiesInTheUnitInterval) {
  Random random(1);
  const Moments moments = MomentsOf([&] {
    const double value = random.Uniform();
    EXPECT_GE(value, 0);
    EXPECT_LT(value, 1);
    return value;
  });

  EXPECT_NEAR(moments.mean, 0.5, Tolerance(1.0 / 12));
  EXPECT_NEAR(moments.variance, 1.0 / 12, Tolerance(1.0 / 180));
}

TEST(RandomTest, NormalHasMeanZeroAndVarianceOne) {
  Random random(2);
  const Moments moments = MomentsOf([&] { return random.Normal(); });

  EXPECT_NEAR(moments.mean, 0, Tolerance(1));
  EXPECT_NEAR(moments.variance, 1, Tolerance(2));
}

TEST(RandomTest, ExponentialHasMeanOneAndVarianceOne) {
  Random random(3);
  const Moments moments = MomentsOf([&] { return random.Exponential(); });

  EXPECT_NEAR(moments.mean, 1, Tolerance(1));
  EXPECT_NEAR(moments.variance, 1, Tolerance(8));
}

TEST(RandomTest, BelowIsUniformOverEveryValue) {
  for (const std::uint64_t bound : {1, 2, 3, 7, 10}) {
    Random random(bound);
    std::vector<int> counts(bound);
    for (int i = 0; i < kDraws; ++i) ++counts[random.Below(bound)];

    const double share = 1.0 / static_cast<double>(bound);
    for (const int count : counts) {
      EXPECT_NEAR(count / static_cast<double>(kDraws), share, Tolerance(share * (1 - share)));
    }
  }
}

TEST(RandomTest, BelowIsUniformWhereAPlainRemainderIsNot) {
  // Two thirds of 2^64: bits modulo this falls into the lower half twice as often as into the
  // upper.
  constexpr std::uint64_t kBound = 0xAAAAAAAAAAAAAAAAULL;
  Random random(4);
  int lower = 0;
  for (int i = 0; i < kDraws; ++i) lower += random.Below(kBound) < kBound / 2 ? 1 : 0;

  EXPECT_NEAR(lower / static_cast<double>(kDraws), 0.5, Tolerance(0.25));
}

TEST(RandomTest, ShuffleKeepsTheValuesAndMovesEachAnywhere) {
  std::vector<int> values(50);
  std::iota(values.begin(), values.end(), 0);
  const std::vector<int> sorted = values;
  Random random(5);

  random.Shuffle(values);
  EXPECT_THAT(values, Not(ElementsAreArray(sorted)));
  EXPECT_THAT(values, UnorderedElementsAreArray(sorted));

  std::vector<int> places(3);
  for (int i = 0; i < kDraws; ++i) {
    std::vector<int> three = {0, 1, 2};
    random.Shuffle(three);
    ++places[static_cast<std::size_t>(std::find(three.begin(), three.end(), 0) - three.begin())];
  }
  for (const int count : places) {
    EXPECT_NEAR(count / static_cast<double>(kDraws), 1.0 / 3, Tolerance(2.0 / 9));
  }
}

}  // namespace
}  // namespace vitrine
