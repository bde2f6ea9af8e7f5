#include "vitrine/math/cluster_quality.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <utility>
#include <vector>

#include "vitrine/base/random.h"

namespace vitrine {
namespace {

constexpr std::size_t kPointsPerShard = 64;

// `count` of [0, size), ascending.
std::vector<Eigen::Index> Draw(std::size_t size, std::size_t count, std::uint64_t seed) {
  std::vector<Eigen::Index> rows(size);
  std::iota(rows.begin(), rows.end(), Eigen::Index{0});
  if (count >= size) return rows;
  Random random(seed);
  for (std::size_t i = 0; i < count; ++i) std::swap(rows[i], rows[i + random.Below(size - i)]);
  rows.resize(count);
  std::sort(rows.begin(), rows.end());
  return rows;
}

// The points drawn, with their clusters numbered without gaps.
struct Sample {
  PointMatrix points{};
  std::vector<std::size_t> cluster_of{};
  std::vector<std::size_t> sizes{};
};

Sample TakeSample(const PointMatrix& points, std::span<const std::uint32_t> cluster_of,
                  const std::vector<Eigen::Index>& rows) {
  Sample sample;
  sample.points.resize(static_cast<Eigen::Index>(rows.size()), points.cols());
  std::map<std::uint32_t, std::size_t> number_of;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    sample.points.row(static_cast<Eigen::Index>(i)) = points.row(rows[i]);
    const std::uint32_t cluster = cluster_of[static_cast<std::size_t>(rows[i])];
    const std::size_t number = number_of.emplace(cluster, number_of.size()).first->second;
    sample.sizes.resize(number_of.size(), 0);
    sample.cluster_of.push_back(number);
    ++sample.sizes[number];
  }
  return sample;
}

double SilhouetteOf(const Sample& sample, std::size_t point) {
  const std::size_t own = sample.cluster_of[point];
  if (sample.sizes[own] < 2) return 0;
  std::vector<double> sums(sample.sizes.size(), 0.0);
  const auto row = sample.points.row(static_cast<Eigen::Index>(point));
  for (std::size_t other = 0; other < sample.cluster_of.size(); ++other) {
    sums[sample.cluster_of[other]] +=
        (sample.points.row(static_cast<Eigen::Index>(other)) - row).norm();
  }
  const double a = sums[own] / static_cast<double>(sample.sizes[own] - 1);
  double b = std::numeric_limits<double>::infinity();
  for (std::size_t cluster = 0; cluster < sums.size(); ++cluster) {
    if (cluster == own) continue;
    b = std::min(b, sums[cluster] / static_cast<double>(sample.sizes[cluster]));
  }
  const double larger = std::max(a, b);
  return larger > 0 ? (b - a) / larger : 0;
}

double Pairs(std::uint64_t count) {
  const auto n = static_cast<double>(count);
  return n * (n - 1) / 2;
}

}  // namespace

double Silhouette(const PointMatrix& points, std::span<const std::uint32_t> cluster_of,
                  std::size_t max_sample, std::uint64_t seed, ThreadPool& pool) {
  assert(cluster_of.size() == static_cast<std::size_t>(points.rows()));
  const Sample sample = TakeSample(points, cluster_of, Draw(cluster_of.size(), max_sample, seed));
  if (sample.sizes.size() < 2) return 0;
  const std::size_t count = sample.cluster_of.size();
  std::vector<double> values(count);
  pool.ParallelFor((count + kPointsPerShard - 1) / kPointsPerShard, [&](std::size_t shard) {
    const std::size_t end = std::min(count, (shard + 1) * kPointsPerShard);
    for (std::size_t point = shard * kPointsPerShard; point < end; ++point) {
      values[point] = SilhouetteOf(sample, point);
    }
  });
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(count);
}

double AdjustedRandIndex(std::span<const std::uint32_t> a, std::span<const std::uint32_t> b) {
  assert(a.size() == b.size());
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> both;
  std::map<std::uint32_t, std::uint64_t> in_a;
  std::map<std::uint32_t, std::uint64_t> in_b;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ++both[{a[i], b[i]}];
    ++in_a[a[i]];
    ++in_b[b[i]];
  }
  double together = 0;
  for (const auto& [clusters, count] : both) together += Pairs(count);
  double pairs_a = 0;
  for (const auto& [cluster, count] : in_a) pairs_a += Pairs(count);
  double pairs_b = 0;
  for (const auto& [cluster, count] : in_b) pairs_b += Pairs(count);
  const double all = Pairs(a.size());
  const double expected = all > 0 ? pairs_a * pairs_b / all : 0;
  const double most = (pairs_a + pairs_b) / 2;
  return most == expected ? 1 : (together - expected) / (most - expected);
}

}  // namespace vitrine
