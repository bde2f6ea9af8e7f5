#pragma once

#include "training/setting_reader.h"
#include "vitrine/feature_store/dataset.h"
#include "vitrine/math/sparse.h"
#include "vitrine/scorers/touched_items.h"

namespace vitrine {

// The settings "weighting" and "context_weight", with the scale that makes the liked pairs of
// `dataset` weigh 1 on average: what the other settings mean then does not depend on the units of
// EventWeights.
TouchWeights ReadTouchWeights(SettingReader& reader, const Dataset& dataset);

// One row per user, one entry per distinct item, weighed as TouchedItems weighs a query with the
// same history: dislikes are negative entries.
CsrMatrix SignedPairWeights(const Dataset& dataset, const TouchWeights& weights);

// The same without the dislikes.
CsrMatrix LikedPairWeights(const Dataset& dataset, const TouchWeights& weights);

}  // namespace vitrine
