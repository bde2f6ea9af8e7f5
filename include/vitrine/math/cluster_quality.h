#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "vitrine/base/thread_pool.h"
#include "vitrine/math/k_means.h"

namespace vitrine {

// How well points lie in their clusters, in [-1, 1] (Rousseeuw: Silhouettes, 1987): the mean over
// points of (b - a) / max(a, b), with a the mean distance to the others of the own cluster and b
// that to the nearest other cluster. A point alone in its cluster counts 0, and so does everything
// when there are fewer than two clusters.
//
// Where there are more than `max_sample` points, it is that of so many of them, drawn with `seed`
// without replacement. O(sample^2 x dimensions); the same at any number of threads.
// REQUIRES: cluster_of.size() == points.rows()
double Silhouette(const PointMatrix& points, std::span<const std::uint32_t> cluster_of,
                  std::size_t max_sample, std::uint64_t seed, ThreadPool& pool);

// How alike two ways to cluster the same points are, whatever the numbers of the clusters: 1 equal,
// around 0 by chance, below it less than by chance (Hubert, Arabie: Comparing partitions, 1985,
// equation 5). 1 when both put everything into one cluster, or every point into its own.
// REQUIRES: a.size() == b.size()
double AdjustedRandIndex(std::span<const std::uint32_t> a, std::span<const std::uint32_t> b);

}  // namespace vitrine
