#include "vitrine/math/k_means.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_format.h"
#include "vitrine/base/random.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

constexpr std::size_t kPointsPerShard = 4'096;
constexpr int kMaxFillSteps = 10;  // After mini-batches.

double SquaredDistance(const PointMatrix& points, Eigen::Index point, const PointMatrix& centres,
                       Eigen::Index centre) {
  const double* const a = points.data() + point * points.cols();
  const double* const b = centres.data() + centre * centres.cols();
  double sum = 0;
  for (Eigen::Index d = 0; d < points.cols(); ++d) sum += (a[d] - b[d]) * (a[d] - b[d]);
  return sum;
}

struct Nearest {
  std::uint32_t centre = 0;
  double distance = std::numeric_limits<double>::infinity();  // Squared.
};

Nearest FindNearest(const PointMatrix& points, Eigen::Index point, const PointMatrix& centres) {
  Nearest nearest;
  for (Eigen::Index centre = 0; centre < centres.rows(); ++centre) {
    const double distance = SquaredDistance(points, point, centres, centre);
    if (distance < nearest.distance) nearest = {static_cast<std::uint32_t>(centre), distance};
  }
  return nearest;
}

// Draws the first centres, and keeps each point's squared distance to the nearest of them.
class Seeding {
 public:
  Seeding(const PointMatrix& points, Random& random)
      : points_(points),
        random_(random),
        nearest_(static_cast<std::size_t>(points.rows()), std::numeric_limits<double>::infinity()) {
  }

  // Fewer than `num_clusters` when every point is one already.
  PointMatrix Draw(std::size_t num_clusters) {
    const std::size_t num_draws =
        2 + static_cast<std::size_t>(std::log(static_cast<double>(num_clusters)));
    std::vector<std::size_t> chosen = {random_.Below(nearest_.size())};
    nearest_ = DistancesWith(chosen.front());
    while (chosen.size() < num_clusters) {
      double total = 0;
      for (const double distance : nearest_) total += distance;
      if (!(total > 0)) break;
      chosen.push_back(DrawNext(total, num_draws));
    }
    PointMatrix centres(static_cast<Eigen::Index>(chosen.size()), points_.cols());
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      centres.row(static_cast<Eigen::Index>(i)) = points_.row(static_cast<Eigen::Index>(chosen[i]));
    }
    return centres;
  }

 private:
  // The best of several draws, with `nearest_` brought up to date.
  std::size_t DrawNext(double total, std::size_t num_draws) {
    std::size_t best = 0;
    double best_total = std::numeric_limits<double>::infinity();
    std::vector<double> best_nearest;
    for (std::size_t draw = 0; draw < num_draws; ++draw) {
      const std::size_t point = DrawByDistance(random_.Uniform() * total);
      std::vector<double> nearest = DistancesWith(point);
      double left = 0;
      for (const double distance : nearest) left += distance;
      if (left >= best_total) continue;
      best = point;
      best_total = left;
      best_nearest = std::move(nearest);
    }
    nearest_ = std::move(best_nearest);
    return best;
  }

  // The point at which the running sum of distances passes `mark`; never one at distance 0.
  std::size_t DrawByDistance(double mark) const {
    std::size_t last = 0;
    for (std::size_t point = 0; point < nearest_.size(); ++point) {
      if (!(nearest_[point] > 0)) continue;
      last = point;
      mark -= nearest_[point];
      if (mark < 0) break;
    }
    return last;
  }

  std::vector<double> DistancesWith(std::size_t centre) const {
    std::vector<double> nearest = nearest_;
    for (std::size_t point = 0; point < nearest.size(); ++point) {
      const double distance = SquaredDistance(points_, static_cast<Eigen::Index>(point), points_,
                                              static_cast<Eigen::Index>(centre));
      nearest[point] = std::min(nearest[point], distance);
    }
    return nearest;
  }

  const PointMatrix& points_;
  Random& random_;
  std::vector<double> nearest_;  // [points] Squared.
};

// Points with their centres, while both change.
class Iterating {
 public:
  Iterating(const PointMatrix& points, PointMatrix centres)
      : points_(points), nearest_(static_cast<std::size_t>(points.rows())) {
    clustering_.centres = std::move(centres);
    Assign();
  }

  // Returns whether any point changed its cluster.
  bool Step() {
    const std::vector<Nearest> before = nearest_;
    FillEmptyClusters();
    MoveCentres();
    Assign();
    ++clustering_.iterations;
    return !std::equal(before.begin(), before.end(), nearest_.begin(),
                       [](const Nearest& a, const Nearest& b) { return a.centre == b.centre; });
  }

  Clustering Take() {
    clustering_.inertia = 0;
    clustering_.cluster_of.reserve(nearest_.size());
    for (const Nearest& each : nearest_) {
      clustering_.cluster_of.push_back(each.centre);
      clustering_.inertia += each.distance;
    }
    return std::move(clustering_);
  }

 private:
  void Assign() {
    clustering_.sizes.assign(static_cast<std::size_t>(clustering_.centres.rows()), 0);
    for (std::size_t point = 0; point < nearest_.size(); ++point) {
      nearest_[point] = FindNearest(points_, static_cast<Eigen::Index>(point), clustering_.centres);
      ++clustering_.sizes[nearest_[point].centre];
    }
  }

  void FillEmptyClusters() {
    std::vector<std::size_t>& sizes = clustering_.sizes;
    for (std::size_t cluster = 0; cluster < sizes.size(); ++cluster) {
      if (sizes[cluster] != 0) continue;
      const auto farthest =
          std::max_element(nearest_.begin(), nearest_.end(),
                           [](const auto& a, const auto& b) { return a.distance < b.distance; });
      if (!(farthest->distance > 0)) return;
      --sizes[farthest->centre];
      sizes[cluster] = 1;
      *farthest = {static_cast<std::uint32_t>(cluster), 0};
    }
  }

  void MoveCentres() {
    PointMatrix sums = PointMatrix::Zero(clustering_.centres.rows(), points_.cols());
    for (std::size_t point = 0; point < nearest_.size(); ++point) {
      sums.row(nearest_[point].centre) += points_.row(static_cast<Eigen::Index>(point));
    }
    for (std::size_t cluster = 0; cluster < clustering_.sizes.size(); ++cluster) {
      if (clustering_.sizes[cluster] == 0) continue;
      const auto row = static_cast<Eigen::Index>(cluster);
      clustering_.centres.row(row) =
          sums.row(row) / static_cast<double>(clustering_.sizes[cluster]);
    }
  }

  const PointMatrix& points_;
  Clustering clustering_;
  std::vector<Nearest> nearest_;
};

absl::Status CheckPoints(const PointMatrix& points) {
  if (points.rows() == 0 || points.cols() == 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d points of %d dimensions; clusters want "
                        "at least one of each",
                        points.rows(), points.cols()));
  }
  for (Eigen::Index row = 0; row < points.rows(); ++row) {
    if (points.row(row).allFinite()) continue;
    return absl::InvalidArgumentError(
        absl::StrFormat("point %d has a coordinate that is NaN or infinite", row));
  }
  return absl::OkStatus();
}

bool IsSet(const std::atomic<bool>* flag) { return flag != nullptr && *flag; }

absl::Status CancelledError() { return absl::CancelledError("the clustering was cancelled"); }

absl::Status CheckAtLeastOne(std::size_t value, const char* name) {
  if (value > 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat("%s is 0; wants at least 1", name));
}

// Whether `a` is the better result; of equal ones the earlier start is.
bool IsBetter(const Clustering& a, const Clustering& b) { return a.inertia < b.inertia; }

Clustering TakeBest(std::vector<Clustering> results) {
  return std::move(*std::min_element(results.begin(), results.end(), IsBetter));
}

bool HasEmptyCluster(const Clustering& clustering) {
  return std::find(clustering.sizes.begin(), clustering.sizes.end(), 0U) != clustering.sizes.end();
}

PointMatrix DrawRows(const PointMatrix& points, std::size_t count, Random& random) {
  PointMatrix drawn(static_cast<Eigen::Index>(count), points.cols());
  for (Eigen::Index row = 0; row < drawn.rows(); ++row) {
    const std::size_t point = random.Below(static_cast<std::size_t>(points.rows()));
    drawn.row(row) = points.row(static_cast<Eigen::Index>(point));
  }
  return drawn;
}

// Sculley's algorithm 1.
PointMatrix PullCentres(const PointMatrix& points, const MiniBatchOptions& options,
                        Random& random) {
  PointMatrix centres;
  if (3 * options.batch_size < static_cast<std::size_t>(points.rows())) {
    const PointMatrix sample = DrawRows(points, 3 * options.batch_size, random);
    centres = Seeding(sample, random).Draw(options.num_clusters);
  } else {
    centres = Seeding(points, random).Draw(options.num_clusters);
  }
  std::vector<std::size_t> counts(static_cast<std::size_t>(centres.rows()), 0);
  for (std::size_t batch = 0; batch < options.num_batches; ++batch) {
    if (IsSet(options.is_cancelled)) break;
    const PointMatrix drawn = DrawRows(points, options.batch_size, random);
    std::vector<std::uint32_t> nearest;
    for (Eigen::Index row = 0; row < drawn.rows(); ++row) {
      nearest.push_back(FindNearest(drawn, row, centres).centre);
    }
    for (Eigen::Index row = 0; row < drawn.rows(); ++row) {
      const std::uint32_t centre = nearest[static_cast<std::size_t>(row)];
      const double rate = 1 / static_cast<double>(++counts[centre]);
      centres.row(centre) += rate * (drawn.row(row) - centres.row(centre));
    }
  }
  return centres;
}

// Until it is done, or cancelled.
Clustering Iterate(const PointMatrix& points, PointMatrix centres, std::size_t max_iterations,
                   const std::atomic<bool>* is_cancelled) {
  Iterating iterating(points, std::move(centres));
  for (std::size_t i = 0; i < max_iterations && !IsSet(is_cancelled) && iterating.Step(); ++i) {
  }
  return iterating.Take();
}

}  // namespace

Clustering IterateLloyd(const PointMatrix& points, PointMatrix centres,
                        std::size_t max_iterations) {
  assert(centres.rows() > 0 && centres.cols() == points.cols());
  return Iterate(points, std::move(centres), max_iterations, nullptr);
}

absl::StatusOr<Clustering> KMeans(const PointMatrix& points, const KMeansOptions& options,
                                  ThreadPool& pool) {
  VITRINE_RETURN_IF_ERROR(CheckPoints(points));
  VITRINE_RETURN_IF_ERROR(CheckAtLeastOne(options.num_clusters, "num_clusters"));
  VITRINE_RETURN_IF_ERROR(CheckAtLeastOne(options.num_restarts, "num_restarts"));
  VITRINE_RETURN_IF_ERROR(CheckAtLeastOne(options.max_iterations, "max_iterations"));
  std::vector<Clustering> results(options.num_restarts);
  pool.ParallelFor(options.num_restarts, [&](std::size_t restart) {
    if (IsSet(options.is_cancelled)) return;
    Random random(options.seed, restart);
    results[restart] = Iterate(points, Seeding(points, random).Draw(options.num_clusters),
                               options.max_iterations, options.is_cancelled);
  });
  if (IsSet(options.is_cancelled)) return CancelledError();
  return TakeBest(std::move(results));
}

absl::StatusOr<Clustering> MiniBatchKMeans(const PointMatrix& points,
                                           const MiniBatchOptions& options, ThreadPool& pool) {
  VITRINE_RETURN_IF_ERROR(CheckPoints(points));
  VITRINE_RETURN_IF_ERROR(CheckAtLeastOne(options.num_clusters, "num_clusters"));
  VITRINE_RETURN_IF_ERROR(CheckAtLeastOne(options.num_restarts, "num_restarts"));
  VITRINE_RETURN_IF_ERROR(CheckAtLeastOne(options.batch_size, "batch_size"));
  VITRINE_RETURN_IF_ERROR(CheckAtLeastOne(options.num_batches, "num_batches"));
  std::vector<Clustering> results(options.num_restarts);
  pool.ParallelFor(options.num_restarts, [&](std::size_t restart) {
    if (IsSet(options.is_cancelled)) return;
    Random random(options.seed, restart);
    PointMatrix centres = PullCentres(points, options, random);
    results[restart] = IterateLloyd(points, std::move(centres), 0);
    // A full step puts the empty ones where they are needed; it may empty another.
    for (int step = 0; step < kMaxFillSteps && HasEmptyCluster(results[restart]); ++step) {
      results[restart] = IterateLloyd(points, std::move(results[restart].centres), 1);
    }
    results[restart].iterations = options.num_batches;
  });
  if (IsSet(options.is_cancelled)) return CancelledError();
  return TakeBest(std::move(results));
}

std::vector<std::uint32_t> NearestCentres(const PointMatrix& points, const PointMatrix& centres,
                                          ThreadPool& pool) {
  assert(centres.rows() > 0 && centres.cols() == points.cols());
  const auto num_points = static_cast<std::size_t>(points.rows());
  std::vector<std::uint32_t> nearest(num_points);
  pool.ParallelFor((num_points + kPointsPerShard - 1) / kPointsPerShard, [&](std::size_t shard) {
    const std::size_t end = std::min(num_points, (shard + 1) * kPointsPerShard);
    for (std::size_t point = shard * kPointsPerShard; point < end; ++point) {
      nearest[point] = FindNearest(points, static_cast<Eigen::Index>(point), centres).centre;
    }
  });
  return nearest;
}

}  // namespace vitrine
