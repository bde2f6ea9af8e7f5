#include "vitrine/math/cluster_quality.h"

#include <gtest/gtest.h>

#include <vector>

#include "math/golden_points.h"
#include "vitrine/base/random.h"

namespace vitrine {
namespace {

constexpr std::size_t kAll = 1'000'000;

TEST(SilhouetteTest, IsThatOfScikitLearn) {
  const testing::GoldenPoints golden = testing::ReadGoldenPoints();
  ThreadPool pool(2);

  EXPECT_NEAR(Silhouette(golden.points, golden.made_in, kAll, 1, pool),
              golden.numbers.at("silhouette"), 1e-10);
  EXPECT_NEAR(Silhouette(golden.points, golden.guess, kAll, 1, pool),
              golden.numbers.at("silhouette_guess"), 1e-10);
}

TEST(SilhouetteTest, CanBeCheckedByHand) {
  // Of 0: a = 1, b = 9.5; of 1: a = 1, b = 8.5; of 9 and 10: the mirror of these.
  PointMatrix points(4, 1);
  points << 0, 1, 9, 10;
  const std::vector<std::uint32_t> cluster_of = {7, 7, 2, 2};
  ThreadPool pool(1);

  EXPECT_DOUBLE_EQ(Silhouette(points, cluster_of, kAll, 1, pool), (8.5 / 9.5 + 7.5 / 8.5) / 2);
}

TEST(SilhouetteTest, OneClusterAndPointsAloneCountNothing) {
  PointMatrix points(3, 1);
  points << 0, 1, 5;
  ThreadPool pool(1);

  EXPECT_EQ(Silhouette(points, std::vector<std::uint32_t>{0, 0, 0}, kAll, 1, pool), 0);
  EXPECT_EQ(Silhouette(points, std::vector<std::uint32_t>{0, 1, 2}, kAll, 1, pool), 0);
}

TEST(SilhouetteTest, ASampleIsCloseToTheWholeAndTheSameAtAnyNumberOfThreads) {
  Random random(3);
  PointMatrix points(3'000, 2);
  std::vector<std::uint32_t> cluster_of;
  for (Eigen::Index i = 0; i < points.rows(); ++i) {
    cluster_of.push_back(static_cast<std::uint32_t>(i % 3));
    points(i, 0) = random.Normal() + 3.0 * static_cast<double>(i % 3);
    points(i, 1) = random.Normal();
  }
  ThreadPool one(1);
  ThreadPool many(6);

  const double whole = Silhouette(points, cluster_of, kAll, 1, many);
  const double sample = Silhouette(points, cluster_of, 600, 1, one);

  EXPECT_NEAR(sample, whole, 0.03);  // Values spread by about 0.3: 0.3 / sqrt(600), 2.5 times.
  EXPECT_NE(sample, whole);
  EXPECT_EQ(Silhouette(points, cluster_of, 600, 1, many), sample);
}

// By counting pairs one by one (Hubert, Arabie 1985).
double SlowAdjustedRandIndex(const std::vector<std::uint32_t>& a,
                             const std::vector<std::uint32_t>& b) {
  double both = 0, only_a = 0, only_b = 0, neither = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      const bool in_a = a[i] == a[j];
      const bool in_b = b[i] == b[j];
      (in_a ? (in_b ? both : only_a) : (in_b ? only_b : neither)) += 1;
    }
  }
  return 2 * (both * neither - only_a * only_b) /
         ((both + only_a) * (only_a + neither) + (both + only_b) * (only_b + neither));
}

TEST(AdjustedRandIndexTest, IsThatOfScikitLearn) {
  const testing::GoldenPoints golden = testing::ReadGoldenPoints();

  EXPECT_NEAR(AdjustedRandIndex(golden.made_in, golden.guess), golden.numbers.at("ari"), 1e-12);
}

TEST(AdjustedRandIndexTest, IsThatOfCountingPairs) {
  Random random(8);
  for (int round = 0; round < 30; ++round) {
    std::vector<std::uint32_t> a(40);
    std::vector<std::uint32_t> b(40);
    for (std::size_t i = 0; i < a.size(); ++i) {
      a[i] = static_cast<std::uint32_t>(random.Below(4));
      b[i] = random.Below(2) == 0 ? a[i] : static_cast<std::uint32_t>(random.Below(5));
    }

    EXPECT_NEAR(AdjustedRandIndex(a, b), SlowAdjustedRandIndex(a, b), 1e-12);
  }
}

TEST(AdjustedRandIndexTest, NamesOfClustersDoNotMatter) {
  const std::vector<std::uint32_t> a = {0, 0, 1, 1, 2};
  const std::vector<std::uint32_t> b = {9, 9, 4, 4, 7};

  EXPECT_EQ(AdjustedRandIndex(a, b), 1);
}

TEST(AdjustedRandIndexTest, WhatLeavesNoChoiceIsEqual) {
  EXPECT_EQ(
      AdjustedRandIndex(std::vector<std::uint32_t>{3, 3, 3}, std::vector<std::uint32_t>{1, 1, 1}),
      1);
  EXPECT_EQ(
      AdjustedRandIndex(std::vector<std::uint32_t>{1, 2, 3}, std::vector<std::uint32_t>{3, 1, 2}),
      1);
  EXPECT_EQ(AdjustedRandIndex({}, {}), 1);
}

}  // namespace
}  // namespace vitrine
