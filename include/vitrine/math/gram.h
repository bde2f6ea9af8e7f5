#pragma once

#include "vitrine/base/matrix.h"
#include "vitrine/base/thread_pool.h"

namespace vitrine {

// Factors in the basis where their Gram matrix F'F is diagonal. A rotation changes no inner product
// between rows, and it makes a least-squares penalty of the form alpha F'F + lambda I diagonal.
struct RotatedFactors {
  Matrix factors{};        // [n x d] the given factors times `rotation`
  Eigen::VectorXf gram{};  // [d] the diagonal of factors' factors, ascending, >= 0
  Matrix rotation{};       // [d x d] orthogonal
};

// Uses `pool` where it is not null; the result is the same without.
RotatedFactors DiagonaliseGram(const Matrix& factors, ThreadPool* pool);

}  // namespace vitrine
