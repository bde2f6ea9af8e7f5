#include "vitrine/math/k_means.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <vector>

#include "math/golden_points.h"
#include "vitrine/base/random.h"

namespace vitrine {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Gt;

PointMatrix Line(const std::vector<double>& values) {
  PointMatrix points(static_cast<Eigen::Index>(values.size()), 1);
  for (std::size_t i = 0; i < values.size(); ++i)
    points(static_cast<Eigen::Index>(i), 0) = values[i];
  return points;
}

PointMatrix RandomPoints(Eigen::Index count, Eigen::Index dimensions, std::uint64_t seed) {
  Random random(seed);
  return PointMatrix::NullaryExpr(count, dimensions, [&random] { return random.Normal(); });
}

// The least inertia of any way to cut ascending numbers into `num_clusters` runs: the best there
// is, since clusters on a line are intervals.
double BestInertia(const std::vector<double>& ascending, std::size_t num_clusters) {
  const std::size_t n = ascending.size();
  const auto cost = [&](std::size_t begin, std::size_t end) {
    double mean = 0;
    for (std::size_t i = begin; i < end; ++i)
      mean += ascending[i] / static_cast<double>(end - begin);
    double sum = 0;
    for (std::size_t i = begin; i < end; ++i) sum += (ascending[i] - mean) * (ascending[i] - mean);
    return sum;
  };
  constexpr double kNone = std::numeric_limits<double>::infinity();
  std::vector<std::vector<double>> best(num_clusters + 1, std::vector<double>(n + 1, kNone));
  best[0][0] = 0;
  for (std::size_t k = 1; k <= num_clusters; ++k) {
    for (std::size_t end = 1; end <= n; ++end) {
      for (std::size_t begin = 0; begin < end; ++begin) {
        best[k][end] = std::min(best[k][end], best[k - 1][begin] + cost(begin, end));
      }
    }
  }
  return best[num_clusters][n];
}

TEST(KMeansTest, TheBestOfManyStartsIsTheBestThereIsOnALine) {
  ThreadPool pool(2);
  Random random(5);
  for (int round = 0; round < 20; ++round) {
    std::vector<double> values(12);
    for (double& value : values) value = random.Normal();
    std::sort(values.begin(), values.end());

    const auto clustering = KMeans(Line(values), {.num_clusters = 3, .num_restarts = 200}, pool);

    ASSERT_TRUE(clustering.ok());
    EXPECT_NEAR(clustering->inertia, BestInertia(values, 3), 1e-9) << "round " << round;
  }
}

TEST(KMeansTest, LloydFromGivenCentresIsWhatScikitLearnFinds) {
  const testing::GoldenPoints golden = testing::ReadGoldenPoints();

  const Clustering start = IterateLloyd(golden.points, golden.points.topRows(4), 0);
  const Clustering end = IterateLloyd(golden.points, golden.points.topRows(4), 1'000);

  EXPECT_NEAR(start.inertia, golden.numbers.at("start_inertia"), 1e-8);
  EXPECT_NEAR(end.inertia, golden.numbers.at("lloyd_inertia"), 1e-8);
  EXPECT_TRUE(end.centres.isApprox(golden.centres, 1e-9)) << end.centres;
}

TEST(KMeansTest, TheResultIsTheSameAtAnyNumberOfThreads) {
  const PointMatrix points = RandomPoints(500, 4, 1);
  ThreadPool one(1);
  ThreadPool many(7);

  const auto a = KMeans(points, {.num_clusters = 6, .seed = 3}, one);
  const auto b = KMeans(points, {.num_clusters = 6, .seed = 3}, many);

  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->cluster_of, b->cluster_of);
  EXPECT_EQ(a->centres, b->centres);
  EXPECT_EQ(a->inertia, b->inertia);
}

TEST(KMeansTest, EveryPointIsWithItsNearestCentreAndSizesCountThem) {
  const PointMatrix points = RandomPoints(300, 3, 2);
  ThreadPool pool(2);

  const auto made = KMeans(points, {.num_clusters = 5}, pool);

  ASSERT_TRUE(made.ok());
  std::vector<std::size_t> sizes(5, 0);
  double inertia = 0;
  for (Eigen::Index i = 0; i < points.rows(); ++i) {
    Eigen::Index nearest = 0;
    inertia += (made->centres.rowwise() - points.row(i)).rowwise().squaredNorm().minCoeff(&nearest);
    EXPECT_EQ(made->cluster_of[static_cast<std::size_t>(i)], nearest);
    ++sizes[static_cast<std::size_t>(nearest)];
  }
  EXPECT_EQ(made->sizes, sizes);
  EXPECT_NEAR(made->inertia, inertia, 1e-9);
  EXPECT_EQ(NearestCentres(points, made->centres, pool), made->cluster_of);
}

TEST(KMeansTest, AnEmptyClusterMovesToThePointFarthestFromItsCentre) {
  // Nothing is nearest to 100; 9 is farthest from the centre 1.
  PointMatrix centres(2, 1);
  centres << 1, 100;

  const Clustering made = IterateLloyd(Line({0, 1, 2, 9}), centres, 10);

  EXPECT_THAT(made.cluster_of, ElementsAre(0, 0, 0, 1));
  EXPECT_EQ(made.centres(0, 0), 1);
  EXPECT_EQ(made.centres(1, 0), 9);
}

TEST(KMeansTest, ThereAreNoMoreClustersThanDistinctPoints) {
  ThreadPool pool(2);

  const auto made = KMeans(Line({4, 7, 4, 4, 7}), {.num_clusters = 5}, pool);

  ASSERT_TRUE(made.ok());
  EXPECT_EQ(made->sizes.size(), 2);
  EXPECT_EQ(made->inertia, 0);
}

TEST(KMeansTest, OnceCancelledItSaysSo) {
  ThreadPool pool(2);
  const std::atomic<bool> is_cancelled = true;
  const PointMatrix points = Line({0, 1, 8, 9});

  const auto whole = KMeans(points, {.num_clusters = 2, .is_cancelled = &is_cancelled}, pool);
  const auto batches =
      MiniBatchKMeans(points, {.num_clusters = 2, .is_cancelled = &is_cancelled}, pool);

  EXPECT_EQ(whole.status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(batches.status().code(), absl::StatusCode::kCancelled);
}

TEST(KMeansTest, TiesGoToTheSmallerCentre) {
  ThreadPool pool(1);

  EXPECT_THAT(NearestCentres(Line({0, 5, 10}), Line({10, 0}), pool), ElementsAre(1, 0, 0));
}

TEST(KMeansTest, BadInputIsRefused) {
  ThreadPool pool(1);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const PointMatrix fine = Line({1, 2});

  EXPECT_EQ(KMeans(PointMatrix(0, 3), {}, pool).status().message(),
            "0 points of 3 dimensions; clusters want at least one of each");
  EXPECT_EQ(KMeans(Line({1, nan}), {}, pool).status().message(),
            "point 1 has a coordinate that is NaN or infinite");
  EXPECT_FALSE(KMeans(fine, {.num_clusters = 0}, pool).ok());
  EXPECT_FALSE(KMeans(fine, {.num_restarts = 0}, pool).ok());
  EXPECT_FALSE(KMeans(fine, {.max_iterations = 0}, pool).ok());
  EXPECT_FALSE(MiniBatchKMeans(fine, {.batch_size = 0}, pool).ok());
  EXPECT_FALSE(MiniBatchKMeans(fine, {.num_batches = 0}, pool).ok());
}

// Three heaps of points, far apart.
PointMatrix Heaps(Eigen::Index count) {
  PointMatrix points = RandomPoints(count, 2, 9);
  for (Eigen::Index i = 0; i < count; ++i) points(i, 0) += 20.0 * static_cast<double>(i % 3);
  return points;
}

TEST(MiniBatchKMeansTest, FindsHeapsThatAreFarApart) {
  const PointMatrix points = Heaps(3'000);
  ThreadPool pool(2);

  const auto made =
      MiniBatchKMeans(points, {.num_clusters = 3, .batch_size = 100, .num_batches = 50}, pool);

  ASSERT_TRUE(made.ok());
  EXPECT_THAT(made->sizes, Each(1'000));
  for (std::size_t i = 3; i < made->cluster_of.size(); ++i) {
    ASSERT_EQ(made->cluster_of[i], made->cluster_of[i % 3]);
  }
}

TEST(MiniBatchKMeansTest, IsNearlyAsGoodAsAllPointsAtOnce) {
  const PointMatrix points = RandomPoints(5'000, 4, 4);
  ThreadPool pool(2);

  const auto full = KMeans(points, {.num_clusters = 6}, pool);
  const auto batches = MiniBatchKMeans(points, {.num_clusters = 6, .batch_size = 256}, pool);

  ASSERT_TRUE(full.ok() && batches.ok());
  EXPECT_GE(batches->inertia, full->inertia * (1 - 1e-12));
  EXPECT_LE(batches->inertia, full->inertia * 1.05);  // Sculley's figure 1: within a few percent.
}

TEST(MiniBatchKMeansTest, NoClusterStaysEmptyAndThreadsChangeNothing) {
  const PointMatrix points = RandomPoints(400, 2, 6);
  ThreadPool one(1);
  ThreadPool many(5);
  const MiniBatchOptions options{.num_clusters = 40, .batch_size = 8, .num_batches = 3};

  const auto a = MiniBatchKMeans(points, options, one);
  const auto b = MiniBatchKMeans(points, options, many);

  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(a->cluster_of, b->cluster_of);
  EXPECT_THAT(a->sizes, Each(Gt(0U)));
}

}  // namespace
}  // namespace vitrine
