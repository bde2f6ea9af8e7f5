#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/thread_pool.h"
#include "vitrine/math/k_means.h"

namespace vitrine {

enum class ClusterCriterion : std::uint8_t {
  kSilhouette = 1,  // The number of clusters whose silhouette is highest.
  kElbow = 2,       // That from which on more clusters gain little: see FindElbow.
};

struct ClusterChoiceOptions {
  std::size_t min_clusters = 2;  // >= 2
  std::size_t max_clusters = 8;  // >= min_clusters
  ClusterCriterion criterion = ClusterCriterion::kSilhouette;
  std::size_t silhouette_sample = 2'000;  // Points that the silhouette is computed on.
  std::size_t mini_batch_from = 100'000;  // So many points or more are clustered by mini-batches.
  std::size_t num_restarts = 10;
  std::uint64_t seed = 1;
  const std::atomic<bool>* is_cancelled = nullptr;  // May be null; then CANCELLED is returned.
};

// What one number of clusters gave.
struct ClusterTrial {
  std::size_t num_clusters = 0;  // Fewer than asked for where there are few distinct points.
  double inertia = 0;
  double silhouette = 0;
};

struct ChosenClusters {
  Clustering clustering{};
  std::vector<ClusterTrial> trials{};  // One per number of clusters tried, ascending.
};

// Clusters the points with each number of clusters in the range, and keeps the best by the
// criterion; of equal ones the fewest. Errors: those of KMeans, and INVALID_ARGUMENT for a range
// that is none.
absl::StatusOr<ChosenClusters> ChooseClusters(const PointMatrix& points,
                                              const ClusterChoiceOptions& options,
                                              ThreadPool& pool);

// The place in a falling curve that lies farthest below the straight line from its first value to
// its last (Thorndike: Who belongs in the family?, 1953; the distance as in Satopaa et al.: Finding
// a kneedle in a haystack, 2011). 0 where none lies below. REQUIRES: values is not empty
std::size_t FindElbow(std::span<const double> values);

}  // namespace vitrine
