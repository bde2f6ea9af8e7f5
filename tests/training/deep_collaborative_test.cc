// What lightgcn, neural_cf and gan_cf learn by, and that they learn.
#include <gmock/gmock.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "scorers/sample_shop.h"
#include "testing/status_matchers.h"
#include "training/fold_in_loss.h"
#include "training/history_parts.h"
#include "training/pair_weights.h"
#include "training/sgd_parts.h"
#include "vitrine/nn/gradient_check.h"
#include "vitrine/training/trainer.h"

namespace vitrine {
namespace {

using ::testing::Contains;
using testing::IsOk;
using ::testing::Not;
using testing::SampleShop;

constexpr float kMasked = -std::numeric_limits<float>::infinity();

// The loss of one user of MakeCosineSoftmaxLoss, in double.
double SlowSoftmaxLoss(const std::vector<double>& liked, const std::vector<float>& weights,
                       const std::vector<double>& pool, double temperature, double num_items) {
  double sum = 0;
  for (std::size_t i = 0; i < liked.size(); ++i) {
    double odds = 1;
    for (const double score : pool) {
      if (!std::isfinite(score)) continue;
      odds +=
          num_items / static_cast<double>(pool.size()) * std::exp((score - liked[i]) / temperature);
    }
    sum += static_cast<double>(weights[i]) * std::log(odds);
  }
  return sum;
}

TEST(CosineSoftmaxLossTest, AgreesWithTheFormulaAndItsSlopes) {
  constexpr double kTemperature = 0.3;
  const std::vector<double> liked = {0.7, -0.2};
  const std::vector<float> weights = {1, 2.5F};
  const std::vector<double> pool = {0.1, kMasked, 0.6, -0.9};
  const std::vector<float> liked_scores(liked.begin(), liked.end());
  const std::vector<float> pool_scores(pool.begin(), pool.end());
  std::vector<float> by_liked(2, 0);
  std::vector<float> by_pool(4, 0);
  Random random(1);

  const double loss = MakeCosineSoftmaxLoss(kTemperature, 90)(
      {.liked = liked_scores, .weights = weights, .pool = pool_scores},
      {.liked = by_liked, .pool = by_pool}, random);

  const auto slow = [&](const std::vector<double>& a, const std::vector<double>& b) {
    return SlowSoftmaxLoss(a, weights, b, kTemperature, 90);
  };
  EXPECT_NEAR(loss, slow(liked, pool), 1e-5 * loss);
  constexpr double kStep = 1e-5;
  for (std::size_t i = 0; i < liked.size(); ++i) {
    std::vector<double> more = liked;
    more[i] += kStep;
    EXPECT_NEAR(by_liked[i], (slow(more, pool) - slow(liked, pool)) / kStep, 1e-3);
  }
  for (std::size_t j = 0; j < pool.size(); ++j) {
    std::vector<double> more = pool;
    more[j] += kStep;
    const double slope = j == 1 ? 0 : (slow(liked, more) - slow(liked, pool)) / kStep;
    EXPECT_NEAR(by_pool[j], slope, 1e-3);
  }
}

TEST(CosineSoftmaxLossTest, APoolWithoutNegativesCostsNothing) {
  const std::vector<float> liked = {0.5};
  const std::vector<float> weights = {1};
  const std::vector<float> pool = {kMasked};
  std::vector<float> by_liked(1, 0);
  std::vector<float> by_pool(1, 0);
  Random random(1);

  EXPECT_EQ(MakeCosineSoftmaxLoss(0.1, 9)({.liked = liked, .weights = weights, .pool = pool},
                                          {.liked = by_liked, .pool = by_pool}, random),
            0);
  EXPECT_EQ(by_liked[0], 0);
  EXPECT_EQ(by_pool[0], 0);
}

class FoldInLossTest : public ::testing::Test {
 protected:
  FoldInLossTest() {
    Random random(5);
    for (float& value : pulls_.value) value = 0.3F + static_cast<float>(random.Uniform());
    items_ = Matrix::NullaryExpr(static_cast<Eigen::Index>(weights_.num_cols), 4,
                                 [&] { return static_cast<float>(random.Normal()); });
    pool_items_ = PoolSampler(weights_, 0).Draw(25, random);
  }

  double Loss(ThreadPool* pool, Matrix& by_items) const {
    FoldInLoss loss(weights_, pulls_, pool);
    return loss.Compute(users_, pool_items_, items_, softmax_, 1, by_items);
  }

  // Straight from the header, every shopper's sum anew for every item that is left out.
  double SlowLoss() const {
    const Eigen::MatrixXd items = items_.cast<double>();
    double sum = 0;
    double total = 0;
    for (const std::uint32_t user : users_) {
      const auto columns = pulls_.Columns(user);
      const auto sum_without = [&](std::size_t left_out) {
        Eigen::RowVectorXd x = Eigen::RowVectorXd::Zero(items.cols());
        for (std::size_t j = 0; j < columns.size(); ++j) {
          if (j != left_out) x += pulls_.Values(user)[j] * items.row(columns[j]);
        }
        return x;
      };
      const auto cosine = [&](const Eigen::RowVectorXd& x, std::uint32_t item) {
        return x.isZero(0) ? 0 : x.normalized().dot(items.row(item).normalized());
      };
      std::vector<double> liked;
      for (std::size_t i = 0; i < columns.size(); ++i) {
        liked.push_back(cosine(sum_without(i), columns[i]));
      }
      std::vector<double> negatives;
      for (const std::uint32_t item : pool_items_) {
        const bool is_liked = std::find(columns.begin(), columns.end(), item) != columns.end();
        negatives.push_back(is_liked ? kMasked : cosine(sum_without(columns.size()), item));
      }
      const auto values = weights_.Values(user);
      sum += SlowSoftmaxLoss(liked, {values.begin(), values.end()}, negatives, kTemperature,
                             static_cast<double>(weights_.num_cols));
      for (const float value : values) total += static_cast<double>(value);
    }
    return sum / total;
  }

  static constexpr double kTemperature = 0.5;
  const CsrMatrix weights_ = LikedPairWeights(SampleShop(), {});
  CsrMatrix pulls_ = weights_;
  Matrix items_;
  const std::vector<std::uint32_t> users_ = {0, 4, 17, 33, 34};
  std::vector<std::uint32_t> pool_items_;
  const SgdLoss softmax_ = MakeCosineSoftmaxLoss(kTemperature, weights_.num_cols);
};

TEST_F(FoldInLossTest, AgreesWithTheFormula) {
  Matrix by_items;

  const double loss = Loss(nullptr, by_items);

  EXPECT_NEAR(loss, SlowLoss(), 1e-5 * loss);
}

TEST_F(FoldInLossTest, DerivativesAreTheSlopesOfTheFormula) {
  Matrix by_items;
  Loss(nullptr, by_items);

  EXPECT_GT(by_items.norm(), 0);
  EXPECT_LT(nn::GradientError(items_, by_items, [&] { return SlowLoss(); }), 1e-3);
}

TEST_F(FoldInLossTest, ThreadsChangeNoBit) {
  ThreadPool pool(3);
  Matrix alone;
  Matrix together;

  EXPECT_EQ(Loss(nullptr, alone), Loss(&pool, together));
  EXPECT_EQ(alone, together);
}

TEST(HistoryPartsTest, EveryItemIsReadOrAskedFor) {
  const CsrMatrix weights = LikedPairWeights(SampleShop(), {});
  std::vector<std::uint32_t> users;
  for (std::uint32_t user = 0; user < weights.num_rows; ++user) {
    if (weights.Columns(user).size() >= 2) users.push_back(user);
  }
  Random random(3);
  HistoryParts parts;

  for (const double share : {0.0, 0.4, 1.0}) {
    parts.Draw(weights, users, share, random);
    const nn::Bags read = parts.Read();
    float total = 0;
    for (std::size_t user = 0; user < users.size(); ++user) {
      std::vector<std::uint32_t> items(
          read.ids.begin() + static_cast<std::ptrdiff_t>(read.begin[user]),
          read.ids.begin() + static_cast<std::ptrdiff_t>(read.begin[user + 1]));
      float squares = 0;  // Of binary weights 1 / sqrt(n): 1.
      for (std::size_t i = read.begin[user]; i < read.begin[user + 1]; ++i) {
        squares += read.weights[i] > 0 ? 1.0F : 0.0F;
      }
      const auto targets = parts.targets().subspan(parts.TargetBegin(user), parts.NumTargets(user));
      EXPECT_FALSE(items.empty());
      EXPECT_EQ(squares, static_cast<float>(items.size()));
      EXPECT_FALSE(targets.empty());
      for (const std::uint32_t target : targets) EXPECT_THAT(items, Not(Contains(target)));
      items.insert(items.end(), targets.begin(), targets.end());
      std::sort(items.begin(), items.end());
      const auto all = weights.Columns(users[user]);
      EXPECT_EQ(items, std::vector<std::uint32_t>(all.begin(), all.end()));
      if (share == 0) {
        EXPECT_EQ(targets.size(), 1U);
      }
      for (const float weight : parts.TargetWeights(user)) total += weight;
    }
    EXPECT_NEAR(total, parts.SumOfTargetWeights(), 1e-3F * total);
  }
}

TEST(HistoryPartsTest, ReadAllAsksForNothing) {
  const CsrMatrix weights = LikedPairWeights(SampleShop(), {});
  Random random(3);
  HistoryParts parts;
  const std::vector<std::uint32_t> others = {0, 2};
  parts.Draw(weights, others, 0.5, random);
  const std::vector<std::uint32_t> users = {4, 7, 5};

  parts.ReadAll(weights, users);

  EXPECT_TRUE(parts.targets().empty());
  const nn::Bags read = parts.Read();
  ASSERT_EQ(read.begin.size(), users.size() + 1);
  for (std::size_t user = 0; user < users.size(); ++user) {
    const auto all = weights.Columns(users[user]);
    const std::vector<std::uint32_t> items(
        read.ids.begin() + static_cast<std::ptrdiff_t>(read.begin[user]),
        read.ids.begin() + static_cast<std::ptrdiff_t>(read.begin[user + 1]));
    EXPECT_EQ(items, std::vector<std::uint32_t>(all.begin(), all.end()));
    EXPECT_EQ(parts.NumTargets(user), 0U);
    double total = 0;
    double sum = 0;  // Of w / root of the sum of w: that root.
    for (const float value : weights.Values(users[user])) total += static_cast<double>(value);
    for (std::size_t i = read.begin[user]; i < read.begin[user + 1]; ++i) {
      sum += static_cast<double>(read.weights[i]);
    }
    EXPECT_NEAR(sum, std::sqrt(total), 1e-5);
  }
}

// Two camps: shoppers of the first touch eight of the items 0 to 11, the others of 12 to 23. Item
// 24 is touched by nobody.
Dataset Camps() {
  Dataset dataset;
  for (int item = 0; item < 25; ++item) dataset.item_ids.push_back("item" + std::to_string(item));
  dataset.items.resize(25);
  Random random(11);
  for (std::size_t user = 0; user < 60; ++user) {
    std::vector<std::uint32_t> items(12);
    for (std::uint32_t i = 0; i < 12; ++i) items[i] = i + 12 * static_cast<std::uint32_t>(user % 2);
    random.Shuffle(items);
    for (std::size_t i = 0; i < 8; ++i) {
      dataset.interactions.push_back({0, ItemIndex{items[i]}, 1});
    }
    dataset.user_begin.push_back(dataset.interactions.size());
  }
  return dataset;
}

struct CampCase {
  std::string trainer{};
  Settings settings{};  // Few numbers: there are two camps to tell apart.
};

class CampTest : public ::testing::TestWithParam<CampCase> {};

TEST_P(CampTest, ANewShopperIsShownTheRestOfHisCamp) {
  ThreadPool pool(2);
  const auto model =
      FindTrainer(GetParam().trainer)->train(Camps(), GetParam().settings, {.pool = &pool});
  ASSERT_THAT(model, IsOk());
  const std::vector<Interaction> history = {{0, ItemIndex{13}, 1}, {0, ItemIndex{20}, 1}};
  const std::vector<ItemIndex> seen = {ItemIndex{13}, ItemIndex{20}};
  const Query query{.history = history, .excluded = seen};

  const auto lists = model->scorer->Retrieve({&query, 1}, nullptr, 25);

  ASSERT_EQ(lists[0].size(), 22U);
  for (std::size_t i = 0; i < 10; ++i) EXPECT_GE(Row(lists[0][i].item), 12U) << i;
}

INSTANTIATE_TEST_SUITE_P(
    Trainers, CampTest,
    ::testing::Values(CampCase{"gan_cf", {{"hidden", "4"}}},
                      CampCase{"lightgcn", {{"dimensions", "4"}}},
                      CampCase{"lightgcn",
                               {{"dimensions", "4"}, {"loss", "softmax"}, {"temperature", "0.5"}}},
                      CampCase{"neural_cf", {{"factors", "4"}, {"hidden", "4"}}}));

// The adversary's part must reach the generator, and a weight of 0 must leave it out.
TEST(GanCfTrainerTest, TheAdversaryChangesWhatIsLearned) {
  ThreadPool pool(2);
  const auto scores = [&](const std::string& weight, const std::string& judge_hidden) {
    const auto model = FindTrainer("gan_cf")->train(
        Camps(), {{"epochs", "3"}, {"adversary_weight", weight}, {"judge_hidden", judge_hidden}},
        {.pool = &pool});
    EXPECT_THAT(model, IsOk());
    const std::vector<Interaction> history = {{0, ItemIndex{13}, 1}};
    const Query query{.history = history};
    return model->scorer->Retrieve({&query, 1}, nullptr, 25);
  };

  EXPECT_NE(scores("0", "8"), scores("1", "8"));
  EXPECT_NE(scores("1", "8"), scores("1", "4"));
  EXPECT_EQ(scores("0", "8"), scores("0", "4"));
}

}  // namespace
}  // namespace vitrine
