#pragma once

#include <Eigen/Core>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/thread_pool.h"

namespace vitrine {

// Points in space, one a row. In double: what is clustered is small, and its sums must not drift.
using PointMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// Points put into clusters.
struct Clustering {
  PointMatrix centres{};                    // [clusters x dimensions]
  std::vector<std::uint32_t> cluster_of{};  // [points] The nearest centre; ties to the smaller row.
  std::vector<std::size_t> sizes{};         // [clusters] Points of each.
  double inertia = 0;          // Sum over points of the squared distance to their centre.
  std::size_t iterations = 0;  // Passes over the points, or batches, that it took.
};

struct KMeansOptions {
  std::size_t num_clusters = 8;      // >= 1
  std::size_t num_restarts = 10;     // Starts with other centres; the least inertia wins. >= 1
  std::size_t max_iterations = 300;  // Of each start. >= 1
  std::uint64_t seed = 1;
  const std::atomic<bool>* is_cancelled = nullptr;  // May be null; then CANCELLED is returned.
};

// k-means by Lloyd's iterations (Lloyd: Least squares quantization in PCM, 1982) from centres
// chosen by k-means++ (Arthur, Vassilvitskii: k-means++: the advantages of careful seeding, SODA
// 2007): each next one is a point drawn with probability proportional to D(x)^2, its squared
// distance to the nearest centre so far; the best of 2 + ln k draws is taken, as in the authors'
// own experiments.
//
// A cluster that runs empty moves to the point farthest from its centre. Where there are fewer
// distinct points than clusters wanted, there are as many clusters as distinct points. The same
// result at any number of threads. O(restarts x iterations x points x clusters x dimensions).
//
// Errors: INVALID_ARGUMENT no points, no dimensions, a coordinate that is NaN or infinite, an
// option out of range; CANCELLED, within an iteration, once it was asked for.
absl::StatusOr<Clustering> KMeans(const PointMatrix& points, const KMeansOptions& options,
                                  ThreadPool& pool);

struct MiniBatchOptions {
  std::size_t num_clusters = 8;   // >= 1
  std::size_t num_restarts = 3;   // >= 1
  std::size_t batch_size = 1024;  // Points drawn, with replacement, for a step. >= 1
  std::size_t num_batches = 200;  // >= 1
  std::uint64_t seed = 1;
  const std::atomic<bool>* is_cancelled = nullptr;  // May be null; then CANCELLED is returned.
};

// The same for millions of points (Sculley: Web-scale k-means clustering, WWW 2010, algorithm 1):
// each point of a batch pulls the centre nearest to it by 1 / (points that the centre has had). The
// first centres are k-means++ of three batches; all points are assigned at the end.
absl::StatusOr<Clustering> MiniBatchKMeans(const PointMatrix& points,
                                           const MiniBatchOptions& options, ThreadPool& pool);

// Lloyd's iterations from these centres, until no point changes its cluster or `max_iterations` are
// done. A cluster that stays empty, since all points are centres, keeps its centre.
// REQUIRES: at least one centre, as many columns as the points have
Clustering IterateLloyd(const PointMatrix& points, PointMatrix centres, std::size_t max_iterations);

// The nearest centre of each point, ties to the smaller row.
std::vector<std::uint32_t> NearestCentres(const PointMatrix& points, const PointMatrix& centres,
                                          ThreadPool& pool);

}  // namespace vitrine
