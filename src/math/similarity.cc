#include "vitrine/math/similarity.h"

#include <cmath>
#include <numeric>

namespace vitrine {

double Norm(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += static_cast<double>(value) * value;
  return std::sqrt(sum);
}

void Centre(std::span<float> values) {
  if (values.empty()) return;
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  const double mean = sum / static_cast<double>(values.size());
  for (float& value : values) value = static_cast<float>(value - mean);
}

}  // namespace vitrine
