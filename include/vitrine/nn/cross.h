#pragma once

#include <cstddef>
#include <string>

#include "vitrine/nn/dense.h"

namespace vitrine::nn {

// x0 * (W x + b) + x, products number by number: one layer of crosses of features (Wang et al.,
// DCN-v2, WWW 2021, equation 1). x0 is the network's input, x what the crosses before made of it.
struct Cross {
  struct Cache {
    Dense::Cache linear{};  // W x + b
    Matrix by_linear{};
    Matrix output{};          // [batch x d]
    Matrix by_first_input{};  // By x0.
    Matrix by_input{};        // By x.
  };

  Cross() = default;
  Cross(std::size_t dimensions, Random& random) : dense(dimensions, dimensions, random) {}

  void AddParameters(const std::string& prefix, ParameterList& list) {
    dense.AddParameters(prefix, list);
  }
  // `first_input`, `input` [batch x d]. Returns cache.output.
  const Matrix& Forward(const Matrix& first_input, const Matrix& input, Cache& cache,
                        const Pass& pass) const;
  // Leaves cache.by_first_input and cache.by_input; where both are the same matrix, add them.
  void Backward(const Matrix& first_input, const Matrix& input, const Matrix& by_output,
                Cache& cache, const Pass& pass);

  Dense dense{};
};

}  // namespace vitrine::nn
