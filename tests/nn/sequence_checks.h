#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "nn/checks.h"
#include "vitrine/nn/sequences.h"

namespace vitrine::nn::testing {

// Two sequences of four places, with padding in front of the one and behind the other.
inline const std::vector<std::uint8_t> kIsReal = {0, 1, 1, 1, 1, 1, 0, 0};
inline const Sequences kSequences{.number = 2, .length = 4, .is_real = kIsReal};

// What a layer makes of the last places alone, as a layer. `C`: the cache of that.
template <typename Layer, typename C = typename Layer::Cache>
struct LastPlaces {
  using Cache = C;

  void AddParameters(const std::string& prefix, ParameterList& list) {
    layer.AddParameters(prefix, list);
  }
  const Matrix& Forward(const Matrix& input, const Sequences& sequences, Cache& cache,
                        const Pass& pass) const {
    return layer.ForwardLast(input, sequences, cache, pass);
  }
  const Matrix& Backward(const Matrix& input, const Sequences& sequences, const Matrix& by_output,
                         Cache& cache, const Pass& pass) {
    return layer.BackwardLast(input, sequences, by_output, cache, pass);
  }

  Layer layer{};
};

// Layers whose Forward takes sequences too; in training, the same is dropped each time.
template <typename Layer>
void CheckSequenceLayer(Layer& layer, Eigen::Index columns, const Sequences& sequences,
                        bool is_training = false) {
  ParameterList parameters;
  layer.AddParameters("layer", parameters);
  ZeroGradients(parameters);  // Of an earlier check.
  Matrix input =
      RandomMatrix(static_cast<Eigen::Index>(sequences.number * sequences.length), columns, 5);
  Random random(9);
  const Pass pass{.random = is_training ? &random : nullptr};
  typename Layer::Cache cache;
  const Matrix& output = layer.Forward(input, sequences, cache, pass);
  const Matrix by_output = RandomMatrix(output.rows(), output.cols(), 6);
  const Matrix by_input = layer.Backward(input, sequences, by_output, cache, pass);
  const auto loss = [&] {
    random = Random(9);
    typename Layer::Cache other;
    return Weighed(layer.Forward(input, sequences, other, pass), by_output);
  };
  for (const NamedParameter& named : parameters) {
    // Keys' bias moves all scores of a row alike, so that its gradient is nothing but rounding.
    if (named.name == "layer.self_attn.in_proj_bias" || named.name == "layer.in_proj_bias") {
      const Eigen::Index d = named.parameter->value.cols() / 3;
      EXPECT_LT(named.parameter->gradient.middleCols(d, d).norm(), 1e-4);
    }
    EXPECT_LT(GradientError(named.parameter->value, named.parameter->gradient, loss),
              kGradientTolerance)
        << named.name;
  }
  EXPECT_LT(GradientError(input, by_input, loss), kGradientTolerance);
}

template <typename Layer>
void ExpectSequenceThreadsChangeNoBit(Layer& layer, Eigen::Index columns) {
  const Sequences sequences{.number = 40, .length = 30};
  const Matrix input = RandomMatrix(1200, columns, 5);
  ThreadPool pool(3);
  typename Layer::Cache alone;
  typename Layer::Cache together;
  ParameterList parameters;
  layer.AddParameters("", parameters);

  const Matrix output = layer.Forward(input, sequences, alone, {});
  const Matrix by_input = layer.Backward(input, sequences, output, alone, {});
  std::vector<Matrix> gradients;
  for (const NamedParameter& named : parameters) gradients.push_back(named.parameter->gradient);
  ZeroGradients(parameters);

  EXPECT_EQ(layer.Forward(input, sequences, together, {.pool = &pool}), output);
  EXPECT_EQ(layer.Backward(input, sequences, output, together, {.pool = &pool}), by_input);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    EXPECT_EQ(parameters[i].parameter->gradient, gradients[i]) << parameters[i].name;
  }
}

}  // namespace vitrine::nn::testing
