#pragma once

#include <Eigen/Core>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "vitrine/base/random.h"
#include "vitrine/math/sparse.h"

namespace vitrine::testing {

inline CsrMatrix SparseOf(const Eigen::MatrixXf& dense) {
  CsrMatrix matrix;
  matrix.num_rows = static_cast<std::size_t>(dense.rows());
  matrix.num_cols = static_cast<std::size_t>(dense.cols());
  for (Eigen::Index row = 0; row < dense.rows(); ++row) {
    for (Eigen::Index column = 0; column < dense.cols(); ++column) {
      if (dense(row, column) == 0) continue;
      matrix.column.push_back(static_cast<std::uint32_t>(column));
      matrix.value.push_back(dense(row, column));
    }
    matrix.row_begin.push_back(matrix.column.size());
  }
  return matrix;
}

inline Eigen::MatrixXd DenseOf(const CsrMatrix& matrix) {
  Eigen::MatrixXd dense = Eigen::MatrixXd::Zero(static_cast<Eigen::Index>(matrix.num_rows),
                                                static_cast<Eigen::Index>(matrix.num_cols));
  for (std::size_t row = 0; row < matrix.num_rows; ++row) {
    for (std::size_t i = 0; i < matrix.Columns(row).size(); ++i) {
      dense(static_cast<Eigen::Index>(row), matrix.Columns(row)[i]) = matrix.Values(row)[i];
    }
  }
  return dense;
}

// Weights 1 to 3 for one pair in six; nobody touched the last item, and the last user nothing.
inline Eigen::MatrixXf RandomInteractions(Eigen::Index num_users, Eigen::Index num_items) {
  Random random(13);
  Eigen::MatrixXf weights = Eigen::MatrixXf::NullaryExpr(num_users, num_items, [&random] {
    return random.Below(6) == 0 ? static_cast<float>(1 + random.Below(3)) : 0.0F;
  });
  weights.row(num_users - 1).setZero();
  weights.col(num_items - 1).setZero();
  return weights;
}

// The `mean` largest absolute values per column of `dense`, wherever they are; zeros elsewhere.
inline Eigen::MatrixXd CutToLargest(const Eigen::MatrixXd& dense, Eigen::Index mean) {
  Eigen::MatrixXd cut = Eigen::MatrixXd::Zero(dense.rows(), dense.cols());
  for (Eigen::Index column = 0; column < dense.cols(); ++column) {
    for (Eigen::Index row = 0; row < dense.rows(); ++row) {
      const double size = std::abs(dense(row, column));
      if ((dense.array().abs() > size).count() <= mean * dense.cols()) {
        cut(row, column) = dense(row, column);
      }
    }
  }
  return cut;
}

}  // namespace vitrine::testing
