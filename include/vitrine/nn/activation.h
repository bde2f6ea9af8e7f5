#pragma once

#include "vitrine/base/matrix.h"
#include "vitrine/nn/pass.h"

namespace vitrine::nn {

enum class ActivationKind {
  kIdentity,
  kRelu,     // max(0, x)
  kGelu,     // x times the normal distribution function of x, not its tanh form (Hendrycks, Gimpel,
             // 2016)
  kSigmoid,  // 1 / (1 + exp(-x))
  kTanh,
};

// One function of each number.
struct Activation {
  struct Cache {
    Matrix output{};    // [as the input]
    Matrix by_input{};  // The same.
  };

  const Matrix& Forward(const Matrix& input, Cache& cache, const Pass& pass) const;
  const Matrix& Backward(const Matrix& input, const Matrix& by_output, Cache& cache,
                         const Pass& pass) const;

  ActivationKind kind = ActivationKind::kRelu;
};

// exp(x_i) / sum over the row of exp(x_j). What has less than 1e-20 of the largest's odds gets 0,
// as -infinity does; a row of these gets zeros.
struct Softmax {
  using Cache = Activation::Cache;

  const Matrix& Forward(const Matrix& input, Cache& cache, const Pass& pass) const;
  const Matrix& Backward(const Matrix& input, const Matrix& by_output, Cache& cache,
                         const Pass& pass) const;
};

// Rows of length 1 in the direction of the input's: inner products of these are cosines. A row of
// zeros stays so and has no gradient.
struct UnitLength {
  using Cache = Activation::Cache;

  const Matrix& Forward(const Matrix& input, Cache& cache, const Pass& pass) const;
  const Matrix& Backward(const Matrix& input, const Matrix& by_output, Cache& cache,
                         const Pass& pass) const;
};

}  // namespace vitrine::nn
