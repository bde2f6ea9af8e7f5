#pragma once

#include <cstddef>

#include "training/factor_sgd.h"

namespace vitrine {

// Bayesian personalised ranking of one user: for each liked item i, `num_draws` items j of the
// pool, drawn evenly, that the user does not like:
//   sum over liked i of w_i / num_draws * sum over its j of ln(1 + exp(s_j - s_i))
// A draw of an item that the user likes counts as none. Source: Rendle, Freudenthaler, Gantner,
// Schmidt-Thieme, "BPR: Bayesian personalized ranking from implicit feedback", UAI 2009, section
// 4.1 (BPR-Opt). REQUIRES: num_draws > 0
SgdLoss MakeBprLoss(std::size_t num_draws);

}  // namespace vitrine
