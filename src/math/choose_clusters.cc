#include "vitrine/math/choose_clusters.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "absl/strings/str_format.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/math/cluster_quality.h"

namespace vitrine {
namespace {

absl::StatusOr<Clustering> ClusterInto(const PointMatrix& points, std::size_t num_clusters,
                                       const ClusterChoiceOptions& options, ThreadPool& pool) {
  if (static_cast<std::size_t>(points.rows()) >= options.mini_batch_from) {
    return MiniBatchKMeans(points,
                           {.num_clusters = num_clusters,
                            .num_restarts = options.num_restarts,
                            .seed = options.seed,
                            .is_cancelled = options.is_cancelled},
                           pool);
  }
  return KMeans(points,
                {.num_clusters = num_clusters,
                 .num_restarts = options.num_restarts,
                 .seed = options.seed,
                 .is_cancelled = options.is_cancelled},
                pool);
}

std::size_t ChooseTrial(const std::vector<ClusterTrial>& trials, ClusterCriterion criterion) {
  if (criterion == ClusterCriterion::kElbow) {
    std::vector<double> inertias;
    for (const ClusterTrial& trial : trials) inertias.push_back(trial.inertia);
    return FindElbow(inertias);
  }
  const auto best =
      std::max_element(trials.begin(), trials.end(),
                       [](const auto& a, const auto& b) { return a.silhouette < b.silhouette; });
  return static_cast<std::size_t>(best - trials.begin());
}

}  // namespace

absl::StatusOr<ChosenClusters> ChooseClusters(const PointMatrix& points,
                                              const ClusterChoiceOptions& options,
                                              ThreadPool& pool) {
  if (options.min_clusters < 2 || options.max_clusters < options.min_clusters) {
    return absl::InvalidArgumentError(
        absl::StrFormat("clusters from %d to %d; wants a range that starts at 2 or above",
                        options.min_clusters, options.max_clusters));
  }
  ChosenClusters chosen;
  std::vector<Clustering> clusterings;
  for (std::size_t wanted = options.min_clusters; wanted <= options.max_clusters; ++wanted) {
    VITRINE_ASSIGN_OR_RETURN(Clustering clustering, ClusterInto(points, wanted, options, pool));
    const std::size_t count = clustering.sizes.size();
    if (!chosen.trials.empty() && chosen.trials.back().num_clusters == count) break;
    chosen.trials.push_back(
        {.num_clusters = count,
         .inertia = clustering.inertia,
         .silhouette = Silhouette(points, clustering.cluster_of, options.silhouette_sample,
                                  options.seed, pool)});
    clusterings.push_back(std::move(clustering));
  }
  chosen.clustering = std::move(clusterings[ChooseTrial(chosen.trials, options.criterion)]);
  return chosen;
}

std::size_t FindElbow(std::span<const double> values) {
  assert(!values.empty());
  const double fall = values.front() - values.back();
  if (!(fall > 0)) return 0;
  std::size_t elbow = 0;
  double farthest = 0;
  for (std::size_t i = 1; i + 1 < values.size(); ++i) {
    const double along = static_cast<double>(i) / static_cast<double>(values.size() - 1);
    const double below = (values.front() - values[i]) / fall - along;
    if (below <= farthest) continue;
    elbow = i;
    farthest = below;
  }
  return elbow;
}

}  // namespace vitrine
