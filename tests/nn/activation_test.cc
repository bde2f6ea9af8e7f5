#include "vitrine/nn/activation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "nn/checks.h"

namespace vitrine::nn {
namespace {

using testing::CheckLayer;
using testing::ExpectThreadsChangeNoBit;
using testing::RandomMatrix;

double Slow(ActivationKind kind, double x) {
  switch (kind) {
    case ActivationKind::kIdentity:
      return x;
    case ActivationKind::kRelu:
      return x > 0 ? x : 0;
    case ActivationKind::kGelu:
      return x * 0.5 * std::erfc(-x / std::sqrt(2.0));
    case ActivationKind::kSigmoid:
      return 1 / (1 + std::exp(-x));
    case ActivationKind::kTanh:
      return std::tanh(x);
  }
  return 0;
}

class ActivationTest : public ::testing::TestWithParam<ActivationKind> {};

TEST_P(ActivationTest, IsItsFunctionOfEachNumber) {
  const Matrix input = 3 * RandomMatrix(9, 13, 1);
  Activation::Cache cache;

  const Matrix& output = Activation{GetParam()}.Forward(input, cache, {});

  for (Eigen::Index i = 0; i < input.size(); ++i) {
    const double x = input.data()[i];
    EXPECT_NEAR(output.data()[i], Slow(GetParam(), x), 1e-5) << x;
  }
}

TEST_P(ActivationTest, GradientsAreTheSlopesOfTheLoss) {
  Activation layer{GetParam()};
  Matrix input = RandomMatrix(5, 6, 2);
  // A difference across relu's corner is no slope.
  input = (input.array().abs() < 0.05F).select(0.5F, input);

  CheckLayer(layer, input, {}, Pass());
}

TEST_P(ActivationTest, ThreadsChangeNoBitAndABrokenNumberStaysSo) {
  Matrix input = RandomMatrix(300, 100, 3);
  ExpectThreadsChangeNoBit(Activation{GetParam()}, input);
  input.row(7).setConstant(std::nanf(""));
  Activation::Cache cache;

  EXPECT_TRUE(Activation{GetParam()}.Forward(input, cache, {}).row(7).array().isNaN().all());
}

INSTANTIATE_TEST_SUITE_P(Kinds, ActivationTest,
                         ::testing::Values(ActivationKind::kIdentity, ActivationKind::kRelu,
                                           ActivationKind::kGelu, ActivationKind::kSigmoid,
                                           ActivationKind::kTanh));

TEST(SoftmaxTest, OddsAreThoseOfExponentials) {
  Matrix input(1, 3);
  input << std::log(1.0F), std::log(2.0F), std::log(5.0F);
  Softmax::Cache cache;

  const Matrix& output = Softmax().Forward(input, cache, {});

  EXPECT_NEAR(output(0, 0), 0.125, 1e-6);
  EXPECT_NEAR(output(0, 1), 0.25, 1e-6);
  EXPECT_NEAR(output(0, 2), 0.625, 1e-6);
}

TEST(SoftmaxTest, LargeNumbersDoNotOverflowAndMaskedOnesGetNothing) {
  constexpr float kMasked = -std::numeric_limits<float>::infinity();
  Matrix input(2, 3);
  input << 1000, 1000, kMasked,  //
      kMasked, kMasked, kMasked;
  Softmax::Cache cache;

  const Matrix& output = Softmax().Forward(input, cache, {});

  Matrix expected(2, 3);
  expected << 0.5F, 0.5F, 0,  //
      0, 0, 0;
  EXPECT_EQ(output, expected);
}

TEST(SoftmaxTest, MaskedOnesOfALongRowGetNothingEither) {
  Matrix input = Matrix::Constant(1, 40, -std::numeric_limits<float>::infinity());
  input.leftCols(4).setConstant(2);
  Softmax::Cache cache;

  const Matrix& output = Softmax().Forward(input, cache, {});

  Matrix expected = Matrix::Zero(1, 40);
  expected.leftCols(4).setConstant(0.25F);
  EXPECT_EQ(output, expected);
}

TEST(SoftmaxTest, GradientsAreTheSlopesOfTheLoss) {
  Softmax layer;
  Matrix input = RandomMatrix(4, 5, 3);

  CheckLayer(layer, input, {}, Pass());
}

TEST(SoftmaxTest, ThreadsChangeNoBit) {
  ExpectThreadsChangeNoBit(Softmax(), RandomMatrix(300, 100, 3));
}

TEST(UnitLengthTest, RowsHaveLengthOneAndZeroStaysZero) {
  Matrix input(2, 2);
  input << 3, 4,  //
      0, 0;
  UnitLength::Cache cache;

  const Matrix output = UnitLength().Forward(input, cache, {});
  const Matrix by_input = UnitLength().Backward(input, Matrix::Ones(2, 2), cache, {});

  EXPECT_NEAR(output(0, 0), 0.6, 1e-6);
  EXPECT_NEAR(output(0, 1), 0.8, 1e-6);
  EXPECT_EQ(output.row(1).norm(), 0);
  EXPECT_EQ(by_input.row(1).norm(), 0);
}

TEST(UnitLengthTest, GradientsAreTheSlopesOfTheLoss) {
  UnitLength layer;
  Matrix input = RandomMatrix(4, 5, 4);

  CheckLayer(layer, input, {}, Pass());
}

TEST(UnitLengthTest, ThreadsChangeNoBit) {
  ExpectThreadsChangeNoBit(UnitLength(), RandomMatrix(600, 100, 3));
}

}  // namespace
}  // namespace vitrine::nn
