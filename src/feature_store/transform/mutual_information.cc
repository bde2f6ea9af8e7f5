#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <utility>

#include "absl/strings/str_format.h"
#include "feature_store/transform/dense_matrix.h"
#include "vitrine/base/random.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/feature_store/transform/selection.h"

namespace vitrine {

namespace {

constexpr double kNoise = 1e-10;  // Of values that are scaled to standard deviation 1.

// The digamma function of 1, 2, ... `largest`; entry 0 means nothing.
std::vector<double> Digamma(std::size_t largest) {
  constexpr double kEulerGamma = 0.57721566490153286;
  std::vector<double> psi(std::max<std::size_t>(largest, 1) + 1, -kEulerGamma);
  for (std::size_t n = 2; n < psi.size(); ++n) psi[n] = psi[n - 1] + 1 / static_cast<double>(n - 1);
  return psi;
}

// Standard deviation 1, and no two values the same. REQUIRES: not constant
std::vector<double> ScaledAndNoisy(const Eigen::VectorXd& values, Random& random) {
  const double size = values.cwiseAbs().maxCoeff();
  const Eigen::ArrayXd shrunk = values.array() / size;  // No square is infinite.
  const double deviation = std::sqrt((shrunk - shrunk.mean()).square().mean());
  const Eigen::ArrayXd scaled = shrunk / deviation;
  const double noise = kNoise * std::max(1.0, scaled.abs().mean());
  std::vector<double> result(scaled.data(), scaled.data() + scaled.size());
  for (double& value : result) value += noise * random.Normal();
  return result;
}

// How many of `sorted` are closer to `center` than `radius`; those on it, where that is 0.
std::size_t CountWithin(const std::vector<double>& sorted, double center, double radius) {
  // Subtracting keeps order, so that these are the very distances that the radius is one of.
  const auto is_in = [radius](double distance) {
    return radius > 0 ? distance < radius : distance <= 0;
  };
  const auto first = std::partition_point(sorted.begin(), sorted.end(), [&](double value) {
    return value < center && !is_in(center - value);
  });
  const auto last = std::partition_point(
      first, sorted.end(), [&](double value) { return value <= center || is_in(value - center); });
  return static_cast<std::size_t>(last - first);
}

// The distance of the k-th neighbour of sorted[position]. REQUIRES: k < sorted.size()
double NeighbourDistance(const std::vector<double>& sorted, std::size_t position, std::size_t k) {
  std::size_t low = position;
  std::size_t high = position;
  const double center = sorted[position];
  for (; k > 0; --k) {
    const bool takes_low = high + 1 == sorted.size() ||
                           (low > 0 && center - sorted[low - 1] <= sorted[high + 1] - center);
    if (takes_low) {
      --low;
    } else {
      ++high;
    }
  }
  return std::max(center - sorted[low], sorted[high] - center);
}

// Rows by value, exactly.
std::vector<std::size_t> Categories(const Eigen::VectorXd& values) {
  std::map<double, std::size_t> numbers;
  std::vector<std::size_t> categories;
  for (const double value : values) {
    categories.push_back(numbers.try_emplace(value, numbers.size()).first->second);
  }
  return categories;
}

std::vector<std::size_t> Categories(std::span<const std::int64_t> values) {
  std::map<std::int64_t, std::size_t> numbers;
  std::vector<std::size_t> categories;
  for (const std::int64_t value : values) {
    categories.push_back(numbers.try_emplace(value, numbers.size()).first->second);
  }
  return categories;
}

double PlugIn(const std::vector<std::size_t>& a, const std::vector<std::size_t>& b) {
  std::map<std::pair<std::size_t, std::size_t>, double> pairs;
  std::map<std::size_t, double> of_a;
  std::map<std::size_t, double> of_b;
  for (std::size_t row = 0; row < a.size(); ++row) {
    pairs[{a[row], b[row]}] += 1;
    of_a[a[row]] += 1;
    of_b[b[row]] += 1;
  }
  const auto num_rows = static_cast<double>(a.size());
  double information = 0;
  for (const auto& [pair, count] : pairs) {
    information +=
        count / num_rows * std::log(num_rows * count / (of_a[pair.first] * of_b[pair.second]));
  }
  return std::max(information, 0.0);
}

// Ross: between numbers and categories.
double OfCategories(const std::vector<double>& values, const std::vector<std::size_t>& categories,
                    std::size_t neighbours, const std::vector<double>& psi) {
  std::map<std::size_t, std::vector<double>> by_category;
  for (std::size_t row = 0; row < values.size(); ++row) {
    by_category[categories[row]].push_back(values[row]);
  }
  std::erase_if(by_category, [](const auto& entry) { return entry.second.size() < 2; });
  std::vector<double> all;
  for (auto& [unused, members] : by_category) {
    std::sort(members.begin(), members.end());
    all.insert(all.end(), members.begin(), members.end());
  }
  if (all.empty()) return 0;
  std::sort(all.begin(), all.end());

  double sum = 0;
  for (const auto& [unused, members] : by_category) {
    const std::size_t k = std::min(neighbours, members.size() - 1);
    for (std::size_t i = 0; i < members.size(); ++i) {
      const double radius = NeighbourDistance(members, i, k);
      sum += psi[k] - psi[members.size()] - psi[CountWithin(all, members[i], radius)];
    }
  }
  return std::max(psi[all.size()] + sum / static_cast<double>(all.size()), 0.0);
}

// The `k` smallest of what is offered.
class Nearest {
 public:
  explicit Nearest(std::size_t k) : distances_(k, std::numeric_limits<double>::infinity()) {}

  void Offer(double distance) {
    if (!(distance < distances_.back())) return;
    const auto place = std::upper_bound(distances_.begin(), distances_.end(), distance);
    std::move_backward(place, distances_.end() - 1, distances_.end());
    *place = distance;
  }
  double furthest() const { return distances_.back(); }

 private:
  std::vector<double> distances_;  // [k] ascending
};

// Points ascending by x, so that neighbours are looked for outwards until x alone is too far.
double NeighbourDistance(const std::vector<std::pair<double, double>>& points, std::size_t position,
                         std::size_t k) {
  const auto [x, y] = points[position];
  Nearest nearest(k);
  std::size_t low = position;  // Looked at: [low, high].
  std::size_t high = position;
  while (true) {
    constexpr double kNone = std::numeric_limits<double>::infinity();
    const double below = low > 0 ? x - points[low - 1].first : kNone;
    const double above = high + 1 < points.size() ? points[high + 1].first - x : kNone;
    const double step = std::min(below, above);
    if (step >= nearest.furthest()) return nearest.furthest();
    const std::size_t next = below <= above ? --low : ++high;
    nearest.Offer(std::max(step, std::abs(points[next].second - y)));
  }
}

// Kraskov: between numbers.
double OfNumbers(const std::vector<double>& x, const std::vector<double>& y, std::size_t neighbours,
                 const std::vector<double>& psi) {
  std::vector<std::pair<double, double>> points;
  for (std::size_t row = 0; row < x.size(); ++row) points.emplace_back(x[row], y[row]);
  std::sort(points.begin(), points.end());
  std::vector<double> sorted_x = x;
  std::vector<double> sorted_y = y;
  std::sort(sorted_x.begin(), sorted_x.end());
  std::sort(sorted_y.begin(), sorted_y.end());

  double sum = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double radius = NeighbourDistance(points, i, neighbours);
    // These count the row itself.
    sum += psi[CountWithin(sorted_x, points[i].first, radius)] +
           psi[CountWithin(sorted_y, points[i].second, radius)];
  }
  return std::max(psi[x.size()] + psi[neighbours] - sum / static_cast<double>(x.size()), 0.0);
}

absl::Status CheckInput(const Eigen::MatrixXd& features, std::size_t num_targets,
                        const MutualInformationOptions& options) {
  VITRINE_RETURN_IF_ERROR(CheckAllFinite(features, "mutual information"));
  const auto num_rows = static_cast<std::size_t>(features.rows());
  if (num_rows != num_targets) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "mutual information wants a target for each of %d rows, got %d", num_rows, num_targets));
  }
  if (!options.is_discrete.empty() &&
      options.is_discrete.size() != static_cast<std::size_t>(features.cols())) {
    return absl::InvalidArgumentError(
        absl::StrFormat("mutual information wants is_discrete for each of %d columns or none, got "
                        "%d",
                        features.cols(), options.is_discrete.size()));
  }
  if (options.neighbours == 0 || num_rows <= options.neighbours) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "mutual information wants neighbours >= 1 and more rows than that, got %d and %d rows",
        options.neighbours, num_rows));
  }
  return absl::OkStatus();
}

bool IsConstant(const Eigen::VectorXd& values) { return values.maxCoeff() == values.minCoeff(); }

bool IsDiscrete(const MutualInformationOptions& options, Eigen::Index column) {
  return !options.is_discrete.empty() && options.is_discrete[static_cast<std::size_t>(column)];
}

}  // namespace

absl::StatusOr<Eigen::VectorXd> MutualInformationWithClasses(
    const Eigen::MatrixXd& features, std::span<const std::int64_t> classes,
    const MutualInformationOptions& options) {
  VITRINE_RETURN_IF_ERROR(CheckInput(features, classes.size(), options));
  const std::vector<std::size_t> categories = Categories(classes);
  const std::vector<double> psi = Digamma(classes.size());
  Eigen::VectorXd information = Eigen::VectorXd::Zero(features.cols());
  for (Eigen::Index column = 0; column < features.cols(); ++column) {
    const Eigen::VectorXd values = features.col(column);
    if (IsConstant(values)) continue;
    Random random(options.seed, static_cast<std::uint64_t>(column));
    information[column] =
        IsDiscrete(options, column)
            ? PlugIn(Categories(values), categories)
            : OfCategories(ScaledAndNoisy(values, random), categories, options.neighbours, psi);
  }
  return information;
}

absl::StatusOr<Eigen::VectorXd> MutualInformationWithTarget(
    const Eigen::MatrixXd& features, const Eigen::VectorXd& target,
    const MutualInformationOptions& options) {
  VITRINE_RETURN_IF_ERROR(CheckInput(features, static_cast<std::size_t>(target.size()), options));
  VITRINE_RETURN_IF_ERROR(CheckAllFinite(target, "the target of mutual information"));
  Eigen::VectorXd information = Eigen::VectorXd::Zero(features.cols());
  if (IsConstant(target)) return information;
  const auto num_columns = static_cast<std::uint64_t>(features.cols());
  Random target_random(options.seed, num_columns);
  const std::vector<double> noisy_target = ScaledAndNoisy(target, target_random);
  const std::vector<double> psi = Digamma(noisy_target.size());
  for (Eigen::Index column = 0; column < features.cols(); ++column) {
    const Eigen::VectorXd values = features.col(column);
    if (IsConstant(values)) continue;
    Random random(options.seed, static_cast<std::uint64_t>(column));
    information[column] =
        IsDiscrete(options, column)
            ? OfCategories(noisy_target, Categories(values), options.neighbours, psi)
            : OfNumbers(ScaledAndNoisy(values, random), noisy_target, options.neighbours, psi);
  }
  return information;
}

}  // namespace vitrine
