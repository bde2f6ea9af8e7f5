#include "insight/segments.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "insight/scaled_features.h"
#include "insight/segment_words.h"
#include "insight/small_groups.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

absl::StatusOr<ChosenClusters> Cluster(const PointMatrix& points, const InsightOptions& options,
                                       ThreadPool& pool) {
  const bool is_fixed = options.num_segments != 0;
  return ChooseClusters(points,
                        {.min_clusters = is_fixed ? options.num_segments : options.min_segments,
                         .max_clusters = is_fixed ? options.num_segments : options.max_segments,
                         .criterion = options.criterion,
                         .seed = options.seed,
                         .is_cancelled = options.is_cancelled},
                        pool);
}

// Everybody in one segment.
ChosenClusters OneCluster(const PointMatrix& points) {
  ChosenClusters one;
  one.clustering.centres = PointMatrix::Zero(1, points.cols());
  one.clustering.cluster_of.assign(static_cast<std::size_t>(points.rows()), 0);
  one.clustering.sizes = {static_cast<std::size_t>(points.rows())};
  one.trials = {{.num_clusters = 1}};
  return one;
}

std::vector<std::vector<std::uint32_t>> MembersOf(const Clustering& clustering) {
  std::vector<std::vector<std::uint32_t>> members(clustering.sizes.size());
  for (std::size_t i = 0; i < clustering.cluster_of.size(); ++i) {
    members[clustering.cluster_of[i]].push_back(static_cast<std::uint32_t>(i));
  }
  return members;
}

// The segments of the clusters that are not empty, the most valuable first; and the segment that
// each cluster became.
std::vector<std::uint32_t> FillSegments(const ShopperTable& shoppers, const Clustering& clustering,
                                        std::size_t min_group, Segmentation& made) {
  const auto members = MembersOf(clustering);
  std::vector<std::uint32_t> order;
  std::vector<Segment> measured(members.size());
  double total_value = 0;
  for (std::uint32_t cluster = 0; cluster < members.size(); ++cluster) {
    if (members[cluster].empty()) continue;
    measured[cluster] = MeasureSegment(shoppers, members[cluster]);
    total_value += static_cast<double>(measured[cluster].value_micros);
    order.push_back(cluster);
  }
  // Before they are sorted and put into words: both would tell.
  made.num_withheld = WithholdWhatFewDid(min_group, shoppers, clustering.cluster_of, measured);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return std::pair(measured[a].value_micros, measured[a].size) >
           std::pair(measured[b].value_micros, measured[b].size);
  });
  std::vector<std::uint32_t> segment_of(members.size(), 0);
  for (const std::uint32_t cluster : order) {
    Segment& segment = measured[cluster];
    segment.share = static_cast<double>(segment.size) / static_cast<double>(shoppers.rows.size());
    if (total_value > 0) {
      segment.value_share = static_cast<double>(segment.value_micros) / total_value;
    }
    segment_of[cluster] = static_cast<std::uint32_t>(made.segments.size());
    made.segments.push_back(std::move(segment));
  }
  return segment_of;
}

void CountMoves(const std::vector<ShopperSummary>& before, const std::vector<std::uint32_t>& then,
                Segmentation& made) {
  const std::size_t count = made.segments.size();
  made.moves.assign(count, std::vector<std::size_t>(count, 0));
  for (std::size_t i = 0; i < before.size(); ++i) {
    const std::uint32_t now = made.segment_of[i];
    if (before[i].last_seen_us == 0) {
      ++made.segments[now].movement.is_new;
    } else {
      ++made.moves[then[i]][now];
    }
  }
  for (std::size_t from = 0; from < count; ++from) {
    for (std::size_t to = 0; to < count; ++to) {
      const std::size_t moved = made.moves[from][to];
      if (from == to) {
        made.segments[to].movement.stayed = moved;
      } else {
        made.segments[to].movement.came += moved;
        made.segments[from].movement.left += moved;
      }
    }
  }
}

}  // namespace

absl::StatusOr<Segmentation> MakeSegments(const ShopperTable& shoppers,
                                          const std::vector<ShopperSummary>& before,
                                          Micros before_us, const InsightOptions& options,
                                          ThreadPool& pool) {
  if (shoppers.rows.size() < options.min_group) {
    return Segmentation{.moved_since_us = before_us, .num_withheld = 1};
  }
  const ScaledFeatures features(shoppers.rows, shoppers.as_of_us);
  const PointMatrix points = features.Of(shoppers.rows, shoppers.as_of_us);
  ChosenClusters chosen = OneCluster(points);
  if (!features.names().empty() && options.num_segments != 1) {
    VITRINE_ASSIGN_OR_RETURN(chosen, Cluster(points, options, pool));
  }
  const std::size_t num_clusters = chosen.clustering.sizes.size();
  const std::vector<std::uint32_t> joined = JoinSmallClusters(options.min_group, chosen.clustering);
  const Clustering& clustering = chosen.clustering;
  Segmentation made{
      .trials = chosen.trials, .features = features.names(), .moved_since_us = before_us};
  for (const ClusterTrial& trial : chosen.trials) {
    if (trial.num_clusters == num_clusters) made.silhouette = trial.silhouette;
  }
  const std::vector<std::uint32_t> segment_of =
      FillSegments(shoppers, clustering, options.min_group, made);
  for (const std::uint32_t cluster : clustering.cluster_of) {
    made.segment_of.push_back(segment_of[cluster]);
  }
  NameSegments(MakeTerciles(shoppers), shoppers.currency, made.segments);
  std::vector<std::uint32_t> then =
      NearestCentres(features.Of(before, before_us), clustering.centres, pool);
  for (std::uint32_t& each : then) each = segment_of[joined[each]];
  CountMoves(before, then, made);
  return made;
}

}  // namespace vitrine
