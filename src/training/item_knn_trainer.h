#pragma once

#include <cstddef>

#include "absl/status/statusor.h"
#include "vitrine/math/similarity.h"
#include "vitrine/math/sparse.h"
#include "vitrine/math/term_weights.h"
#include "vitrine/training/trainer.h"

namespace vitrine {

struct NeighbourOptions {
  Similarity similarity = Similarity::kCosine;
  std::size_t num_neighbours = 50;  // Kept per item, without itself.
  double shrinkage = 50;            // See Similarity; >= 0
  bool include_self = false;        // Whether the diagonal is kept as well.
  TermWeights term_weights{};       // Of a shopper as a document, whose terms are the items.
};

// Truncated item-to-item similarities of the columns of `weights` [users x items]. Column i of the
// result [items x items] holds the `num_neighbours` items most similar to i, of those whose
// similarity is above 0, ties to the smaller index, so that row j holds the items that j speaks
// for. It is the recommended item whose neighbours are cut: cutting those of the touched item
// instead takes a fifth of the accuracy, since a popular item would speak for few of those that are
// like it. With term weights, what is compared are weighed histories, and row j is multiplied by
// the rarity of j, by which a query's touch of j is weighed. O(sum over users of squared history
// lengths), on context.pool; no bit depends on its threads. Errors: CANCELLED.
absl::StatusOr<CsrMatrix> SimilarItems(const CsrMatrix& weights, const NeighbourOptions& options,
                                       const TrainingContext& context);

}  // namespace vitrine
