#pragma once

#include <cmath>
#include <limits>

#include "vitrine/base/matrix.h"

namespace vitrine::nn {

// What has a smaller part of the largest's odds has none: no float tells the difference, and
// numbers near the smallest there is take a hundred times as long in products. Eigen's exp() makes
// such of -infinity where it works on many at a time.
constexpr float kLeastOdds = 1e-20F;

// Makes of `row` its softmax; zeros where all of it is -infinity. Returns log(sum of exp(row)).
template <typename Row>
double SoftmaxInPlace(Row&& row) {
  const float largest = row.maxCoeff();
  if (largest == -std::numeric_limits<float>::infinity()) {
    row.setZero();
    return largest;
  }
  row = (row.array() - largest).exp().matrix();
  row = (row.array() < kLeastOdds).select(0.0F, row.array()).matrix();
  double sum = 0;
  for (Eigen::Index i = 0; i < row.size(); ++i) sum += static_cast<double>(row[i]);
  row *= static_cast<float>(1 / sum);
  return largest + std::log(sum);
}

// Makes of the derivatives by a softmax those by what it was made of.
template <typename Row, typename ByRow>
void SoftmaxBackwardInPlace(const Row& softmax, ByRow&& by_row) {
  const float mean = softmax.dot(by_row);
  by_row = (softmax.array() * (by_row.array() - mean)).matrix();
}

}  // namespace vitrine::nn
