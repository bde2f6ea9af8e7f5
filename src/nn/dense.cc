#include "vitrine/nn/dense.h"

#include <cassert>

#include "nn/columns.h"
#include "nn/shards.h"
#include "vitrine/nn/product.h"

namespace vitrine::nn {

Dense::Dense(std::size_t inputs, std::size_t outputs, Random& random)
    : weight({outputs, inputs}), bias({outputs}) {
  FillUniform(weight, GlorotBound(inputs, outputs), random);
}

void Dense::AddParameters(const std::string& prefix, ParameterList& list) {
  list.push_back({JoinName(prefix, "weight"), &weight});
  list.push_back({JoinName(prefix, "bias"), &bias});
}

const Matrix& Dense::Forward(const Matrix& input, Cache& cache, const Pass& pass) const {
  assert(input.cols() == weight.value.cols());
  cache.output.resize(input.rows(), weight.value.rows());
  ForEachRows(input.rows(), weight.value.rows(), pass.pool,
              [&](Eigen::Index begin, Eigen::Index end) {
                cache.output.middleRows(begin, end - begin).rowwise() = bias.value.row(0);
              });
  ProductWithTransposed(input, weight.value, Into::kAdd, cache.output, pass.pool);
  return cache.output;
}

void Dense::BackwardParameters(const Matrix& input, const Matrix& by_output, const Pass& pass) {
  ProductOfTransposed(by_output, input, Into::kAdd, weight.gradient, pass.pool);
  AddColumnSums(by_output, nullptr, bias.gradient, pass.pool);
}

const Matrix& Dense::Backward(const Matrix& input, const Matrix& by_output, Cache& cache,
                              const Pass& pass) {
  BackwardParameters(input, by_output, pass);
  cache.by_input.resize(input.rows(), input.cols());
  Product(by_output, weight.value, Into::kSet, cache.by_input, pass.pool);
  return cache.by_input;
}

}  // namespace vitrine::nn
