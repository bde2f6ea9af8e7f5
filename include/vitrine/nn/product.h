#pragma once

#include "vitrine/base/matrix.h"
#include "vitrine/base/thread_pool.h"

namespace vitrine::nn {

// Rows and columns of a matrix, without a copy.
using View = Eigen::Ref<Matrix, 0, Eigen::OuterStride<>>;
using ConstView = Eigen::Ref<const Matrix, 0, Eigen::OuterStride<>>;

enum class Into { kSet, kAdd };

// Dense products, in tiles of a fixed size that threads share: the bits do not depend on the pool,
// and nothing is allocated, since a tile's packed copies fit Eigen's stack buffers. `result` has
// the right shape and shares no memory with the factors. `pool` may be null.

// result (+)= a b
void Product(const ConstView& a, const ConstView& b, Into into, View result, ThreadPool* pool);

// result (+)= a bᵀ
void ProductWithTransposed(const ConstView& a, const ConstView& b, Into into, View result,
                           ThreadPool* pool);

// result (+)= aᵀ b
void ProductOfTransposed(const ConstView& a, const ConstView& b, Into into, View result,
                         ThreadPool* pool);

}  // namespace vitrine::nn
