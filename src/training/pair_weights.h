#pragma once

#include "vitrine/feature_store/dataset.h"
#include "vitrine/math/sparse.h"
#include "vitrine/scorers/touched_items.h"

namespace vitrine {

// One row per user, one entry per distinct item, weighed as TouchedItems weighs a query with the
// same history: dislikes are negative entries.
CsrMatrix SignedPairWeights(const Dataset& dataset, const TouchWeights& weights);

// The same without the dislikes.
CsrMatrix LikedPairWeights(const Dataset& dataset, const TouchWeights& weights);

}  // namespace vitrine
