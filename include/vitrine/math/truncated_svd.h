#pragma once

#include <cstddef>
#include <cstdint>

#include "vitrine/base/matrix.h"
#include "vitrine/base/thread_pool.h"
#include "vitrine/math/sparse.h"

namespace vitrine {

// How TruncatedSvd searches.
struct SvdOptions {
  std::size_t rank = 64;          // Singular vectors wanted; fewer where the matrix has fewer.
  std::size_t oversampling = 16;  // Directions searched beyond those.
  std::size_t iterations = 6;     // Passes over the matrix and back; each sharpens the directions.
  std::uint64_t seed = 1;
};

// The largest singular values of a matrix with their right singular vectors.
struct RightSingularVectors {
  Matrix vectors{};          // [m x rank] orthonormal columns, largest value first
  Eigen::VectorXf values{};  // [rank] descending, > 0
};

// Of `matrix` [n x m], by subspace iteration from a random start. Vectors whose value lies well
// above the first one left out are exact to rounding; among close values it finds a mixture. Same
// seed: same bits, at any number of threads of `pool`, which may be null. O(iterations (entries b
// + (n + m) b^2)) for b = rank + oversampling. Source: Halko, Martinsson, Tropp, "Finding structure
// with randomness", SIAM Review 2011, algorithms 4.4 and 5.1.
RightSingularVectors TruncatedSvd(const CsrMatrix& matrix, const SvdOptions& options,
                                  ThreadPool* pool);

}  // namespace vitrine
