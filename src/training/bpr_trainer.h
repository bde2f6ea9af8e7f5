#pragma once

#include <cstddef>

#include "training/factor_sgd.h"

namespace vitrine {

struct BprDraws {
  std::size_t number = 4;       // Negatives of each liked item. > 0
  std::size_t hardest_of = 16;  // Each is the one that scores highest of so many. > 0; 1: any
};

// Bayesian personalised ranking of one user: for each liked item i, items j of the pool that the
// user does not like:
//   sum over liked i of w_i / draws * sum over its j of ln(1 + exp(s_j - s_i))
// Where all that was drawn for a j is liked, it counts as none. Sources: Rendle, Freudenthaler,
// Gantner, Schmidt-Thieme, "BPR: Bayesian personalized ranking from implicit feedback", UAI 2009,
// section 4.1 (BPR-Opt); Zhang, Chen, Wang, Yu, "Optimizing top-N collaborative filtering via
// dynamic negative item sampling", SIGIR 2013 (the hardest of some draws).
SgdLoss MakeBprLoss(const BprDraws& draws);

}  // namespace vitrine
