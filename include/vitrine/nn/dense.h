#pragma once

#include <cstddef>
#include <string>

#include "vitrine/nn/parameter.h"
#include "vitrine/nn/pass.h"

namespace vitrine::nn {

// x Wᵀ + b, for each row of a batch.
struct Dense {
  struct Cache {
    Matrix output{};    // [batch x outputs]
    Matrix by_input{};  // [batch x inputs]
  };

  Dense() = default;
  // Uniform weights within Glorot's bound; no bias at first.
  Dense(std::size_t inputs, std::size_t outputs, Random& random);

  void AddParameters(const std::string& prefix, ParameterList& list);

  // `input` [batch x inputs]. Returns cache.output.
  const Matrix& Forward(const Matrix& input, Cache& cache, const Pass& pass) const;

  // `by_output` [batch x outputs]. Returns cache.by_input.
  const Matrix& Backward(const Matrix& input, const Matrix& by_output, Cache& cache,
                         const Pass& pass);

  // The same for the first layer of a network, whose input learns nothing: leaves by_input alone.
  void BackwardParameters(const Matrix& input, const Matrix& by_output, const Pass& pass);

  Parameter weight{};  // [outputs x inputs]
  Parameter bias{};    // [outputs]
};

}  // namespace vitrine::nn
