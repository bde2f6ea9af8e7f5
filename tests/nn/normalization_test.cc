#include "vitrine/nn/normalization.h"

#include <gtest/gtest.h>

#include <cmath>

#include "nn/checks.h"
#include "vitrine/nn/cross.h"

namespace vitrine::nn {
namespace {

using testing::CheckGradients;
using testing::CheckLayer;
using testing::ExpectThreadsChangeNoBit;
using testing::kGradientTolerance;
using testing::RandomMatrix;
using testing::Weighed;

TEST(DropoutTest, DropsItsShareAndKeepsTheMean) {
  Random random(1);
  const Dropout layer{0.25};
  Dropout::Cache cache;

  const Matrix& output = layer.Forward(Matrix::Ones(200, 200), cache, {.random = &random});

  EXPECT_NEAR(output.mean(), 1, 0.02);
  EXPECT_NEAR((output.array() == 0).cast<double>().mean(), 0.25, 0.01);
  EXPECT_FLOAT_EQ(output.maxCoeff(), 1 / 0.75F);
}

TEST(DropoutTest, ServedItChangesNothing) {
  const Matrix input = RandomMatrix(3, 4, 1);
  Dropout::Cache cache;

  EXPECT_EQ(Dropout{0.5}.Forward(input, cache, {}), input);
}

TEST(DropoutTest, GradientIsTheSlopeOfWhatStays) {
  Matrix input = RandomMatrix(5, 6, 1);
  const Matrix by = RandomMatrix(5, 6, 2);
  const Dropout layer{0.5};
  // The same numbers are dropped each time.
  const auto forward = [&](Dropout::Cache& cache) -> const Matrix& {
    Random random(7);
    return layer.Forward(input, cache, {.random = &random});
  };
  Dropout::Cache cache;
  const Matrix& output = forward(cache);
  Random random(7);

  const Matrix by_input = layer.Backward(input, by, cache, {.random = &random});

  EXPECT_EQ(by_input, (output.array() != 0).select(2 * by, 0));
  EXPECT_GT(by_input.norm(), 0);
  EXPECT_LT(GradientError(input, by_input,
                          [&] {
                            Dropout::Cache other;
                            return Weighed(forward(other), by);
                          }),
            kGradientTolerance);
}

TEST(DropoutTest, ThreadsChangeNoBit) {
  ExpectThreadsChangeNoBit(Dropout{0.5}, RandomMatrix(300, 100, 1));
}

TEST(LayerNormTest, RowsHaveMeanZeroAndVarianceOne) {
  const LayerNorm layer(50);
  const Matrix input = (3 * RandomMatrix(4, 50, 1)).array() + 5;
  LayerNorm::Cache cache;

  const Matrix& output = layer.Forward(input, cache, {});

  for (Eigen::Index row = 0; row < 4; ++row) {
    EXPECT_NEAR(output.row(row).mean(), 0, 1e-5);
    EXPECT_NEAR(output.row(row).squaredNorm() / 50, 1, 1e-4);
  }
}

TEST(LayerNormTest, GradientsAreTheSlopesOfTheLoss) {
  Random random(2);
  LayerNorm layer(6);
  FillNormal(layer.weight, 1, random);
  FillNormal(layer.bias, 1, random);
  Matrix input = RandomMatrix(5, 6, 3);
  ParameterList parameters;
  layer.AddParameters("", parameters);

  CheckLayer(layer, input, parameters, Pass());
}

TEST(LayerNormTest, ThreadsChangeNoBit) {
  ExpectThreadsChangeNoBit(LayerNorm(100), RandomMatrix(300, 100, 1));
}

class BatchNormTest : public ::testing::Test {
 protected:
  BatchNormTest() {
    FillNormal(layer_.weight, 1, random_);
    FillNormal(layer_.bias, 1, random_);
    layer_.AddParameters("", parameters_);
  }

  Random random_{2};
  BatchNorm layer_{3};
  ParameterList parameters_;
  Matrix input_ = RandomMatrix(8, 3, 3);
};

TEST_F(BatchNormTest, GradientsInTrainingAreTheSlopesOfTheLoss) {
  CheckLayer(layer_, input_, parameters_, Pass{.random = &random_});
}

TEST_F(BatchNormTest, GradientsServedAreTheSlopesOfTheLoss) {
  layer_.running_mean.value << 1, -1, 0.5F;
  layer_.running_var.value << 2, 0.5F, 1;

  CheckLayer(layer_, input_, parameters_, Pass());
}

TEST_F(BatchNormTest, ServesWithTheRunningStatisticsOfTraining) {
  BatchNorm layer(3);
  BatchNorm::Cache cache;
  const Matrix input = (2 * RandomMatrix(4000, 3, 4)).array() + 7;
  for (int i = 0; i < 100; ++i) layer.Forward(input, cache, {.random = &random_});

  EXPECT_NEAR(layer.running_mean.value(0, 0), 7, 0.1);
  EXPECT_NEAR(layer.running_var.value(0, 0), 4, 0.2);
  const Matrix one = Matrix::Constant(1, 3, 9);
  EXPECT_NEAR(layer.Forward(one, cache, {})(0, 0), 1, 0.1);
}

TEST_F(BatchNormTest, ABatchOfOneHasNoVarianceAndUsesTheRunningStatistics) {
  Matrix one = RandomMatrix(1, 3, 5);
  BatchNorm::Cache training;
  BatchNorm::Cache served;

  EXPECT_EQ(layer_.Forward(one, training, {.random = &random_}), layer_.Forward(one, served, {}));
  EXPECT_EQ(layer_.running_var.value, Matrix::Ones(1, 3));
  CheckLayer(layer_, one, parameters_, {.random = &random_});
}

TEST_F(BatchNormTest, ThreadsChangeNoBit) {
  ExpectThreadsChangeNoBit(BatchNorm(60), RandomMatrix(500, 60, 1));
}

TEST(CrossTest, IsTheEquation) {
  Random random(1);
  Cross layer(2, random);
  layer.dense.weight.value << 1, 2,  //
      0, -1;
  layer.dense.bias.value << 1, 0;
  Matrix first(1, 2);
  first << 3, 5;
  Matrix x(1, 2);
  x << 1, 2;
  Cross::Cache cache;

  const Matrix& output = layer.Forward(first, x, cache, {});

  EXPECT_EQ(output(0, 0), 3 * (1 + 4 + 1) + 1);
  EXPECT_EQ(output(0, 1), 5 * -2 + 2);
}

TEST(CrossTest, GradientsAreTheSlopesOfTheLoss) {
  Random random(1);
  Cross layer(4, random);
  FillNormal(layer.dense.bias, 1, random);
  ParameterList parameters;
  layer.AddParameters("", parameters);
  Matrix first = RandomMatrix(3, 4, 2);
  Matrix x = RandomMatrix(3, 4, 3);
  const Matrix by = RandomMatrix(3, 4, 4);
  Cross::Cache cache;
  layer.Forward(first, x, cache, {});

  layer.Backward(first, x, by, cache, {});

  const auto loss = [&] {
    Cross::Cache other;
    return Weighed(layer.Forward(first, x, other, {}), by);
  };
  CheckGradients(parameters, loss);
  EXPECT_LT(GradientError(first, cache.by_first_input, loss), kGradientTolerance);
  EXPECT_LT(GradientError(x, cache.by_input, loss), kGradientTolerance);
}

}  // namespace
}  // namespace vitrine::nn
