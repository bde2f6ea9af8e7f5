#pragma once

#include <memory>

#include "vitrine/base/item_bitmap.h"
#include "vitrine/scorers/scorer.h"

namespace vitrine {

// Similarity of items by their factors: score(i) = the mean, over the query's context items, of the
// cosine between their vectors and y_i. History does not count. `factors` [num_items x d] and
// `known`, the rows that count, are parts of `owner`, which is kept alive. Its name is `owner`'s.
// Thread-safe.
std::shared_ptr<const Scorer> MakeFactorSimilarity(std::shared_ptr<const Scorer> owner,
                                                   const Matrix& factors, const ItemBitmap& known);

}  // namespace vitrine
