#include "vitrine/nn/cross.h"

#include "vitrine/nn/dense.h"

namespace vitrine::nn {

const Matrix& Cross::Forward(const Matrix& first_input, const Matrix& input, Cache& cache,
                             const Pass& pass) const {
  dense.Forward(input, cache.linear, pass);
  cache.output = first_input.cwiseProduct(cache.linear.output) + input;
  return cache.output;
}

void Cross::Backward(const Matrix& first_input, const Matrix& input, const Matrix& by_output,
                     Cache& cache, const Pass& pass) {
  cache.by_first_input = by_output.cwiseProduct(cache.linear.output);
  cache.by_linear = by_output.cwiseProduct(first_input);
  dense.Backward(input, cache.by_linear, cache.linear, pass);
  cache.by_input = cache.linear.by_input + by_output;
}

}  // namespace vitrine::nn
