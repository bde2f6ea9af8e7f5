#include "vitrine/math/resampling.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "vitrine/base/random.h"

namespace vitrine {
namespace {

// One case a group, values normal around `mean` with deviation 1, in one column.
GroupSums NormalCases(std::size_t num_groups, double mean, std::uint64_t seed) {
  Random random(seed);
  GroupSums sums{.num_columns = 1};
  for (std::size_t group = 0; group < num_groups; ++group) {
    sums.sums.push_back(mean + random.Normal());
    sums.cases.push_back(1);
  }
  return sums;
}

TEST(BootstrapMeansTest, TheIntervalIsThatOfTheNormalLaw) {
  ThreadPool pool(2);
  const GroupSums sums = NormalCases(400, 3, 1);
  double mean = 0;
  for (const double value : sums.sums) mean += value / 400;

  const Interval interval = BootstrapMeans(sums, {.bootstrap_rounds = 4000}, pool).front();

  // 1.96 standard errors of 1 / 20 to either side; a tenth of that for the sampling.
  EXPECT_NEAR(interval.low, mean - 0.098, 0.01);
  EXPECT_NEAR(interval.high, mean + 0.098, 0.01);
}

TEST(BootstrapMeansTest, CasesOfAGroupAreDrawnTogether) {
  // A hundred cases each say what their group says: no surer than one case each.
  ThreadPool pool(1);
  const GroupSums alone = NormalCases(50, 0, 2);
  GroupSums crowded = alone;
  for (double& sum : crowded.sums) sum *= 100;
  for (std::uint32_t& count : crowded.cases) count = 100;

  const Interval a = BootstrapMeans(alone, {}, pool).front();
  const Interval b = BootstrapMeans(crowded, {}, pool).front();

  EXPECT_NEAR(a.low, b.low, 1e-12);
  EXPECT_NEAR(a.high, b.high, 1e-12);
}

TEST(BootstrapMeansTest, MeansAreOverCasesNotOverGroups) {
  ThreadPool pool(1);
  const GroupSums sums{.num_columns = 1, .sums = {3, 7}, .cases = {3, 1}};

  const Interval interval = BootstrapMeans(sums, {}, pool).front();

  // Drawn are both of one group, mean 1 or 7, or one of each, mean 10 / 4.
  EXPECT_DOUBLE_EQ(interval.low, 1);
  EXPECT_DOUBLE_EQ(interval.high, 7);
}

TEST(BootstrapMeansTest, TheNumberOfThreadsDoesNotMatterAndTheSeedDoes) {
  ThreadPool one(1);
  ThreadPool five(5);
  const GroupSums sums = NormalCases(60, 0, 3);

  const Interval a = BootstrapMeans(sums, {}, one).front();
  const Interval b = BootstrapMeans(sums, {}, five).front();
  const Interval c = BootstrapMeans(sums, {.seed = 9}, one).front();

  EXPECT_EQ(a.low, b.low);
  EXPECT_EQ(a.high, b.high);
  EXPECT_NE(a.low, c.low);
}

TEST(BootstrapMeansTest, WithoutGroupsThereIsNothingToSay) {
  ThreadPool pool(1);

  EXPECT_EQ(BootstrapMeans({.num_columns = 2}, {}, pool).size(), 2u);
  EXPECT_EQ(BootstrapMeans({.num_columns = 2}, {}, pool)[1].high, 0);
}

TEST(SignFlipPValuesTest, AgreesWithCountingAllSigns) {
  // Of the 32 sign patterns of 1, 2, 3, 4, -1 (sum 9) those with a sum of 9 or more in size: all
  // plus (11); the 1 or the -1 flipped alone (9, twice); and the mirror images. Six of 32.
  ThreadPool pool(2);
  const GroupSums differences{.num_columns = 1, .sums = {1, 2, 3, 4, -1}, .cases = {1, 1, 1, 1, 1}};

  const double p_value = SignFlipPValues(differences, {.permutation_rounds = 40'000}, pool).front();

  EXPECT_NEAR(p_value, 6.0 / 32, 0.01);
}

TEST(SignFlipPValuesTest, NoDifferenceIsNoEvidence) {
  ThreadPool pool(1);
  const GroupSums differences{.num_columns = 1, .sums = {0, 0, 0}, .cases = {1, 1, 1}};

  EXPECT_EQ(SignFlipPValues(differences, {}, pool).front(), 1);
}

TEST(SignFlipPValuesTest, AClearDifferenceIsAsRareAsTheRoundsCanTell) {
  ThreadPool pool(1);

  const double p_value =
      SignFlipPValues(NormalCases(200, 1, 4), {.permutation_rounds = 999}, pool).front();

  EXPECT_DOUBLE_EQ(p_value, 0.001);
}

TEST(SignFlipPValuesTest, ChanceIsFoundSignificantAsOftenAsTheLevelSays) {
  ThreadPool pool(2);
  int num_significant = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const GroupSums differences = NormalCases(40, 0, 100 + seed);
    if (SignFlipPValues(differences, {.permutation_rounds = 400}, pool).front() < 0.1) {
      ++num_significant;
    }
  }

  EXPECT_NEAR(num_significant, 20, 13);  // Three standard deviations of a binomial.
}

}  // namespace
}  // namespace vitrine
