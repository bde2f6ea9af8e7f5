#include "vitrine/math/choose_clusters.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "vitrine/base/random.h"
#include "vitrine/math/cluster_quality.h"

namespace vitrine {
namespace {

// `num_heaps` round heaps on a circle, each `spread` wide.
PointMatrix Heaps(Eigen::Index num_heaps, double spread) {
  Random random(4);
  PointMatrix points(num_heaps * 60, 2);
  for (Eigen::Index i = 0; i < points.rows(); ++i) {
    const double angle =
        6.283185307179586 * static_cast<double>(i % num_heaps) / static_cast<double>(num_heaps);
    points(i, 0) = 10 * std::cos(angle) + spread * random.Normal();
    points(i, 1) = 10 * std::sin(angle) + spread * random.Normal();
  }
  return points;
}

TEST(ChooseClustersTest, TheSilhouetteFindsTheNumberOfHeaps) {
  ThreadPool pool(2);

  for (const Eigen::Index num_heaps : {3, 5, 6}) {
    const auto chosen = ChooseClusters(Heaps(num_heaps, 0.8), {}, pool);

    ASSERT_TRUE(chosen.ok());
    EXPECT_EQ(chosen->clustering.sizes.size(), static_cast<std::size_t>(num_heaps));
    EXPECT_EQ(chosen->trials.size(), 7);
    const ClusterTrial& trial = chosen->trials[static_cast<std::size_t>(num_heaps) - 2];
    EXPECT_EQ(trial.num_clusters, num_heaps);
    EXPECT_EQ(trial.inertia, chosen->clustering.inertia);
  }
}

TEST(ChooseClustersTest, TheElbowFindsItToo) {
  ThreadPool pool(2);

  const auto chosen = ChooseClusters(Heaps(4, 0.8), {.criterion = ClusterCriterion::kElbow}, pool);

  ASSERT_TRUE(chosen.ok());
  EXPECT_EQ(chosen->clustering.sizes.size(), 4);
}

TEST(ChooseClustersTest, ManyPointsAreClusteredByMiniBatchesAndComeOutTheSame) {
  const PointMatrix points = Heaps(4, 0.5);
  ThreadPool pool(2);

  const auto full = ChooseClusters(points, {}, pool);
  const auto batches = ChooseClusters(points, {.mini_batch_from = 100}, pool);

  ASSERT_TRUE(full.ok() && batches.ok());
  EXPECT_EQ(batches->clustering.iterations, MiniBatchOptions{}.num_batches);
  EXPECT_EQ(AdjustedRandIndex(full->clustering.cluster_of, batches->clustering.cluster_of), 1);
}

TEST(ChooseClustersTest, MoreClustersThanDistinctPointsAreNotTried) {
  PointMatrix points(6, 1);
  points << 1, 2, 3, 1, 2, 3;
  ThreadPool pool(1);

  const auto chosen = ChooseClusters(points, {}, pool);

  ASSERT_TRUE(chosen.ok());
  ASSERT_EQ(chosen->trials.size(), 2);
  EXPECT_EQ(chosen->trials.back().num_clusters, 3);
}

TEST(ChooseClustersTest, ARangeThatIsNoneIsRefused) {
  ThreadPool pool(1);
  const PointMatrix points = Heaps(3, 1);

  EXPECT_EQ(ChooseClusters(points, {.min_clusters = 1}, pool).status().message(),
            "clusters from 1 to 8; wants a range that starts at 2 or above");
  EXPECT_FALSE(ChooseClusters(points, {.min_clusters = 5, .max_clusters = 4}, pool).ok());
  EXPECT_FALSE(ChooseClusters(PointMatrix(0, 2), {}, pool).ok());
}

TEST(FindElbowTest, IsThePlaceFarthestBelowTheChord) {
  EXPECT_EQ(FindElbow(std::vector<double>{100, 60, 20, 15, 10}), 2);
  EXPECT_EQ(FindElbow(std::vector<double>{3, 2, 1}), 0);
  EXPECT_EQ(FindElbow(std::vector<double>{5, 5, 5}), 0);
  EXPECT_EQ(FindElbow(std::vector<double>{5}), 0);
}

}  // namespace
}  // namespace vitrine
