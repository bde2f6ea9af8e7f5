#pragma once

#include <gtest/gtest.h>

#include <functional>

#include "vitrine/base/random.h"
#include "vitrine/nn/gradient_check.h"
#include "vitrine/nn/parameter.h"
#include "vitrine/nn/pass.h"

namespace vitrine::nn::testing {

inline Matrix RandomMatrix(Eigen::Index rows, Eigen::Index columns, std::uint64_t seed) {
  Random random(seed);
  Matrix matrix(rows, columns);
  for (float& value : matrix.reshaped<Eigen::RowMajor>())
    value = static_cast<float>(random.Normal());
  return matrix;
}

// A loss that has derivative `weights` by `output`.
inline double Weighed(const Matrix& output, const Matrix& weights) {
  return output.cast<double>().cwiseProduct(weights.cast<double>()).sum();
}

// Sound derivatives stay this far below (gradient_check.h).
constexpr double kGradientTolerance = 1e-3;

// Checks the gradients of all parameters, which Backward has filled, and `by_input`.
inline void CheckGradients(const ParameterList& parameters, const std::function<double()>& loss) {
  for (const NamedParameter& named : parameters) {
    if (!named.parameter->is_trained) continue;
    EXPECT_GT(named.parameter->gradient.norm(), 0) << named.name << " has no gradient";
    EXPECT_LT(GradientError(named.parameter->value, named.parameter->gradient, loss),
              kGradientTolerance)
        << named.name;
  }
}

// Runs Forward and Backward of a layer of one input, then checks all gradients by differences.
template <typename Layer>
void CheckLayer(Layer& layer, Matrix& input, const ParameterList& parameters, const Pass& pass) {
  typename Layer::Cache cache;
  const Matrix& output = layer.Forward(input, cache, pass);
  const Matrix weights = RandomMatrix(output.rows(), output.cols(), 99);
  const Matrix by_input = layer.Backward(input, weights, cache, pass);
  const auto loss = [&] {
    typename Layer::Cache other;
    return Weighed(layer.Forward(input, other, pass), weights);
  };
  CheckGradients(parameters, loss);
  EXPECT_GT(by_input.norm(), 0);
  EXPECT_LT(GradientError(input, by_input, loss), kGradientTolerance) << "by the input";
}

// Forward and Backward in training, alone and on three threads, from the same weights and seed. The
// input should be large enough to be cut into shards (src/nn/shards.h).
template <typename Layer>
void ExpectThreadsChangeNoBit(const Layer& layer, const Matrix& input) {
  Layer one = layer;
  Layer three = layer;
  Random random(7);
  Random same(7);
  ThreadPool pool(3);
  const Pass on_one{.random = &random};
  const Pass on_three{.pool = &pool, .random = &same};
  typename Layer::Cache alone;
  typename Layer::Cache together;

  EXPECT_EQ(one.Forward(input, alone, on_one), three.Forward(input, together, on_three));
  const Matrix by_output = alone.output;
  EXPECT_EQ(one.Backward(input, by_output, alone, on_one),
            three.Backward(input, by_output, together, on_three));

  if constexpr (requires(Layer & any, ParameterList & list) { any.AddParameters("", list); }) {
    ParameterList of_one;
    one.AddParameters("", of_one);
    ParameterList of_three;
    three.AddParameters("", of_three);
    for (std::size_t i = 0; i < of_one.size(); ++i) {
      EXPECT_EQ(of_one[i].parameter->value, of_three[i].parameter->value) << of_one[i].name;
      EXPECT_EQ(of_one[i].parameter->gradient, of_three[i].parameter->gradient) << of_one[i].name;
    }
  }
}

}  // namespace vitrine::nn::testing
