#pragma once

#include <cmath>

#include "vitrine/base/matrix.h"

namespace vitrine {

// What rectified units pass on of a difference at their inputs, by the rescale rule of DeepLIFT
// (Shrikumar, Greenside, Kundaje, ICML 2017, section 3.5.1): `by_outputs` [rows x units], what
// each output counts for, becomes what each input does. `sums` [rows x units] are the inputs,
// `base_sums` [1 x units] those held against. Where there is hardly a difference, the slope.
inline void PassOnDifference(const Matrix& sums, const Matrix& base_sums, Matrix& by_outputs) {
  constexpr float kHardlyAny = 1e-6F;
  const auto rectified = [](float sum) { return sum > 0 ? sum : 0.0F; };
  for (Eigen::Index r = 0; r < by_outputs.rows(); ++r) {
    for (Eigen::Index j = 0; j < by_outputs.cols(); ++j) {
      const float difference = sums(r, j) - base_sums(0, j);
      by_outputs(r, j) *= std::abs(difference) > kHardlyAny
                              ? (rectified(sums(r, j)) - rectified(base_sums(0, j))) / difference
                              : (sums(r, j) > 0 ? 1.0F : 0.0F);
    }
  }
}

}  // namespace vitrine
