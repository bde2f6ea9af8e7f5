#pragma once

#include <functional>
#include <string>

#include "vitrine/base/matrix.h"

namespace vitrine::nn {

// Compares derivatives with differences of the loss, (8 (L(+h) - L(-h)) - (L(+2h) - L(-2h))) / 12
// h, number by number. `loss` must return the same for the same numbers: what is random starts anew
// in each call. Returns |computed - differences| / (|computed| + |differences|), norms over the
// whole matrix; with floats a sound layer stays below 1e-3 and a wrong one is near 1. `values` are
// put back.
double GradientError(Matrix& values, const Matrix& computed, const std::function<double()>& loss,
                     float step = 0.02F);

}  // namespace vitrine::nn
