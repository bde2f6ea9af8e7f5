#pragma once

#include "vitrine/base/matrix.h"
#include "vitrine/base/thread_pool.h"
#include "vitrine/math/sparse.h"

namespace vitrine {

// `matrix` [n x m] times `panel` [m x b]: [n x b]. Each row is summed in the order of its entries,
// so that no bit depends on threads. Uses `pool` where it is not null. O(entries b).
// REQUIRES: panel.rows() == matrix.num_cols
Matrix Multiply(const CsrMatrix& matrix, const Matrix& panel, ThreadPool* pool);

// The same into a matrix that is there, whose memory is kept where it has the right shape; it is
// not `panel`.
void MultiplyInto(const CsrMatrix& matrix, const Matrix& panel, ThreadPool* pool, Matrix& product);

}  // namespace vitrine
