#include "vitrine/scorers/dnn/two_tower.h"

#include <gmock/gmock.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "nn/checks.h"
#include "testing/status_matchers.h"
#include "vitrine/nn/gradient_check.h"

namespace vitrine {
namespace {

using nn::testing::kGradientTolerance;
using nn::testing::RandomMatrix;
using testing::StatusIs;

constexpr std::size_t kItems = 7;

TwoTowerShape SmallShape() {
  return {.dimensions = 4, .hidden = 6, .item_buckets = 9, .user_buckets = 8};
}

// Any weights, biases too.
void Shake(const nn::ParameterList& list, Random& random) {
  for (const nn::NamedParameter& each : list) {
    for (float& number : each.parameter->value.reshaped()) {
      number += static_cast<float>(0.3 * random.Normal());
    }
  }
}

TwoTowerTable SmallTable() {
  Random random(5);
  TwoTowerTable table{.shape = SmallShape()};
  table.history.half_life_days = 10;
  table.history.touch.weighting = Weighting::kBinary;
  table.targets = RandomMatrix(kItems, 4, 1);
  table.inputs = RandomMatrix(kItems, 4, 2);
  table.targets.row(6).setZero();
  table.inputs.row(6).setZero();
  table.is_learned.assign(kItems, 1);
  table.items = ItemTower(table.shape, 0, 0, random);
  table.users = UserTower(table.shape, 0, random);
  nn::ParameterList list;
  table.items.AddServedParameters("items", list);
  table.users.AddParameters("users", list);
  Shake(list, random);
  return table;
}

// score(i), number by number as the headers have it.
double SlowScore(const TwoTowerTable& table, const std::vector<double>& z, Eigen::Index item) {
  const auto at = [](const Matrix& matrix, std::size_t row, std::size_t column) {
    return static_cast<double>(
        matrix(static_cast<Eigen::Index>(row), static_cast<Eigen::Index>(column)));
  };
  std::vector<double> hidden(table.shape.hidden);
  for (std::size_t j = 0; j < hidden.size(); ++j) {
    double sum = at(table.users.first.bias.value, 0, j);
    for (std::size_t k = 0; k < z.size(); ++k) {
      sum += at(table.users.first.weight.value, j, k) * z[k];
    }
    hidden[j] = std::max(sum, 0.0);
  }
  double score = 0;
  for (std::size_t k = 0; k < table.shape.dimensions; ++k) {
    double u = at(table.users.linear.bias.value, 0, k) + at(table.users.second.bias.value, 0, k);
    for (std::size_t j = 0; j < z.size(); ++j) {
      u += at(table.users.linear.weight.value, k, j) * z[j];
    }
    for (std::size_t j = 0; j < hidden.size(); ++j) {
      u += at(table.users.second.weight.value, k, j) * hidden[j];
    }
    score += u * at(table.targets, static_cast<std::size_t>(item), k);
  }
  return score;
}

TEST(TowerTouchesTest, WeighsAllAlikeAndTheRecentByAge) {
  const ItemBitmap known(kItems, true);
  const std::vector<Interaction> history = {{20 * kMicrosPerDay, ItemIndex{3}, 5},
                                            {10 * kMicrosPerDay, ItemIndex{1}, 1},
                                            {10 * kMicrosPerDay, ItemIndex{2}, -1},
                                            {5 * kMicrosPerDay, ItemIndex{3}, 1}};
  TowerHistoryOptions options{.half_life_days = 10};
  options.touch.weighting = Weighting::kBinary;

  const auto touches = TowerTouches({.history = history}, options, known);

  ASSERT_EQ(touches.size(), 2U);  // What is disliked is left out.
  EXPECT_EQ(touches[0].item, ItemIndex{1});
  EXPECT_NEAR(touches[0].in_all, 1 / std::sqrt(2), 1e-6);
  EXPECT_NEAR(touches[0].in_recent, 0.5 / 1.5, 1e-6);
  EXPECT_NEAR(touches[1].in_recent, 1 / 1.5, 1e-6);
}

TEST(TwoTowerTest, ScoresAsTheEquationsSay) {
  const TwoTowerTable table = SmallTable();
  const auto scorer = *TwoTower::Create(table);
  const std::vector<Interaction> history = {{20 * kMicrosPerDay, ItemIndex{3}, 5},
                                            {10 * kMicrosPerDay, ItemIndex{1}, 1}};
  const std::map<std::string, AttributeValue> profile = {{"country", "UK"}, {"age", 30.0}};
  const Query query{.history = history, .profile = &profile};
  const auto buckets = ProfileBuckets(profile, 8);
  std::vector<double> z(13, 0);
  for (Eigen::Index k = 0; k < 4; ++k) {
    z[static_cast<std::size_t>(k)] = (table.inputs(1, k) + table.inputs(3, k)) / std::sqrt(2.0);
    z[static_cast<std::size_t>(4 + k)] = (0.5 * table.inputs(1, k) + table.inputs(3, k)) / 1.5;
    for (const std::uint32_t bucket : buckets) {
      z[static_cast<std::size_t>(9 + k)] += table.users.profile.weight.value(bucket, k);
    }
  }
  z[8] = std::log(3.0) / 4;
  std::vector<ItemIndex> items;
  for (std::uint32_t i = 0; i < kItems; ++i) items.push_back(ItemIndex{i});
  Matrix scores(1, kItems);

  scorer->Score({&query, 1}, items, scores);

  for (Eigen::Index i = 0; i < 6; ++i) {
    EXPECT_NEAR(scores(0, i), SlowScore(table, z, i), 1e-5) << "item " << i;
  }
  EXPECT_EQ(scores(0, 6), kUnscored);
}

TEST(TwoTowerTest, AProfileAloneIsEnoughAndAddsUp) {
  const auto scorer = *TwoTower::Create(SmallTable());
  const std::map<std::string, AttributeValue> profile = {{"country", "UK"}};
  const Query nobody;
  const Query somebody{.profile = &profile};
  Matrix scores(1, 1);
  const ItemIndex item{2};

  scorer->Score({&nobody, 1}, {&item, 1}, scores);
  EXPECT_EQ(scores(0, 0), kUnscored);
  scorer->Score({&somebody, 1}, {&item, 1}, scores);
  const auto parts = scorer->Explain(somebody, item);

  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[1].feature, "profile");
  EXPECT_NEAR(parts[0].value + parts[1].value, scores(0, 0), 1e-5);
}

TEST(TwoTowerTest, ItemsOfLikeFeaturesGetLikeVectorsAndNoFeaturesNone) {
  const TwoTowerTable table = SmallTable();
  const std::vector<std::size_t> begin = {0, 2, 4, 4};
  const std::vector<std::uint32_t> ids = {1, 5, 1, 5};
  const std::vector<float> weights = {0.7F, 0.7F, 0.7F, 0.7F};

  const TowerVectors vectors = EncodeByFeatures(table.items, {begin, ids, weights});

  EXPECT_TRUE(vectors.targets.row(0).any());
  EXPECT_EQ(vectors.targets.row(0), vectors.targets.row(1));
  EXPECT_EQ(vectors.inputs.row(0), vectors.inputs.row(1));
  EXPECT_FALSE(vectors.targets.row(2).any());
}

TEST(TwoTowerTest, GradientsOfBothTowersAreTheSlopes) {
  Random random(11);
  ItemTower items(SmallShape(), 3, 0, random);
  UserTower users(SmallShape(), 0, random);
  nn::ParameterList list;
  items.ids.AddParameters("ids", list);
  items.AddServedParameters("items", list);
  users.AddParameters("users", list);
  Shake(list, random);
  // Away from the kinks of the rectifiers, where differences say nothing.
  for (nn::Dense* layer : {&items.first, &users.first}) {
    for (Eigen::Index j = 0; j < 6; ++j) layer->bias.value(0, j) += j % 3 == 0 ? -5.0F : 5.0F;
  }
  const std::vector<std::uint32_t> ids = {2, nn::kNoId, 0};
  const std::vector<std::size_t> begin = {0, 2, 3, 5};
  const std::vector<std::uint32_t> buckets = {1, 4, 8, 4, 0};
  const nn::Bags features{begin, buckets, {}};
  const Matrix inputs = RandomMatrix(2, 13, 3);
  const Matrix by_target = RandomMatrix(3, 4, 4);
  const Matrix by_history = RandomMatrix(3, 4, 6);
  const Matrix by_user = RandomMatrix(2, 4, 7);
  ItemTower::Cache item_cache;
  UserTower::Cache user_cache;
  const auto loss = [&] {
    items.Forward(ids, features, item_cache, {});
    users.Forward(inputs, user_cache, {});
    return item_cache.target.output.cast<double>().cwiseProduct(by_target.cast<double>()).sum() +
           item_cache.history.output.cast<double>().cwiseProduct(by_history.cast<double>()).sum() +
           user_cache.output.cast<double>().cwiseProduct(by_user.cast<double>()).sum();
  };

  loss();
  items.Backward(ids, features, by_target, by_history, item_cache, {});
  const Matrix by_inputs = users.Backward(inputs, by_user, user_cache, {});

  for (const nn::NamedParameter& each : list) {
    if (each.name == "users.profile.weight") continue;  // Part of the inputs here.
    EXPECT_LT(nn::GradientError(each.parameter->value, each.parameter->gradient, loss),
              kGradientTolerance)
        << each.name;
  }
  Matrix moved = inputs;
  EXPECT_LT(
      nn::GradientError(
          moved, by_inputs,
          [&] {
            users.Forward(moved, user_cache, {});
            return user_cache.output.cast<double>().cwiseProduct(by_user.cast<double>()).sum();
          }),
      kGradientTolerance);
}

TEST(TwoTowerTest, RefusesSizesThatDoNotMatchAndNumbersThatAreNone) {
  TwoTowerTable narrow = SmallTable();
  narrow.targets = RandomMatrix(kItems, 3, 1);
  TwoTowerTable broken = SmallTable();
  broken.users.first.weight.value(0, 0) = NAN;
  TwoTowerTable empty = SmallTable();
  empty.shape.dimensions = 0;

  for (TwoTowerTable* table : {&narrow, &broken, &empty}) {
    EXPECT_THAT(TwoTower::Create(std::move(*table)), StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

}  // namespace
}  // namespace vitrine
