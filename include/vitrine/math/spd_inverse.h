#pragma once

#include <cstddef>
#include <functional>

#include "absl/status/status.h"
#include "vitrine/base/matrix.h"
#include "vitrine/base/thread_pool.h"

namespace vitrine {

// Replaces `matrix` [n x n], symmetric and positive definite, of which only the lower triangle is
// read, by its inverse, both triangles. n^3 / 2 multiply-adds in products of tiles on `pool`, whose
// number of threads changes no bit; memory beside the matrix: 2 n x 512 floats. After each of the n
// / 512 steps `keep_going` is told the part that is done, 0 to 1, and may return false.
// Errors: INVALID_ARGUMENT the matrix is not square or not positive definite, to float precision;
// CANCELLED by `keep_going`. The matrix holds no sense then.
//
// Source: the symmetric sweep operator (Goodnight, "A tutorial on the SWEEP operator", The American
// Statistician 1979), by blocks.
absl::Status InvertPositiveDefinite(Matrix& matrix, ThreadPool& pool,
                                    const std::function<bool(double done)>& keep_going);

}  // namespace vitrine
