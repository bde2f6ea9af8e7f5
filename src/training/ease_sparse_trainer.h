#pragma once

#include <cstddef>

#include "absl/status/statusor.h"
#include "vitrine/math/sparse.h"
#include "vitrine/training/trainer.h"

namespace vitrine {

struct SparseEaseOptions {
  std::size_t num_neighbours = 200;  // Items that a target is regressed on.
  double lambda = 50;                // Ridge penalty. > 0
};

// Item-to-item weights of ridge regressions, one for each item (target): its column of `weights`
// [users x items] on those of the `num_neighbours` items whose cosine with it is largest,
//
//   minimise over b   |x_i - X_S b|^2 + lambda |b|^2        (S: the neighbours of i, without i)
//
// which is EASE with the rows of a column cut before they are solved for, not after. Row j of the
// result [items x items] holds the items that j speaks for. O(items (S^3 / 3 + their shared users
// squared)) on context.pool; no bit depends on its threads. Errors: CANCELLED.
absl::StatusOr<CsrMatrix> SparseEaseNeighbours(const CsrMatrix& weights,
                                               const SparseEaseOptions& options,
                                               const TrainingContext& context);

}  // namespace vitrine
