#include "vitrine/scorers/dnn/deep_ranker.h"

#include <gmock/gmock.h>

#include <cmath>
#include <string>
#include <vector>

#include "nn/checks.h"
#include "testing/status_matchers.h"
#include "vitrine/nn/gradient_check.h"

namespace vitrine {
namespace {

using nn::testing::RandomMatrix;
using testing::IsOk;
using testing::StatusIs;

constexpr std::size_t kItems = 6;

// Listens to two scorers, with any weights.
DeepRankerTable SmallTable() {
  Random random(3);
  DeepRankerTable table{.scorers = {"ials", "content"}};
  const std::size_t features = RankerFeatureNames(table.scorers).size();
  table.shape = {.num_features = features, .num_crosses = 2, .hidden = 6};
  table.item_facts = RandomMatrix(kItems, kNumItemFacts, 1);
  table.unknown_facts = RandomMatrix(1, kNumItemFacts, 2);
  table.means = 0.2F * RandomMatrix(1, static_cast<Eigen::Index>(features), 3);
  table.scales = Matrix::Constant(1, static_cast<Eigen::Index>(features), 0.7F);
  table.network = DeepRankerNetwork(table.shape, 0, random);
  table.slope = 0.8;
  table.shift = -1;
  return table;
}

struct Asked {
  std::vector<Interaction> history = {{20 * kMicrosPerDay, ItemIndex{1}, 1},
                                      {10 * kMicrosPerDay, ItemIndex{1}, 1},
                                      {5 * kMicrosPerDay, ItemIndex{2}, 1},
                                      {4 * kMicrosPerDay, ItemIndex{3}, -1}};
  Query query{.history = history, .now_us = 30 * kMicrosPerDay};
  std::vector<ItemIndex> items = {ItemIndex{4}, ItemIndex{0}, ItemIndex{99}};
  std::vector<std::string> scorers = {"content", "ials"};
  Matrix scores = Matrix(2, 3);

  Asked() { scores << 0.5F, kUnscored, 0.25F, 4, 8, 2; }
  RankerCandidates view() const { return {query, items, scorers, scores}; }
};

TEST(RankerFeaturesTest, AreScoresByTheBestRanksAndFacts) {
  const DeepRankerTable table = SmallTable();
  const Asked asked;

  const Matrix x =
      RankerFeatures(asked.view(), table.scorers, table.item_facts, table.unknown_facts);

  ASSERT_EQ(x.cols(), 14);
  EXPECT_NEAR(x(0, 0), 0.5, 1e-6);               // ials, by its best, which is 8
  EXPECT_NEAR(x(0, 1), 1 / std::log2(3), 1e-6);  // and the second
  EXPECT_NEAR(x(1, 1), 1, 1e-6);
  EXPECT_NEAR(x(0, 2), 1, 1e-6);  // content
  EXPECT_EQ(x(1, 2), 0);          // has nothing to say of this.
  EXPECT_EQ(x(1, 3), 0);
  EXPECT_EQ(x.row(0).segment(4, 6), table.item_facts.row(4));
  EXPECT_EQ(x.row(2).segment(4, 6), table.unknown_facts.row(0));
  EXPECT_NEAR(x(0, 10), std::log(3), 1e-6);    // Two liked items,
  EXPECT_NEAR(x(0, 11), std::log(1.5), 1e-6);  // three times,
  EXPECT_NEAR(x(0, 12), std::log(11), 1e-6);   // ten days ago.
  EXPECT_NEAR(x(0, 13), (table.item_facts(1, 0) + table.item_facts(2, 0)) / 2, 1e-6);
}

// sigmoid(slope z + shift), number by number.
double SlowProbability(const DeepRankerTable& table, const Matrix& features, Eigen::Index row) {
  const std::size_t n = table.shape.num_features;
  const auto at = [](const Matrix& m, std::size_t r, std::size_t c) {
    return static_cast<double>(m(static_cast<Eigen::Index>(r), static_cast<Eigen::Index>(c)));
  };
  std::vector<double> x0;
  for (std::size_t j = 0; j < n; ++j) {
    x0.push_back((at(features, static_cast<std::size_t>(row), j) - at(table.means, 0, j)) *
                 at(table.scales, 0, j));
  }
  const DeepRankerNetwork& net = table.network;
  std::vector<double> x = x0;
  for (const nn::Cross& cross : net.crosses) {
    std::vector<double> next(n);
    for (std::size_t i = 0; i < n; ++i) {
      double sum = at(cross.dense.bias.value, 0, i);
      for (std::size_t j = 0; j < n; ++j) sum += at(cross.dense.weight.value, i, j) * x[j];
      next[i] = x0[i] * sum + x[i];
    }
    x = next;
  }
  double z = at(net.wide.bias.value, 0, 0) + at(net.crossed.bias.value, 0, 0) +
             at(net.deep.bias.value, 0, 0);
  for (std::size_t j = 0; j < n; ++j) {
    z += at(net.wide.weight.value, 0, j) * x0[j] + at(net.crossed.weight.value, 0, j) * x[j];
  }
  std::vector<double> first(6);
  for (std::size_t i = 0; i < 6; ++i) {
    double sum = at(net.first.bias.value, 0, i);
    for (std::size_t j = 0; j < n; ++j) sum += at(net.first.weight.value, i, j) * x0[j];
    first[i] = std::max(sum, 0.0);
  }
  for (std::size_t i = 0; i < 3; ++i) {
    double sum = at(net.second.bias.value, 0, i);
    for (std::size_t j = 0; j < 6; ++j) sum += at(net.second.weight.value, i, j) * first[j];
    z += at(net.deep.weight.value, 0, i) * std::max(sum, 0.0);
  }
  return 1 / (1 + std::exp(-(table.slope * z + table.shift)));
}

TEST(DeepRankerTest, SaysTheProbabilityOfTheEquations) {
  const DeepRankerTable table = SmallTable();
  const auto ranker = *DeepRanker::Create(table);
  const Asked asked;
  std::vector<float> probabilities(3);

  ASSERT_TRUE(ranker->Rank(asked.view(), {}, probabilities));

  const Matrix features =
      RankerFeatures(asked.view(), table.scorers, table.item_facts, table.unknown_facts);
  for (Eigen::Index i = 0; i < 3; ++i) {
    EXPECT_NEAR(probabilities[static_cast<std::size_t>(i)], SlowProbability(table, features, i),
                1e-5);
  }
}

TEST(DeepRankerTest, GivesUpWhenItIsLate) {
  const auto ranker = *DeepRanker::Create(SmallTable());
  const Asked asked;
  std::vector<float> probabilities(3);
  int num_looks = 0;

  EXPECT_FALSE(ranker->Rank(
      asked.view(), [] { return true; }, probabilities));
  EXPECT_FALSE(ranker->Rank(
      asked.view(), [&] { return ++num_looks == 2; }, probabilities));
  EXPECT_TRUE(ranker->Rank(
      asked.view(), [] { return false; }, probabilities));
}

TEST(DeepRankerTest, EffectsOfFeaturesSumToTheLogOdds) {
  const auto ranker = *DeepRanker::Create(SmallTable());
  const Asked asked;
  std::vector<float> probabilities(3);
  ranker->Rank(asked.view(), {}, probabilities);

  const DeepRanker::Explained explained = ranker->ExplainRanking(asked.view());

  ASSERT_EQ(explained.effects.cols(), static_cast<Eigen::Index>(ranker->feature_names().size()));
  for (Eigen::Index i = 0; i < 3; ++i) {
    const double p = probabilities[static_cast<std::size_t>(i)];
    EXPECT_NEAR(explained.base + explained.effects.row(i).cast<double>().sum(),
                std::log(p / (1 - p)), 1e-2);
  }
}

TEST(DeepRankerTest, GradientsAreTheSlopes) {
  Random random(8);
  DeepRankerNetwork network({.num_features = 5, .num_crosses = 2, .hidden = 6}, 0, random);
  nn::ParameterList list;
  network.AddParameters(list);
  // Away from the kinks of the rectifiers, where differences say nothing.
  for (nn::Dense* layer : {&network.first, &network.second}) {
    for (Eigen::Index j = 0; j < layer->bias.value.cols(); ++j) {
      const float far = layer == &network.first ? 9.0F : 90.0F;
      layer->bias.value(0, j) = j % 3 == 1 ? -far : far;
    }
  }
  Matrix input = RandomMatrix(4, 5, 9);
  const Matrix by_output = RandomMatrix(4, 1, 10);
  DeepRankerNetwork::Cache cache;
  const auto loss = [&] {
    return nn::testing::Weighed(network.Forward(input, cache, {}), by_output);
  };

  loss();
  network.Backward(input, by_output, cache, {});
  const Matrix by_input = cache.by_input;

  nn::testing::CheckGradients(list, loss);
  EXPECT_LT(nn::GradientError(input, by_input, loss), nn::testing::kGradientTolerance);
}

std::string Saved(const DeepRanker& ranker) {
  ByteWriter writer;
  Save(ranker, writer);
  return writer.Take();
}

TEST(DeepRankerTest, RanksTheSameUnderAnotherDictionary) {
  const auto ranker = *DeepRanker::Create(SmallTable());
  Asked asked;
  std::vector<float> before(3);
  std::vector<float> after(3);
  ranker->Rank(asked.view(), {}, before);
  std::vector<ItemIndex> moved;
  for (std::uint32_t i = 0; i < kItems; ++i) moved.push_back(ItemIndex{7 - i});
  const std::string bytes = Saved(*ranker);
  ByteReader reader(bytes);

  const auto loaded = LoadDeepRanker(reader, moved, 9);

  ASSERT_THAT(loaded, IsOk());
  ASSERT_THAT(reader.Finish("ranker"), IsOk());
  for (Interaction& each : asked.history) each.item = moved[Row(each.item)];
  for (ItemIndex& each : asked.items) {
    if (Row(each) < kItems) each = moved[Row(each)];
  }
  (*loaded)->Rank(asked.view(), {}, after);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(after[i], before[i], 1e-6);
}

TEST(DeepRankerTest, DamagedBytesAreRefusedOrHarmless) {
  const std::string bytes = Saved(**DeepRanker::Create(SmallTable()));
  std::vector<ItemIndex> same;
  for (std::uint32_t i = 0; i < kItems; ++i) same.push_back(ItemIndex{i});
  const Asked asked;
  std::vector<float> probabilities(3);

  for (std::size_t size = 0; size < bytes.size(); size += 1 + size / 40) {
    ByteReader reader(std::string_view(bytes).substr(0, size));
    EXPECT_THAT(LoadDeepRanker(reader, same, kItems), StatusIs(absl::StatusCode::kDataLoss));
  }
  for (std::size_t position = 0; position < bytes.size(); position += 1 + position / 40) {
    std::string damaged = bytes;
    damaged[position] = static_cast<char>(damaged[position] ^ 0x55);
    ByteReader reader(damaged);
    const auto loaded = LoadDeepRanker(reader, same, kItems);
    if (!loaded.ok()) continue;
    (*loaded)->Rank(asked.view(), {}, probabilities);
    for (const float each : probabilities) EXPECT_TRUE(each >= 0 && each <= 1);
  }
}

TEST(DeepRankerTest, RefusesSizesThatDoNotMatchAndNumbersThatAreNone) {
  DeepRankerTable narrow = SmallTable();
  narrow.means = Matrix::Zero(1, 3);
  DeepRankerTable broken = SmallTable();
  broken.item_facts(0, 0) = NAN;
  DeepRankerTable backwards = SmallTable();
  backwards.slope = -1;

  for (DeepRankerTable* table : {&narrow, &broken, &backwards}) {
    EXPECT_THAT(DeepRanker::Create(std::move(*table)),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

}  // namespace
}  // namespace vitrine
