#include "training/factor_sgd.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "scorers/sample_shop.h"
#include "testing/status_matchers.h"
#include "training/bpr_trainer.h"
#include "training/mf_contrastive_trainer.h"
#include "training/pair_weights.h"
#include "vitrine/scorers/collaborative/mean_factors.h"

namespace vitrine {
namespace {

using testing::IsOk;
using testing::SampleShop;

constexpr BprDraws kThreeDraws{.number = 3, .hardest_of = 1};
constexpr float kMasked = -std::numeric_limits<float>::infinity();

// A user's scores as vectors, the liked ones first.
struct Scores {
  std::vector<float> liked = {0.9F, 0.2F, -0.4F};
  std::vector<float> weights = {1, 0.5F, 2};
  std::vector<float> pool = {0.7F, kMasked, 0.1F, -0.8F, 0.65F};
};

double LossOf(const SgdLoss& loss, const Scores& scores, std::vector<float>& by_liked,
              std::vector<float>& by_pool) {
  by_liked.assign(scores.liked.size(), 0);
  by_pool.assign(scores.pool.size(), 0);
  Random random(3);  // The same draws each time.
  return loss({scores.liked, scores.weights, scores.pool}, {by_liked, by_pool}, random);
}

// The slope of the loss by one score, by central differences.
double Slope(const SgdLoss& loss, std::vector<float> Scores::*part, std::size_t place) {
  constexpr float kStep = 1e-2F;
  const auto loss_at = [&](float shift) {
    Scores moved;
    (moved.*part)[place] += shift;
    std::vector<float> unused_liked;
    std::vector<float> unused_pool;
    return LossOf(loss, moved, unused_liked, unused_pool);
  };
  return (loss_at(kStep) - loss_at(-kStep)) / (2 * kStep);
}

class SgdLossTest : public ::testing::TestWithParam<bool> {
 protected:
  const SgdLoss loss_ = GetParam() ? MakeContrastiveLoss({.margin = 0.5, .negative_weight = 20})
                                   : MakeBprLoss({.number = 50, .hardest_of = 2});
};

TEST_P(SgdLossTest, GradientsAreTheSlopesOfTheLoss) {
  std::vector<float> by_liked;
  std::vector<float> by_pool;
  LossOf(loss_, Scores(), by_liked, by_pool);

  for (std::size_t i = 0; i < by_liked.size(); ++i) {
    EXPECT_NEAR(by_liked[i], Slope(loss_, &Scores::liked, i), 1e-3) << "liked " << i;
  }
  for (const std::size_t j : {0U, 2U, 3U, 4U}) {
    EXPECT_NEAR(by_pool[j], Slope(loss_, &Scores::pool, j), 1e-3) << "pool " << j;
  }
}

TEST_P(SgdLossTest, WhatTheUserLikesIsNoNegative) {
  std::vector<float> by_liked;
  std::vector<float> by_pool;

  const double loss = LossOf(loss_, Scores(), by_liked, by_pool);

  EXPECT_TRUE(std::isfinite(loss));
  EXPECT_EQ(by_pool[1], 0);
  EXPECT_THAT(by_liked, ::testing::Each(::testing::Lt(0)));
}

INSTANTIATE_TEST_SUITE_P(Losses, SgdLossTest, ::testing::Bool(),
                         [](const ::testing::TestParamInfo<bool>& test) {
                           return test.param ? "contrastive" : "bpr";
                         });

TEST(ContrastiveLossTest, HasTheValueOfItsFormula) {
  std::vector<float> by_liked;
  std::vector<float> by_pool;

  const double loss = LossOf(MakeContrastiveLoss({.margin = 0.5, .negative_weight = 20}), Scores(),
                             by_liked, by_pool);

  // Liked: 0.1 + 0.5 * 0.8 + 2 * 1.4. Above the margin: 0.2 and 0.15, each 3.5 * 20 / 5.
  EXPECT_NEAR(loss, 3.3 + 14 * 0.35, 1e-5);
}

TEST(BprLossTest, TheHardestOfManyDrawsIsTheOneThatIsPushedDown) {
  std::vector<float> by_liked;
  std::vector<float> by_pool;

  LossOf(MakeBprLoss({.number = 6, .hardest_of = 100}), Scores(), by_liked, by_pool);

  EXPECT_GT(by_pool[0], 1);
  EXPECT_THAT(std::vector<float>(by_pool.begin() + 1, by_pool.end()), ::testing::Each(0.0F));
}

FactorSgd SmallTraining() {
  FactorSgd training;
  training.dimensions = 4;
  training.epochs = 1;
  training.users_per_batch = 1000;  // One step.
  training.pool_size = 5000;        // So many draws that the pool is every item.
  training.start_epochs = 0;
  return training;
}

UserItemFactors Trained(const FactorSgd& training, const SgdLoss& loss) {
  ThreadPool pool(2);
  const CsrMatrix weights = LikedPairWeights(SampleShop(), {});
  auto factors = TrainBySgd(weights, training, loss, "test", {.pool = &pool});
  EXPECT_THAT(factors, IsOk());
  return *std::move(factors);
}

// The contrastive loss of all users' products with all items, in double.
double WholeLoss(const UserItemFactors& factors, const ContrastiveLoss& loss) {
  const CsrMatrix weights = LikedPairWeights(SampleShop(), {});
  const Eigen::MatrixXd scores =
      factors.users.cast<double>() * factors.items.cast<double>().transpose();
  std::vector<bool> is_known(weights.num_cols, false);
  for (const std::uint32_t item : weights.column) is_known[item] = true;
  const auto num_known = static_cast<double>(std::count(is_known.begin(), is_known.end(), true));
  double sum = 0;
  for (Eigen::Index user = 0; user < scores.rows(); ++user) {
    const auto liked = weights.Columns(static_cast<std::size_t>(user));
    const auto values = weights.Values(static_cast<std::size_t>(user));
    double total = 0;
    for (std::size_t i = 0; i < liked.size(); ++i) {
      sum += values[i] * (1 - scores(user, liked[i]));
      total += values[i];
    }
    for (std::uint32_t item = 0; item < weights.num_cols; ++item) {
      if (!is_known[item] || std::count(liked.begin(), liked.end(), item) > 0) continue;
      sum += total * loss.negative_weight / num_known *
             std::max(0.0, scores(user, item) - loss.margin);
    }
  }
  return sum;
}

// Adam's first step goes by the learning rate against the sign of every derivative.
TEST(FactorSgdTest, AStepGoesAgainstTheSlopeOfTheWholeLoss) {
  const ContrastiveLoss loss{.margin = 0.3, .negative_weight = 30};
  FactorSgd training = SmallTraining();
  training.learning_rate = 1e-9;
  const UserItemFactors start = Trained(training, MakeContrastiveLoss(loss));
  training.learning_rate = 0.01;

  const UserItemFactors after = Trained(training, MakeContrastiveLoss(loss));

  std::size_t num_checked = 0;
  for (const bool is_user : {true, false}) {
    const Matrix& before = is_user ? start.users : start.items;
    const Matrix moves = (is_user ? after.users : after.items) - before;
    for (Eigen::Index row = 0; row < before.rows(); row += 3) {
      for (Eigen::Index k = 0; k < before.cols(); ++k) {
        UserItemFactors moved = start;
        float& value = (is_user ? moved.users : moved.items)(row, k);
        value += 1e-3F;
        const double above = WholeLoss(moved, loss);
        value -= 2e-3F;
        const double slope = (above - WholeLoss(moved, loss)) / 2e-3;
        if (std::abs(slope) < 0.05 || before.row(row).isZero(0)) continue;
        EXPECT_NEAR(moves(row, k), slope > 0 ? -0.01 : 0.01, 1e-4) << row << ", " << k;
        ++num_checked;
      }
    }
  }
  EXPECT_GT(num_checked, 100U);
}

TEST(FactorSgdTest, TrainingLowersTheLoss) {
  const ContrastiveLoss loss{.margin = 0.3, .negative_weight = 30};
  FactorSgd training = SmallTraining();
  training.users_per_batch = 16;
  const double before = WholeLoss(Trained(training, MakeContrastiveLoss(loss)), loss);
  training.epochs = 40;

  const double after = WholeLoss(Trained(training, MakeContrastiveLoss(loss)), loss);

  EXPECT_LT(after, 0.7 * before);
}

TEST(FactorSgdTest, TheSeedDecidesTheFactors) {
  FactorSgd training = SmallTraining();
  training.users_per_batch = 7;
  training.pool_size = 20;
  const UserItemFactors first = Trained(training, MakeBprLoss(kThreeDraws));
  const UserItemFactors again = Trained(training, MakeBprLoss(kThreeDraws));
  training.seed = 2;
  const UserItemFactors other = Trained(training, MakeBprLoss(kThreeDraws));

  EXPECT_EQ(first.items, again.items);
  EXPECT_EQ(first.users, again.users);
  EXPECT_NE(first.items, other.items);
}

TEST(FactorSgdTest, DecayMakesVectorsShorter) {
  FactorSgd training = SmallTraining();
  training.epochs = 30;
  const UserItemFactors free = Trained(training, MakeBprLoss(kThreeDraws));
  training.decay = 1;

  const UserItemFactors decayed = Trained(training, MakeBprLoss(kThreeDraws));

  EXPECT_LT(decayed.items.norm(), 0.9F * free.items.norm());
  EXPECT_LT(decayed.users.norm(), 0.9F * free.users.norm());
}

TEST(FactorSgdTest, WhatNobodyLikesStaysZero) {
  const UserItemFactors factors = Trained(SmallTraining(), MakeBprLoss(kThreeDraws));

  EXPECT_TRUE(factors.items.row(58).isZero(0));
  EXPECT_TRUE(factors.items.row(59).isZero(0));
  EXPECT_FALSE(factors.items.row(55).isZero(0));
}

class SgdTrainerTest : public ::testing::TestWithParam<const char*> {};

TEST_P(SgdTrainerTest, RecommendsWhatShoppersOfTheSameTasteLiked) {
  ThreadPool pool(2);
  const auto model =
      FindTrainer(GetParam())->train(SampleShop(), {{"dimensions", "8"}}, {.pool = &pool});
  ASSERT_THAT(model, IsOk());
  // In the sample shop shoppers like either even items or odd ones.
  const std::vector<Interaction> history = {
      {0, ItemIndex{2}, 1}, {0, ItemIndex{8}, 1}, {0, ItemIndex{0}, 1}};
  const Query query{.history = history};

  const auto list = model->scorer->Retrieve({&query, 1}, nullptr, 6).front();

  ASSERT_EQ(list.size(), 6U);
  for (const ScoredItem& scored : list) EXPECT_EQ(Row(scored.item) % 2, 0U);
}

// Of a shopper of three items with every item of the sample shop.
Matrix ScoresWith(const char* trainer, const std::string& popularity_power) {
  const Settings settings = {{"dimensions", "4"},
                             {"epochs", "10"},
                             {"negatives", "20"},
                             {"popularity_power", popularity_power}};
  ThreadPool pool(2);
  const auto model = FindTrainer(trainer)->train(SampleShop(), settings, {.pool = &pool});
  EXPECT_THAT(model, IsOk());
  const std::vector<Interaction> history = {
      {0, ItemIndex{2}, 1}, {0, ItemIndex{8}, 1}, {0, ItemIndex{0}, 1}};
  const Query query{.history = history};
  std::vector<ItemIndex> items;
  for (std::size_t i = 0; i < testing::kShopItems; ++i) items.push_back(testing::ItemNumber(i));
  Matrix scores(1, static_cast<Eigen::Index>(items.size()));
  model->scorer->Score({&query, 1}, items, scores);
  return scores;
}

TEST_P(SgdTrainerTest, NegativesAreDrawnByThePowerThatIsSet) {
  const Matrix evenly = ScoresWith(GetParam(), "0");

  EXPECT_EQ(ScoresWith(GetParam(), "0"), evenly);
  EXPECT_NE(ScoresWith(GetParam(), "2"), evenly);
}

INSTANTIATE_TEST_SUITE_P(Trainers, SgdTrainerTest, ::testing::Values("bpr", "mf_contrastive"));

TEST(BprTrainerTest, AsThePaperHasItKnowsTheUsersOfTheTrainingAlone) {
  ThreadPool pool(2);
  const auto model =
      FindTrainer("bpr")->train(SampleShop(), {{"dimensions", "8"}}, {.pool = &pool});
  ASSERT_THAT(model, IsOk());
  ASSERT_NE(model->as_paper, nullptr);
  const std::vector<Query> queries = {
      {.training_user = 4}, {.training_user = testing::kShopUsers}, {}};

  const auto lists = model->as_paper->Retrieve(queries, nullptr, 6);

  ASSERT_EQ(lists[0].size(), 6U);
  for (const ScoredItem& scored : lists[0]) EXPECT_EQ(Row(scored.item) % 2, 0U);
  EXPECT_TRUE(lists[1].empty());
  EXPECT_TRUE(lists[2].empty());
}

}  // namespace
}  // namespace vitrine
