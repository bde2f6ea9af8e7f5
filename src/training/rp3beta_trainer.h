#pragma once

#include <cstddef>

#include "absl/status/statusor.h"
#include "vitrine/math/sparse.h"
#include "vitrine/training/trainer.h"

namespace vitrine {

struct WalkOptions {
  double alpha = 0.6;                // Exponent of every transition probability. >= 0
  double beta = 0.1;                 // Exponent of the popularity that a score is divided by. >= 0
  std::size_t num_neighbours = 350;  // Kept per item, without itself.
  bool include_self = false;         // Whether the diagonal is kept as well.
};

// How likely a walk from item j over one of its shoppers ends at item i, with the exponents of
// Paudel et al.; `weights` [users x items] are those of the edges, above 0:
//
//   W(j, i) = degree(i)^-beta  sum over users u of (w_uj / w_j)^alpha (w_ui / w_u)^alpha
//
// with w_j and w_u the sums over an item and over a user, degree(i) the number of i's users. Row j
// keeps its `num_neighbours` largest entries, ties to the smaller index, and is divided by their
// sum; then column i keeps its largest as many. O(sum over users of squared history lengths), on
// context.pool; no bit depends on its threads. Errors: CANCELLED.
absl::StatusOr<CsrMatrix> WalkedItems(const CsrMatrix& weights, const WalkOptions& options,
                                      const TrainingContext& context);

}  // namespace vitrine
