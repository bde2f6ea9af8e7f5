#include "engine/exploration.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>
#include <vector>

#include "vitrine/base/random.h"

namespace vitrine {

Draw DrawOne(const Exploration& how, std::size_t position, double scale,
             std::span<const float> scores) {
  assert(!scores.empty() && how.temperature > 0 && scale > 0);
  // Less the best of these scores: their exp is 1 at most, and that of the best is 1 at any
  // temperature.
  const double best = *std::max_element(scores.begin(), scores.end());
  std::vector<double> weights;
  weights.reserve(scores.size());
  for (const float score : scores) {
    weights.push_back(std::exp((score - best) / scale / how.temperature));
  }
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);

  double left = Random(how.seed, position).Uniform() * sum;
  std::size_t drawn = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] == 0) continue;
    drawn = i;  // The last that may be, where rounding leaves something over.
    left -= weights[i];
    if (left < 0) break;
  }
  return {.candidate = drawn, .propensity = weights[drawn] / sum};
}

}  // namespace vitrine
