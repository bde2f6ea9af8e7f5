#pragma once

#include <cstddef>

#include "absl/status/statusor.h"
#include "vitrine/math/sparse.h"
#include "vitrine/training/trainer.h"

namespace vitrine {

struct CosineOptions {
  std::size_t num_neighbours = 50;  // Kept per item, without itself.
  double shrinkage = 50;            // See Cosine; >= 0
  bool include_self = false;        // Whether the diagonal is kept as well.
};

// Truncated item-to-item cosine of the columns of `weights` [users x items]. Column i of the result
// [items x items] holds the `num_neighbours` items most similar to i by
//
//   s(j, i) = <x_j, x_i> / (|x_j| |x_i| + shrinkage)
//
// ties to the smaller index, so that row j holds the items that j speaks for. It is the recommended
// item whose neighbours are cut: cutting those of the touched item instead takes a fifth of the
// accuracy, since a popular item would speak for few of those that are like it. O(sum over users of
// squared history lengths), on context.pool; no bit depends on its threads. Errors: CANCELLED.
absl::StatusOr<CsrMatrix> CosineNeighbours(const CsrMatrix& weights, const CosineOptions& options,
                                           const TrainingContext& context);

}  // namespace vitrine
