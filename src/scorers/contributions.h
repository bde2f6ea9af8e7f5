#pragma once

#include <vector>

#include "vitrine/scorers/scorer.h"

namespace vitrine {

// The order in which contributions are told: largest absolute value first, ties to the smaller item
// and feature. Parts that add nothing are dropped.
std::vector<Contribution> InOrder(std::vector<Contribution> contributions);

}  // namespace vitrine
