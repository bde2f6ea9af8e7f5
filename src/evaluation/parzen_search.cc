#include "evaluation/parzen_search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace vitrine {
namespace {

constexpr double kGoodShare = 0.2;
constexpr std::size_t kMostGood = 25;
constexpr std::size_t kCandidates = 24;  // Drawn for each dimension, as in the paper's software.

// The share of a density that is uniform, so that no place is ever ruled out: as one more point.
double Uniform(std::size_t num_points) { return 1 / static_cast<double>(num_points + 1); }

// Width of the bell around each of `num_points` points: narrower the more there are.
double Width(std::size_t num_points) {
  return std::max(0.5 * std::pow(static_cast<double>(num_points), -0.8), 0.03);
}

std::size_t PartOf(double coordinate, std::size_t num_parts) {
  return std::min(static_cast<std::size_t>(coordinate * static_cast<double>(num_parts)),
                  num_parts - 1);
}

// A bell around `centre`, cut off at 0 and 1 to hold all its mass there.
double Bell(double coordinate, double centre, double width) {
  const auto below = [&](double x) { return 0.5 * std::erfc((centre - x) / width / std::sqrt(2)); };
  const double z = (coordinate - centre) / width;
  constexpr double kRootOfTwoPi = 2.5066282746310002;
  return std::exp(-0.5 * z * z) / (kRootOfTwoPi * width * (below(1) - below(0)));
}

}  // namespace

ParzenSearch::ParzenSearch(std::vector<std::size_t> num_choices, std::uint64_t seed)
    : num_choices_(std::move(num_choices)), random_(seed) {}

std::vector<double> ParzenSearch::Draw() {
  std::vector<double> point(num_choices_.size());
  for (double& coordinate : point) coordinate = random_.Uniform();
  return point;
}

std::vector<double> ParzenSearch::Propose() {
  if (seen_.size() < 2) return Draw();
  const auto wanted =
      static_cast<std::size_t>(std::ceil(kGoodShare * static_cast<double>(seen_.size())));
  const std::size_t num_good = std::clamp<std::size_t>(wanted, 1, kMostGood);
  std::vector<double> point(num_choices_.size());
  for (std::size_t d = 0; d < point.size(); ++d) {
    double best = -std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < kCandidates; ++i) {
      const double coordinate = DrawLike(d, num_good);
      const double ratio =
          Density(d, coordinate, 0, num_good) / Density(d, coordinate, num_good, seen_.size());
      if (ratio <= best) continue;
      best = ratio;
      point[d] = coordinate;
    }
  }
  return point;
}

void ParzenSearch::Tell(std::vector<double> point, double value) {
  const auto place = std::find_if(seen_.begin(), seen_.end(),
                                  [value](const Seen& seen) { return seen.value < value; });
  seen_.insert(place, {std::move(point), value});
}

double ParzenSearch::Density(std::size_t dimension, double coordinate, std::size_t begin,
                             std::size_t end) const {
  const std::size_t num_points = end - begin;
  const std::size_t num_parts = num_choices_[dimension];
  double sum = 1;  // The uniform part.
  for (std::size_t i = begin; i < end; ++i) {
    const double centre = seen_[i].point[dimension];
    if (num_parts == 0) {
      sum += Bell(coordinate, centre, Width(num_points));
    } else if (PartOf(coordinate, num_parts) == PartOf(centre, num_parts)) {
      sum += static_cast<double>(num_parts);
    }
  }
  return sum * Uniform(num_points);
}

double ParzenSearch::DrawLike(std::size_t dimension, std::size_t num_good) {
  if (random_.Uniform() < Uniform(num_good)) return random_.Uniform();
  const double centre = seen_[random_.Below(num_good)].point[dimension];
  if (num_choices_[dimension] > 0) return centre;
  for (;;) {
    const double coordinate = centre + Width(num_good) * random_.Normal();
    if (coordinate >= 0 && coordinate <= 1) return coordinate;
  }
}

}  // namespace vitrine
