#include "vitrine/nn/loss.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "nn/checks.h"

namespace vitrine::nn {
namespace {

using testing::kGradientTolerance;
using testing::RandomMatrix;

constexpr float kMasked = -std::numeric_limits<float>::infinity();

TEST(MeanSquaredErrorTest, IsTheMeanOfSquares) {
  Matrix predictions(1, 2);
  predictions << 1, 5;
  Matrix targets(1, 2);
  targets << 2, 2;
  Matrix by;

  EXPECT_DOUBLE_EQ(MeanSquaredError(predictions, targets, by), (1 + 9) / 2.0);
  EXPECT_EQ(by(0, 0), -1);
  EXPECT_EQ(by(0, 1), 3);
}

TEST(BinaryCrossEntropyTest, IsThatOfTheSigmoidAndFiniteFarOut) {
  Matrix logits(1, 3);
  logits << 0.3F, 200, -200;
  Matrix targets(1, 3);
  targets << 0.25F, 1, 0;
  Matrix by;

  const double p = 1 / (1 + std::exp(-0.3F));
  EXPECT_NEAR(BinaryCrossEntropy(logits, targets, by),
              -(0.25 * std::log(p) + 0.75 * std::log(1 - p)) / 3, 1e-6);
  EXPECT_NEAR(by(0, 0), (p - 0.25) / 3, 1e-6);
}

TEST(ElementLossTest, GradientsAreTheSlopesOfTheLoss) {
  Matrix logits = RandomMatrix(3, 4, 1);
  const Matrix targets = RandomMatrix(3, 4, 2).cwiseAbs().cwiseMin(1);
  Matrix by;
  Matrix unused;

  MeanSquaredError(logits, targets, by);
  EXPECT_LT(GradientError(logits, by, [&] { return MeanSquaredError(logits, targets, unused); }),
            kGradientTolerance);
  BinaryCrossEntropy(logits, targets, by);
  EXPECT_LT(GradientError(logits, by, [&] { return BinaryCrossEntropy(logits, targets, unused); }),
            kGradientTolerance);
}

TEST(SoftmaxCrossEntropyTest, RowsWithoutATargetDoNotCount) {
  Matrix logits(2, 3);
  logits << 0, std::log(2.0F), 0,  //
      5, 6, 7;
  const std::vector<std::uint32_t> targets = {1, kNoTarget};
  Matrix by;

  EXPECT_NEAR(SoftmaxCrossEntropy(logits, targets, by, nullptr), std::log(2.0), 1e-6);
  EXPECT_NEAR(by(0, 1), -0.5, 1e-6);
  EXPECT_NEAR(by(0, 0), 0.25, 1e-6);
  EXPECT_EQ(by.row(1).norm(), 0);
}

TEST(SoftmaxCrossEntropyTest, WithoutAnyTargetIsZero) {
  const std::vector<std::uint32_t> targets = {kNoTarget};
  Matrix by;

  EXPECT_EQ(SoftmaxCrossEntropy(Matrix::Ones(1, 3), targets, by, nullptr), 0);
  EXPECT_EQ(by, Matrix::Zero(1, 3));
}

TEST(SoftmaxCrossEntropyTest, MayOverwriteItsLogitsAndThreadsChangeNoBit) {
  const Matrix logits = RandomMatrix(200, 900, 4);
  std::vector<std::uint32_t> targets(200);
  for (std::uint32_t i = 0; i < 200; ++i) targets[i] = i * 3;
  ThreadPool pool(3);
  Matrix by;
  Matrix in_place = logits;

  const double alone = SoftmaxCrossEntropy(logits, targets, by, nullptr);
  const double together = SoftmaxCrossEntropy(in_place, targets, in_place, &pool);

  EXPECT_EQ(alone, together);
  EXPECT_EQ(by, in_place);
}

TEST(SoftmaxCrossEntropyTest, GradientsAreTheSlopesOfTheLoss) {
  Matrix logits = RandomMatrix(3, 4, 6);
  const std::vector<std::uint32_t> targets = {2, kNoTarget, 0};
  Matrix by;
  Matrix unused;

  SoftmaxCrossEntropy(logits, targets, by, nullptr);

  EXPECT_LT(GradientError(logits, by,
                          [&] { return SoftmaxCrossEntropy(logits, targets, unused, nullptr); }),
            kGradientTolerance);
}

TEST(SampledSoftmaxTest, TakesTheOddsOffAndTheTargetOutOfOtherColumns) {
  const Matrix logits = RandomMatrix(2, 3, 5);
  const std::vector<std::uint32_t> targets = {0, 2};
  const std::vector<std::uint32_t> items = {7, 7, 4};
  const std::vector<float> log_odds = {-1, -2, -0.5F};
  Matrix corrected = logits;
  for (Eigen::Index row = 0; row < 2; ++row) {
    for (Eigen::Index i = 0; i < 3; ++i) corrected(row, i) -= log_odds[static_cast<std::size_t>(i)];
  }
  corrected(0, 1) = kMasked;  // The first row's target again.
  Matrix expected_by;
  Matrix by;

  const double expected = SoftmaxCrossEntropy(corrected, targets, expected_by, nullptr);
  const double loss = SampledSoftmaxCrossEntropy(
      logits, targets, {.items = items, .log_odds = log_odds}, by, nullptr);

  EXPECT_EQ(loss, expected);
  EXPECT_EQ(by, expected_by);
  EXPECT_EQ(by(0, 1), 0);
}

TEST(SampledSoftmaxTest, CorrectedSamplesHaveTheGradientOfAllColumnsOnAverage) {
  // Four columns, one of them drawn four times as often: with many draws, the mean gradient by the
  // positive's logit is near that of the full softmax only when the odds are taken off.
  const std::vector<double> odds = {0.4, 0.4, 0.1, 0.1};
  Matrix logits(1, 5);
  logits << 0.5F, 0.2F, -0.3F, 0.9F, -1.0F;
  const std::vector<std::uint32_t> target = {0};
  Matrix full_by;
  SoftmaxCrossEntropy(logits, target, full_by, nullptr);
  constexpr int kDraws = 4000;
  Random random(8);
  Matrix sampled(1, kDraws + 1);
  std::vector<float> log_odds(kDraws + 1, 0);
  sampled(0, 0) = logits(0, 0);
  for (int i = 1; i <= kDraws; ++i) {
    const double goal = random.Uniform();
    const int column = goal < 0.4 ? 0 : goal < 0.8 ? 1 : goal < 0.9 ? 2 : 3;
    sampled(0, i) = logits(0, column + 1);
    log_odds[static_cast<std::size_t>(i)] =
        static_cast<float>(std::log(kDraws * odds[static_cast<std::size_t>(column)]));
  }
  Matrix by;

  SampledSoftmaxCrossEntropy(sampled, target, {.log_odds = log_odds}, by, nullptr);

  EXPECT_NEAR(by(0, 0), full_by(0, 0), 0.02);
}

TEST(SampledSoftmaxTest, GradientsAreTheSlopesOfTheLoss) {
  Matrix logits = RandomMatrix(3, 4, 6);
  const std::vector<std::uint32_t> targets = {2, kNoTarget, 0};
  const std::vector<std::uint32_t> items = {1, 2, 3, 1};
  const std::vector<float> log_odds = {-1, -2, -0.5F, -3};
  const SampledColumns columns{.items = items, .log_odds = log_odds};
  Matrix by;
  Matrix unused;

  SampledSoftmaxCrossEntropy(logits, targets, columns, by, nullptr);

  EXPECT_LT(
      GradientError(
          logits, by,
          [&] { return SampledSoftmaxCrossEntropy(logits, targets, columns, unused, nullptr); }),
      kGradientTolerance);
}

// Scores of pairs in one matrix of two rows, for the check.
using PairLoss = double (*)(std::span<const float>, std::span<const float>, const PairDerivatives&);

double HingeOfTwo(std::span<const float> positive, std::span<const float> negative,
                  const PairDerivatives& by) {
  return HingeLoss(positive, negative, 2, by);
}

class PairLossTest : public ::testing::TestWithParam<PairLoss> {};

TEST_P(PairLossTest, GradientsAreTheSlopesOfTheLoss) {
  Matrix scores(2, 4);
  scores << 0.3F, 2.9F, -1, 0.2F,  //
      0.1F, -0.4F, 0.7F, 0.25F;
  const auto loss = [&](Matrix& by) {
    by.resize(2, 4);
    return GetParam()({scores.row(0).data(), 4}, {scores.row(1).data(), 4},
                      {{by.row(0).data(), 4}, {by.row(1).data(), 4}});
  };
  Matrix by;
  Matrix unused;
  loss(by);

  EXPECT_LT(GradientError(scores, by, [&] { return loss(unused); }), kGradientTolerance);
}

INSTANTIATE_TEST_SUITE_P(Losses, PairLossTest, ::testing::Values(&BprLoss, &HingeOfTwo));

TEST(PairLossValuesTest, AreThoseByHand) {
  const std::vector<float> positive = {1, 0};
  const std::vector<float> negative = {0, 3};
  std::vector<float> by_positive(2);
  std::vector<float> by_negative(2);
  const PairDerivatives by{by_positive, by_negative};

  EXPECT_NEAR(BprLoss(positive, negative, by),
              (std::log(1 + std::exp(-1.0)) + std::log(1 + std::exp(3.0))) / 2, 1e-6);
  EXPECT_DOUBLE_EQ(HingeLoss(positive, negative, 0.5F, by), (0 + 3.5) / 2);
  EXPECT_EQ(by_positive, (std::vector<float>{0, -0.5F}));
  EXPECT_EQ(by_negative, (std::vector<float>{0, 0.5F}));
}

TEST(CosineContrastiveLossTest, PullsPositivesUpAndNegativesBelowTheMargin) {
  const std::vector<float> positive = {0.75F};
  Matrix negatives(1, 2);
  negatives << 0.25F, 1;
  std::vector<float> by_positive(1);
  Matrix by_negatives;

  const double loss = CosineContrastiveLoss(
      positive, negatives, {.margin = 0.5F, .negative_weight = 4}, by_positive, by_negatives);

  EXPECT_DOUBLE_EQ(loss, 0.25 + 4 * 0.5 / 2);
  EXPECT_EQ(by_positive[0], -1);
  EXPECT_EQ(by_negatives(0, 0), 0);
  EXPECT_EQ(by_negatives(0, 1), 2);
}

TEST(CosineContrastiveLossTest, GradientsAreTheSlopesOfTheLoss) {
  Matrix positive(1, 3);
  positive << 0.9F, -0.2F, 0.4F;
  Matrix negatives(3, 2);  // Away from the margin, where there is a corner.
  negatives << 0.1F, 0.7F, -0.9F, 0.95F, 0.6F, 0.2F;
  const CosineContrast contrast{.margin = 0.4F, .negative_weight = 3};
  const auto loss = [&](Matrix& by_positive, Matrix& by_negatives) {
    by_positive.resize(1, 3);
    return CosineContrastiveLoss({positive.data(), 3}, negatives, contrast, {by_positive.data(), 3},
                                 by_negatives);
  };
  Matrix by_positive;
  Matrix by_negatives;
  Matrix unused;
  Matrix unused_too;

  loss(by_positive, by_negatives);

  const auto again = [&] { return loss(unused, unused_too); };
  EXPECT_LT(GradientError(positive, by_positive, again), kGradientTolerance);
  EXPECT_LT(GradientError(negatives, by_negatives, again), kGradientTolerance);
}

TEST(MultinomialCrossEntropyTest, IsTheMeanOfTheSoftmaxCrossEntropiesOfItsTargets) {
  const Matrix logits = RandomMatrix(3, 5, 21);
  const std::vector<std::size_t> begin = {0, 2, 2, 3};
  const std::vector<std::uint32_t> columns = {4, 1, 0};
  const std::vector<float> log_odds = {-1, -2, -0.5F, -3, -1.5F};
  Matrix by;

  const double loss = MultinomialCrossEntropy(logits, {begin, columns}, log_odds, by, nullptr);

  const auto slow = [&](Eigen::Index row, std::uint32_t target) {
    double sum = 0;
    for (Eigen::Index i = 0; i < 5; ++i) {
      sum += std::exp(logits(row, i) - log_odds[static_cast<std::size_t>(i)]);
    }
    return std::log(sum) - logits(row, target) + log_odds[target];
  };
  EXPECT_NEAR(loss, ((slow(0, 4) + slow(0, 1)) / 2 + slow(2, 0)) / 2, 1e-5);
  EXPECT_EQ(by.row(1).norm(), 0);
}

TEST(MultinomialCrossEntropyTest, ATargetCountsByItsWeight) {
  const Matrix logits = RandomMatrix(2, 4, 23);
  const std::vector<std::size_t> begin = {0, 2, 3};
  const std::vector<std::uint32_t> columns = {3, 1, 0};
  const std::vector<float> weights = {2, 0.5F, 0.25F};
  const TargetBags targets{begin, columns, weights};
  Matrix by;
  Matrix unused;

  const double loss = MultinomialCrossEntropy(logits, targets, {}, by, nullptr);

  const auto slow = [&](Eigen::Index row, std::uint32_t target) {
    return std::log(logits.row(row).array().exp().sum()) - logits(row, target);
  };
  EXPECT_NEAR(loss, ((2 * slow(0, 3) + 0.5F * slow(0, 1)) / 2 + 0.25F * slow(1, 0)) / 2, 1e-5);
  Matrix moved = logits;
  EXPECT_LT(
      GradientError(moved, by,
                    [&] { return MultinomialCrossEntropy(moved, targets, {}, unused, nullptr); }),
      kGradientTolerance);
}

TEST(MultinomialCrossEntropyTest, WhatItsTargetsCountIsNotRounded) {
  const Matrix logits = Matrix::Constant(1, 3, 1e6F);
  const std::vector<std::size_t> begin = {0, 3};
  const std::vector<std::uint32_t> columns = {0, 1, 2};
  const std::vector<float> weights = {1, 0.5F, 0.1F};
  Matrix by;

  const double alike = MultinomialCrossEntropy(logits, {begin, columns}, {}, by, nullptr);
  const double weighted =
      MultinomialCrossEntropy(logits, {begin, columns, weights}, {}, by, nullptr);

  // A third of 1e6 in float would be off by 1e-3 already.
  EXPECT_NEAR(alike, std::log(3.0), 1e-6);
  EXPECT_NEAR(weighted, (1 + 0.5 + static_cast<double>(0.1F)) / 3 * std::log(3.0), 1e-6);
}

TEST(MultinomialCrossEntropyTest, GradientsAreTheSlopesAndThreadsChangeNoBit) {
  Matrix logits = RandomMatrix(4, 6, 22);
  const std::vector<std::size_t> begin = {0, 1, 4, 4, 6};
  const std::vector<std::uint32_t> columns = {2, 0, 3, 5, 1, 4};
  Matrix by;
  Matrix unused;

  MultinomialCrossEntropy(logits, {begin, columns}, {}, by, nullptr);

  EXPECT_LT(
      GradientError(logits, by,
                    [&] {
                      return MultinomialCrossEntropy(logits, {begin, columns}, {}, unused, nullptr);
                    }),
      kGradientTolerance);
  ThreadPool pool(3);
  Matrix threaded = logits;
  MultinomialCrossEntropy(threaded, {begin, columns}, {}, threaded, &pool);
  EXPECT_EQ(threaded, by);
}

}  // namespace
}  // namespace vitrine::nn
