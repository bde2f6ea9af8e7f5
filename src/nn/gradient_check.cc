#include "vitrine/nn/gradient_check.h"

#include <cassert>
#include <cmath>

namespace vitrine::nn {

double GradientError(Matrix& values, const Matrix& computed, const std::function<double()>& loss,
                     float step) {
  assert(values.rows() == computed.rows() && values.cols() == computed.cols());
  double difference = 0;
  double size_computed = 0;
  double size_slopes = 0;
  for (Eigen::Index i = 0; i < values.size(); ++i) {
    float& value = values.data()[i];
    const float before = value;
    const auto rise = [&](float shift) {
      value = before + shift;
      const double up = value;  // As rounded.
      const double loss_up = loss();
      value = before - shift;
      const double width = up - static_cast<double>(value);
      const double loss_down = loss();
      value = before;
      return (loss_up - loss_down) / width;
    };
    const double slope = (4 * rise(step) - rise(2 * step)) / 3;
    const double own = computed.data()[i];
    difference += (own - slope) * (own - slope);
    size_computed += own * own;
    size_slopes += slope * slope;
  }
  const double size = std::sqrt(size_computed) + std::sqrt(size_slopes);
  return size > 0 ? std::sqrt(difference) / size : 0;
}

}  // namespace vitrine::nn
