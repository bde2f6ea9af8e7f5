#pragma once

#include "vitrine/base/matrix.h"

namespace vitrine {

// Scales every row to length 1; rows of zeros stay.
inline void NormalizeRows(Matrix& matrix) {
  for (Eigen::Index row = 0; row < matrix.rows(); ++row) matrix.row(row).normalize();
}

}  // namespace vitrine
