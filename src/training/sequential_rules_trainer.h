#pragma once

#include <cstddef>

#include "absl/status/statusor.h"
#include "training/journeys.h"
#include "vitrine/math/sparse.h"
#include "vitrine/training/trainer.h"

namespace vitrine {

struct RuleOptions {
  std::size_t num_rules = 500;    // Kept per item j.
  std::size_t window = 10;        // Steps from j to i at most.
  double distance_power = 0.75;   // A pair d steps apart counts d^-power. >= 0
  double gap_half_life_days = 0;  // A pair this far apart in time counts half; 0: no matter. >= 0
  double basket_weight = 1;       // Of two items of one step, each pointing to the other. >= 0
  double count_power = 0.75;      // See SequentialRuleRows. (0, 1]
  double source_power = 0;        // >= 0
  double popularity_power = 0;    // >= 0
  bool include_self = false;      // Whether an item may point to itself.
};

// The weights of rules "j, then i" [num_items x num_items], the `num_rules` strongest of each row:
//
//   r(j, i) = c(j, i)^count_power / (n(j)^source_power * n(i)^popularity_power)
//   c(j, i) = sum over the pairs of a visit of j and a later one of i by the same shopper of
//             d^-distance_power * 2^(-g / gap half life)
//
// for visits d <= window steps and a time g apart, n the visits of an item. Of a visit at most a
// thousand later ones are looked at. Ties to the smaller index. O(pairs in reach), on context.pool;
// no bit depends on its threads. Errors: CANCELLED.
absl::StatusOr<CsrMatrix> SequentialRuleRows(const Journeys& journeys, std::size_t num_items,
                                             const RuleOptions& options,
                                             const TrainingContext& context);

}  // namespace vitrine
