#include "training/mean_sgd.h"

#include <gmock/gmock.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <vector>

#include "scorers/sample_shop.h"
#include "testing/status_matchers.h"
#include "training/mf_contrastive_trainer.h"
#include "training/pair_weights.h"
#include "training/sgd_parts.h"

namespace vitrine {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using testing::IsOk;
using ::testing::Pointwise;
using testing::SampleShop;

constexpr ContrastiveLoss kLoss{.margin = 0.3, .negative_weight = 30};

FactorSgd SmallTraining() {
  FactorSgd training;
  training.dimensions = 4;
  training.epochs = 1;
  training.users_per_batch = 1000;  // One step.
  training.pool_size = 5000;        // So many draws that the pool is every item.
  training.start_epochs = 0;
  return training;
}

Matrix Trained(const FactorSgd& training, std::size_t num_threads = 2) {
  ThreadPool pool(num_threads);
  const CsrMatrix weights = LikedPairWeights(SampleShop(), {});
  auto items =
      TrainMeansBySgd(weights, training, MakeContrastiveLoss(kLoss), "test", {.pool = &pool});
  EXPECT_THAT(items, IsOk());
  return *std::move(items);
}

double Cosine(const Eigen::VectorXd& a, const Eigen::VectorXd& b) {
  return a.norm() == 0 || b.norm() == 0 ? 0 : a.dot(b) / (a.norm() * b.norm());
}

// The loss of all users against all items that anybody likes, in double, each sum without one item
// added up anew.
double WholeLoss(const Matrix& items) {
  const CsrMatrix weights = LikedPairWeights(SampleShop(), {});
  const Eigen::MatrixXd y = items.cast<double>().rowwise().normalized();
  std::vector<bool> is_known(weights.num_cols, false);
  for (const std::uint32_t item : weights.column) is_known[item] = true;
  const auto num_known = static_cast<double>(std::count(is_known.begin(), is_known.end(), true));
  double loss = 0;
  for (std::size_t user = 0; user < weights.num_rows; ++user) {
    const auto liked = weights.Columns(user);
    const auto values = weights.Values(user);
    const auto sum_without = [&](std::size_t left_out) {
      Eigen::VectorXd sum = Eigen::VectorXd::Zero(y.cols());
      for (std::size_t i = 0; i < liked.size(); ++i) {
        if (i != left_out) sum += values[i] * y.row(liked[i]).transpose();
      }
      return sum;
    };
    double total = 0;
    for (std::size_t i = 0; i < liked.size(); ++i) {
      loss += values[i] * (1 - Cosine(sum_without(i), y.row(liked[i])));
      total += values[i];
    }
    const Eigen::VectorXd whole = sum_without(liked.size());
    for (std::uint32_t item = 0; item < weights.num_cols; ++item) {
      if (!is_known[item] || std::count(liked.begin(), liked.end(), item) > 0) continue;
      loss += total * kLoss.negative_weight / num_known *
              std::max(0.0, Cosine(whole, y.row(item)) - kLoss.margin);
    }
  }
  return loss;
}

// Adam's first step goes by the learning rate against the sign of every derivative.
TEST(MeanSgdTest, AStepGoesAgainstTheSlopeOfTheWholeLoss) {
  FactorSgd training = SmallTraining();
  training.learning_rate = 1e-9;
  const Matrix start = Trained(training);
  training.learning_rate = 0.01;

  const Matrix moves = Trained(training) - start;

  std::size_t num_checked = 0;
  for (Eigen::Index row = 0; row < start.rows(); ++row) {
    for (Eigen::Index k = 0; k < start.cols(); ++k) {
      Matrix moved = start;
      moved(row, k) += 1e-3F;
      const double above = WholeLoss(moved);
      moved(row, k) -= 2e-3F;
      const double slope = (above - WholeLoss(moved)) / 2e-3;
      if (std::abs(slope) < 0.05 || start.row(row).isZero(0)) continue;
      EXPECT_NEAR(moves(row, k), slope > 0 ? -0.01 : 0.01, 1e-4) << row << ", " << k;
      ++num_checked;
    }
  }
  EXPECT_GT(num_checked, 100U);
}

TEST(MeanSgdTest, TrainingLowersTheLoss) {
  FactorSgd training = SmallTraining();
  training.users_per_batch = 16;
  const double before = WholeLoss(Trained(training));
  training.epochs = 40;

  const double after = WholeLoss(Trained(training));

  EXPECT_LT(after, 0.8 * before);
}

TEST(MeanSgdTest, TheSeedAloneDecidesTheFactors) {
  FactorSgd training = SmallTraining();
  training.users_per_batch = 7;
  training.pool_size = 20;
  const Matrix first = Trained(training, 1);
  const Matrix again = Trained(training, 5);
  training.seed = 2;
  const Matrix other = Trained(training, 1);

  EXPECT_EQ(first, again);
  EXPECT_NE(first, other);
}

TEST(MeanSgdTest, WhatNobodyLikesStaysZero) {
  const Matrix items = Trained(SmallTraining());

  EXPECT_TRUE(items.row(58).isZero(0));
  EXPECT_FALSE(items.row(55).isZero(0));
  EXPECT_TRUE(items.allFinite());
}

// Where each likes a single item there are no others to be alike with.
TEST(MeanSgdTest, ShoppersOfOneItemTeachNothingButWhatIsNotTheirs) {
  CsrMatrix weights{.num_rows = 3, .num_cols = 3};
  for (std::uint32_t user = 0; user < 3; ++user) {
    weights.column.push_back(user);
    weights.value.push_back(1);
    weights.row_begin.push_back(user + 1);
  }
  ThreadPool pool(1);

  const auto items = TrainMeansBySgd(weights, SmallTraining(), MakeContrastiveLoss(kLoss), "test",
                                     {.pool = &pool});

  ASSERT_THAT(items, IsOk());
  EXPECT_TRUE(items->allFinite());
}

TEST(HoldOutTest, IsTheCosineWithTheOtherTerms) {
  const Eigen::Vector3f y(0.6F, 0.8F, 0);
  const Eigen::Vector3f others(1, -2, 3);
  const Eigen::Vector3f sum = others + 2 * y;

  const HeldOutCosine held = HoldOut(sum.dot(y), sum.squaredNorm(), 2);

  EXPECT_NEAR(held.cosine, others.dot(y) / others.norm(), 1e-6);
}

TEST(HoldOutTest, DerivativesAreSlopes) {
  constexpr float kProduct = 2.5F;
  constexpr float kSquare = 11;
  constexpr float kStep = 1e-2F;

  const HeldOutCosine held = HoldOut(kProduct, kSquare, 1.5F);

  const float by_product = HoldOut(kProduct + kStep, kSquare, 1.5F).cosine -
                           HoldOut(kProduct - kStep, kSquare, 1.5F).cosine;
  const float by_square = HoldOut(kProduct, kSquare + kStep, 1.5F).cosine -
                          HoldOut(kProduct, kSquare - kStep, 1.5F).cosine;
  EXPECT_NEAR(held.by_product, by_product / (2 * kStep), 1e-4);
  EXPECT_NEAR(held.by_square, by_square / (2 * kStep), 1e-4);
}

TEST(HoldOutTest, NothingIsAlikeWithNothing) {
  const HeldOutCosine held = HoldOut(3.0000002F, 9, 3);

  EXPECT_EQ(held.cosine, 0);
  EXPECT_EQ(held.by_product, 0);
  EXPECT_EQ(held.by_square, 0);
}

TEST(SgdPartsTest, AShardHasItsItemsInOrderAndTheirGradientsAsTheyCame) {
  const std::vector<std::vector<PairGradient>> lists = {{{4, 0, 1}, {3, 0, 2}, {2, 0, 3}},
                                                        {{2, 1, 4}, {1, 1, 5}, {4, 1, 6}}};

  std::vector<float> values;
  for (const PairGradient& each : OfItemShard(lists, 0)) values.push_back(each.value);

  EXPECT_THAT(values, ElementsAre(3, 4, 1, 6));
}

TEST(SgdPartsTest, MasksWhatIsLikedInThePool) {
  const std::vector<std::uint32_t> liked = {2, 5, 9};
  const std::vector<std::uint32_t> pool = {1, 2, 8, 9, 12};
  std::vector<float> scores(5, 1);

  MaskLiked(liked, pool, scores);

  const float masked = -std::numeric_limits<float>::infinity();
  EXPECT_THAT(scores, ElementsAre(1, masked, 1, masked, 1));
}

TEST(SgdPartsTest, APoolHasDistinctItemsThatSomebodyLikes) {
  const CsrMatrix weights = LikedPairWeights(SampleShop(), {});
  Random random(5);

  const auto pool = PoolSampler(weights, 0.5).Draw(1000, random);

  EXPECT_TRUE(std::is_sorted(pool.begin(), pool.end()));
  EXPECT_EQ(std::adjacent_find(pool.begin(), pool.end()), pool.end());
  EXPECT_GT(pool.size(), 40U);
  for (const std::uint32_t item : pool) EXPECT_LT(item, 58U);
}

// How much of 40,000 draws each of three items has, which 1, 4 and 9 shoppers like.
std::vector<double> DrawnShares(double popularity_power) {
  CsrMatrix weights{.num_rows = 14, .num_cols = 3};
  for (std::uint32_t user = 0; user < 14; ++user) {
    weights.column.push_back(user < 1 ? 0U : user < 5 ? 1U : 2U);
    weights.value.push_back(1);
    weights.row_begin.push_back(user + 1);
  }
  const PoolSampler sampler(weights, popularity_power);
  Random random(7);
  std::vector<double> shares(3);
  for (int draw = 0; draw < 40'000; ++draw) shares[sampler.Draw(1, random).front()] += 1 / 40'000.0;
  return shares;
}

TEST(SgdPartsTest, APoolHasPopularItemsInProportionToTheirLikesToThePower) {
  // Five standard deviations of a share of one half, at most.
  const double tolerance = 5 * std::sqrt(0.25 / 40'000);

  EXPECT_THAT(DrawnShares(0), Pointwise(DoubleNear(tolerance), {1 / 3.0, 1 / 3.0, 1 / 3.0}));
  EXPECT_THAT(DrawnShares(0.5), Pointwise(DoubleNear(tolerance), {1 / 6.0, 2 / 6.0, 3 / 6.0}));
  EXPECT_THAT(DrawnShares(1), Pointwise(DoubleNear(tolerance), {1 / 14.0, 4 / 14.0, 9 / 14.0}));
  EXPECT_THAT(DrawnShares(2), Pointwise(DoubleNear(tolerance), {1 / 98.0, 16 / 98.0, 81 / 98.0}));
}

}  // namespace
}  // namespace vitrine
