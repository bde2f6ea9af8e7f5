#pragma once

#include <cstddef>

#include "absl/status/statusor.h"
#include "training/graph_filter.h"
#include "vitrine/math/sparse.h"
#include "vitrine/training/trainer.h"

namespace vitrine {

// Which part of an item-to-item matrix is kept.
struct FilterCut {
  std::size_t mean_neighbours = 500;  // Per item; see CutNeighbourTable.
  bool include_self = false;          // Whether the diagonal may be kept.
};

struct LinearFilterOptions {
  double user_exponent = 0.6;  // a, 0 to 1
  double power = 0.7;          // s, > 0
};

// Of `interactions` X [users x items] the linear filter B, truncated by FilterCut: with
// R = U^-a X D^-(1-a), every element of R'R raised to the power s. Row j of the result: the items
// that j speaks for. O(sum over users of squared history lengths) on context.pool, whose threads
// change no bit. Source: Park, Shin, Shin, "Turbo-CF: matrix decomposition-free graph filtering for
// fast recommendation", SIGIR 2024, equations 4 and 7. Errors: CANCELLED.
absl::StatusOr<CsrMatrix> LinearFilterNeighbours(const CsrMatrix& interactions,
                                                 const LinearFilterOptions& options,
                                                 const FilterCut& cut,
                                                 const TrainingContext& context);

// The same of the matrix of `filter`. Errors: CANCELLED.
absl::StatusOr<CsrMatrix> FilterNeighbours(const GraphFilter& filter, const FilterCut& cut,
                                           const TrainingContext& context);

}  // namespace vitrine
