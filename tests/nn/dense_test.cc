#include "vitrine/nn/dense.h"

#include <gtest/gtest.h>

#include "nn/checks.h"

namespace vitrine::nn {
namespace {

using testing::CheckLayer;
using testing::RandomMatrix;

TEST(DenseTest, MultipliesByItsWeightsAndAddsItsBias) {
  Random random(1);
  Dense layer(2, 3, random);
  layer.weight.value << 1, 2,  //
      0, -1,                   //
      3, 0;
  layer.bias.value << 10, 20, 30;
  Matrix input(1, 2);
  input << 1, 2;
  Dense::Cache cache;

  const Matrix& output = layer.Forward(input, cache, {});

  Matrix expected(1, 3);
  expected << 15, 18, 33;
  EXPECT_EQ(output, expected);
}

TEST(DenseTest, GradientsAreTheSlopesOfTheLoss) {
  Random random(2);
  Dense layer(5, 4, random);
  FillNormal(layer.bias, 1, random);
  Matrix input = RandomMatrix(7, 5, 3);
  ParameterList parameters;
  layer.AddParameters("dense", parameters);

  EXPECT_EQ(parameters[0].name, "dense.weight");
  EXPECT_EQ(parameters[1].name, "dense.bias");
  CheckLayer(layer, input, parameters, Pass());
}

TEST(DenseTest, BackwardAddsToGradients) {
  Random random(2);
  Dense layer(5, 4, random);
  const Matrix input = RandomMatrix(7, 5, 3);
  const Matrix by_output = RandomMatrix(7, 4, 4);
  Dense::Cache cache;
  layer.Forward(input, cache, {});

  layer.Backward(input, by_output, cache, {});
  const Matrix once = layer.weight.gradient;
  layer.BackwardParameters(input, by_output, {});

  EXPECT_LT((layer.weight.gradient - 2 * once).norm(), 1e-4);
}

TEST(DenseTest, ThreadsChangeNoBit) {
  Random random(2);
  Dense layer(130, 70, random);
  const Matrix input = RandomMatrix(1000, 130, 3);
  const Matrix by_output = RandomMatrix(1000, 70, 4);
  ThreadPool pool(3);
  Dense::Cache alone;
  Dense::Cache together;

  layer.Forward(input, alone, {});
  layer.Backward(input, by_output, alone, {});
  const Matrix by_weight = layer.weight.gradient;
  const Matrix by_bias = layer.bias.gradient;
  layer.weight.gradient.setZero();
  layer.bias.gradient.setZero();
  layer.Forward(input, together, {.pool = &pool});
  layer.Backward(input, by_output, together, {.pool = &pool});

  EXPECT_EQ(alone.output, together.output);
  EXPECT_EQ(alone.by_input, together.by_input);
  EXPECT_EQ(by_weight, layer.weight.gradient);
  EXPECT_EQ(by_bias, layer.bias.gradient);
}

}  // namespace
}  // namespace vitrine::nn
