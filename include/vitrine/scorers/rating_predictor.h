#pragma once

#include <span>
#include <vector>

#include "vitrine/base/ids.h"
#include "vitrine/scorers/scorer.h"

namespace vitrine {

// Says which rating a shopper would give. Immutable and thread-safe.
class RatingPredictor {
 public:
  virtual ~RatingPredictor() = default;

  // The expected rating of each of `items` by the shopper of `query`, on the scale of the ratings
  // that were learned from, though not cut off at its ends. An item that the model does not know
  // is expected to be an average one.
  virtual std::vector<float> PredictRatings(const Query& query,
                                            std::span<const ItemIndex> items) const = 0;
};

}  // namespace vitrine
