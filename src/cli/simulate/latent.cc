#include "cli/simulate/latent.h"

#include <cmath>
#include <numeric>

namespace vitrine::simulate {

double Dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (std::size_t d = 0; d < kNumDimensions; ++d) sum += a[d] * b[d];
  return sum;
}

void AddScaled(Vector& sum, double factor, const Vector& vector) {
  for (std::size_t d = 0; d < kNumDimensions; ++d) sum[d] += factor * vector[d];
}

Vector Normalised(const Vector& vector) {
  Vector result{};
  AddScaled(result, 1 / std::sqrt(Dot(vector, vector)), vector);
  return result;
}

Vector RandomDirection(Random& random) {
  Vector vector;
  for (double& value : vector) value = random.Normal();
  return Normalised(vector);
}

WeightedChoice::WeightedChoice(const std::vector<double>& weights)
    : threshold_(weights.size(), 1), other_(weights.size()) {
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<double> share(weights.size());  // 1: exactly one column's worth.
  std::vector<std::size_t> small;
  std::vector<std::size_t> large;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    other_[i] = i;
    share[i] = weights[i] / total * static_cast<double>(weights.size());
    (share[i] < 1 ? small : large).push_back(i);
  }
  while (!small.empty() && !large.empty()) {
    const std::size_t poor = small.back();
    const std::size_t rich = large.back();
    small.pop_back();
    threshold_[poor] = share[poor];
    other_[poor] = rich;
    share[rich] -= 1 - share[poor];
    if (share[rich] < 1) {
      large.pop_back();
      small.push_back(rich);
    }
  }
}

std::size_t WeightedChoice::Draw(Random& random) const {
  const std::size_t column = random.Below(threshold_.size());
  return random.Uniform() < threshold_[column] ? column : other_[column];
}

std::size_t DrawWeighted(const std::vector<double>& weights, Random& random) {
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  double left = random.Uniform() * total;
  std::size_t last = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] <= 0) continue;
    last = i;
    left -= weights[i];
    if (left < 0) break;
  }
  return last;
}

}  // namespace vitrine::simulate
