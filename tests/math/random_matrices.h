#pragma once

#include <cstddef>
#include <cstdint>

#include "vitrine/base/matrix.h"
#include "vitrine/base/random.h"
#include "vitrine/math/sparse.h"

namespace vitrine::testing {

// One entry in five, normal.
inline CsrMatrix RandomSparse(std::size_t num_rows, std::size_t num_columns, std::uint64_t seed) {
  Random random(seed);
  CsrMatrix matrix;
  matrix.num_rows = num_rows;
  matrix.num_cols = num_columns;
  for (std::size_t row = 0; row < num_rows; ++row) {
    for (std::uint32_t column = 0; column < num_columns; ++column) {
      if (random.Below(5) != 0) continue;
      matrix.column.push_back(column);
      matrix.value.push_back(static_cast<float>(random.Normal()));
    }
    matrix.row_begin.push_back(matrix.column.size());
  }
  return matrix;
}

inline Matrix RandomDense(Eigen::Index num_rows, Eigen::Index num_columns, std::uint64_t seed) {
  Random random(seed);
  return Matrix::NullaryExpr(num_rows, num_columns,
                             [&random] { return static_cast<float>(random.Normal()); });
}

inline Matrix DenseOf(const CsrMatrix& matrix) {
  Matrix dense = Matrix::Zero(static_cast<Eigen::Index>(matrix.num_rows),
                              static_cast<Eigen::Index>(matrix.num_cols));
  for (std::size_t row = 0; row < matrix.num_rows; ++row) {
    for (std::size_t i = 0; i < matrix.Columns(row).size(); ++i) {
      dense(static_cast<Eigen::Index>(row), matrix.Columns(row)[i]) = matrix.Values(row)[i];
    }
  }
  return dense;
}

}  // namespace vitrine::testing
