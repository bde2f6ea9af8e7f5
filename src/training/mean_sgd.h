#pragma once

#include "training/factor_sgd.h"

namespace vitrine {

// The cosine between a unit vector y and the other terms of a sum that holds w y, and its
// derivatives.
struct HeldOutCosine {
  float cosine = 0;      // All are 0 where nothing else is in the sum.
  float by_product = 0;  // By <s, y>.
  float by_square = 0;   // By <s, s>.
};

// `product`: <s, y>, `square`: <s, s> of the whole sum s; `weight`: w.
HeldOutCosine HoldOut(float product, float square, float weight);

// Learns a vector for each item [columns of `weights` x d], of which the length means nothing; zero
// where nobody likes the item. A user is the sum s of w_j y_j over all liked items j, y_j of length
// 1: what MeanFactors serves. The scores that `loss` sees are cosines:
//   liked i: of y_i and s without w_i y_i, as if i were still to come; 0 for a single liked item
//   pool j:  of y_j and s
// A step moves the items of the pool and all liked items, both as targets and as parts of their
// users. Else as TrainBySgd; `training.decay` is not used. Errors: CANCELLED, naming `trainer`.
absl::StatusOr<Matrix> TrainMeansBySgd(const CsrMatrix& weights, const FactorSgd& training,
                                       const SgdLoss& loss, std::string_view trainer,
                                       const TrainingContext& context);

}  // namespace vitrine
