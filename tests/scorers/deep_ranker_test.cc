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
  for (std::uint64_t seed = 10; seed < 30; seed += 10) {
    table.networks.emplace_back(table.shape, 0, random);
    std::uint64_t next = seed;
    for (nn::Dense* last : {&table.networks.back().wide, &table.networks.back().crossed,
                            &table.networks.back().deep}) {
      last->weight.value = RandomMatrix(1, last->weight.value.cols(), next++) * 0.3F;
    }
  }
  table.blend_slope = 1.5;
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
  std::vector<ItemIndex> items = {ItemIndex{4}, ItemIndex{1}, ItemIndex{99}};
  std::vector<float> blended = {0.5F, 0.25F, -0.1F};
  std::vector<std::string> scorers = {"content", "ials"};
  Matrix scores = Matrix(2, 3);

  Asked() { scores << 0.5F, kUnscored, 0.25F, 4, 8, 2; }
  RankerCandidates view() const { return {query, items, blended, scorers, scores}; }
};

TEST(RankerFeaturesTest, AreScoresByTheBestRanksAndFacts) {
  const DeepRankerTable table = SmallTable();
  const Matrix& facts = table.item_facts;
  const Asked asked;

  const Matrix x = RankerFeatures(asked.view(), table.scorers, facts, table.unknown_facts);

  ASSERT_EQ(x.cols(), 19);
  EXPECT_EQ(x(0, 0), 0);  // The blend: its best,
  EXPECT_NEAR(x(1, 0), std::log(0.5), 1e-6);
  EXPECT_EQ(x(2, 0), kLeastLogBlend);  // and one that it says nothing good of,
  EXPECT_NEAR(x(2, 1), 0.5, 1e-6);     // the third.
  EXPECT_NEAR(x(0, 2), 0.5, 1e-6);     // ials, by its best, which is 8,
  EXPECT_NEAR(x(0, 3), 1 / std::log2(3), 1e-6);
  EXPECT_NEAR(x(1, 3), 1, 1e-6);
  EXPECT_NEAR(x(0, 4), 1, 1e-6);  // content
  EXPECT_EQ(x(1, 4), 0);          // has nothing to say of this.
  EXPECT_EQ(x(1, 5), 0);
  for (Eigen::Index f = 0; f < 6; ++f) {
    const float mean = (facts(4, f) + facts(1, f) + table.unknown_facts(0, f)) / 3;
    EXPECT_NEAR(x(0, 6 + f), facts(4, f) - mean, 1e-5);
    EXPECT_NEAR(x(2, 6 + f), table.unknown_facts(0, f) - mean, 1e-5);
  }
  EXPECT_EQ(x(0, 13), 0);  // Never touched,
  EXPECT_EQ(x(0, 14), 0);
  EXPECT_NEAR(x(1, 13), std::log(3), 1e-6);            // twice,
  EXPECT_NEAR(x(1, 14), std::exp2(-10.0 / 30), 1e-6);  // the last time 10 days ago.
  EXPECT_NEAR(x(0, 15), std::log(3), 1e-6);            // Two liked items,
  EXPECT_NEAR(x(0, 16), std::log(1.5), 1e-6);          // three times,
  EXPECT_NEAR(x(0, 17), std::log(11), 1e-6);           // ten days ago.
  EXPECT_NEAR(x(0, 18), (facts(1, 0) + facts(2, 0)) / 2, 1e-6);
}

TEST(RankerFeaturesTest, APriceIsHeldAgainstWhatTheShopperPays) {
  Matrix facts = Matrix::Zero(kItems, kNumItemFacts);
  facts.col(kPriceFact) << 0, 2, 0, 0, 5, 0;
  const Asked asked;  // Likes items 1 and 2, of which the second has no price.

  const Matrix x = RankerFeatures(asked.view(), {}, facts, UnknownItemFacts());

  EXPECT_NEAR(x(0, 8), 3, 1e-6);
  EXPECT_NEAR(x(1, 8), 0, 1e-6);
  EXPECT_EQ(x(2, 8), 0);
}

TEST(ItemFactsTest, TellWhoTouchedAnItemAndWhen) {
  const auto touch = [](std::uint32_t item, int day) {
    return Interaction{.time_us = day * kMicrosPerDay, .item = ItemIndex{item}, .weight = 1};
  };
  Dataset shop;
  shop.item_ids = {"a", "b"};
  shop.items.resize(2);
  Item priced;
  priced.price = Money{3'000'000, "GBP"};
  shop.items[1] = std::make_shared<const Item>(priced);
  shop.interactions = {touch(0, 10), touch(0, 20), touch(0, 13)};
  shop.user_begin = {0, 2, 3};
  shop.now_us = 100 * kMicrosPerDay;  // The latest interaction, of day 20, is what counts.

  const Matrix facts = ItemFacts(shop);

  EXPECT_NEAR(facts(0, 0), std::log(3), 1e-6);
  EXPECT_NEAR(facts(0, 1), std::log((1 + 1 + 0.5) / (5 + 2)), 1e-6);
  EXPECT_NEAR(facts(0, 2), std::log((2 + std::exp2(-7.0 / 30)) / 7), 1e-6);
  EXPECT_NEAR(facts(0, 3), std::log(11), 1e-6);
  EXPECT_NEAR(facts(0, 4), 0, 1e-6);
  EXPECT_EQ(facts.row(1).head(5), UnknownItemFacts().row(0).head(5));
  EXPECT_NEAR(facts(1, 5), std::log(4), 1e-6);
}

double At(const Matrix& m, std::size_t r, std::size_t c) {
  return static_cast<double>(m(static_cast<Eigen::Index>(r), static_cast<Eigen::Index>(c)));
}

// f(x), number by number.
double SlowOutput(const DeepRankerNetwork& net, const std::vector<double>& x0) {
  const std::size_t n = x0.size();
  std::vector<double> x = x0;
  for (const nn::Cross& cross : net.crosses) {
    std::vector<double> next(n);
    for (std::size_t i = 0; i < n; ++i) {
      double sum = At(cross.dense.bias.value, 0, i);
      for (std::size_t j = 0; j < n; ++j) sum += At(cross.dense.weight.value, i, j) * x[j];
      next[i] = x0[i] * sum + x[i];
    }
    x = next;
  }
  double z = At(net.wide.bias.value, 0, 0) + At(net.crossed.bias.value, 0, 0) +
             At(net.deep.bias.value, 0, 0);
  for (std::size_t j = 0; j < n; ++j) {
    z += At(net.wide.weight.value, 0, j) * x0[j] + At(net.crossed.weight.value, 0, j) * x[j];
  }
  std::vector<double> first(6);
  for (std::size_t i = 0; i < 6; ++i) {
    double sum = At(net.first.bias.value, 0, i);
    for (std::size_t j = 0; j < n; ++j) sum += At(net.first.weight.value, i, j) * x0[j];
    first[i] = std::max(sum, 0.0);
  }
  for (std::size_t i = 0; i < 3; ++i) {
    double sum = At(net.second.bias.value, 0, i);
    for (std::size_t j = 0; j < 6; ++j) sum += At(net.second.weight.value, i, j) * first[j];
    z += At(net.deep.weight.value, 0, i) * std::max(sum, 0.0);
  }
  return z;
}

double SlowProbability(const DeepRankerTable& table, const Matrix& features, std::size_t row) {
  std::vector<double> x;
  for (std::size_t j = 0; j < table.shape.num_features; ++j) {
    const double scaled = (At(features, row, j) - At(table.means, 0, j)) * At(table.scales, 0, j);
    x.push_back(std::clamp(scaled, -5.0, 5.0));
  }
  double z = table.blend_slope * At(features, row, 0);
  for (const DeepRankerNetwork& each : table.networks) {
    z += SlowOutput(each, x) / static_cast<double>(table.networks.size());
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
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(probabilities[i], SlowProbability(table, features, i), 1e-5);
  }
}

TEST(DeepRankerTest, WithoutNetworksTheOrderIsTheBlends) {
  DeepRankerTable table = SmallTable();
  table.networks.clear();
  const auto ranker = *DeepRanker::Create(table);
  const Asked asked;
  std::vector<float> probabilities(3);

  ASSERT_TRUE(ranker->Rank(asked.view(), {}, probabilities));

  EXPECT_TRUE(ranker->listens_to().empty());
  EXPECT_GT(probabilities[0], probabilities[1]);
  EXPECT_GT(probabilities[1], probabilities[2]);
}

TEST(DeepRankerTest, ANewNetworkSaysNothing) {
  Random random(4);
  const DeepRankerNetwork network({.num_features = 5}, 0, random);
  DeepRankerNetwork::Cache cache;

  EXPECT_EQ(network.Forward(RandomMatrix(4, 5, 9), cache, {}), Matrix::Zero(4, 1));
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

TEST(DeepRankerTest, BaseEffectsAndResidualSumToTheLogOdds) {
  const auto ranker = *DeepRanker::Create(SmallTable());
  const Asked asked;
  std::vector<float> probabilities(3);
  ranker->Rank(asked.view(), {}, probabilities);
  const std::vector<std::size_t> rows = {2, 0, 1};

  const ExplainedRanking explained = ranker->ExplainRanking(asked.view(), rows);

  ASSERT_EQ(explained.features.size(), ranker->feature_names().size());
  ASSERT_EQ(explained.effects.cols(), static_cast<Eigen::Index>(explained.features.size()));
  for (std::size_t i = 0; i < 3; ++i) {
    const double p = static_cast<double>(probabilities[rows[i]]);
    const double effects = explained.effects.row(static_cast<Eigen::Index>(i)).cast<double>().sum();
    EXPECT_NEAR(explained.base + effects + explained.residuals[i], std::log(p / (1 - p)), 1e-5);
    EXPECT_LT(std::abs(explained.residuals[i]), 1e-2);
  }
}

TEST(DeepRankerTest, AnExplanationOfSomeCandidatesIsThatOfAll) {
  const auto ranker = *DeepRanker::Create(SmallTable());
  const Asked asked;
  const std::vector<std::size_t> all = {0, 1, 2};

  const ExplainedRanking of_all = ranker->ExplainRanking(asked.view(), all);
  const ExplainedRanking of_one = ranker->ExplainRanking(asked.view(), std::span(all).last(1));

  ASSERT_EQ(of_one.effects.rows(), 1);
  EXPECT_TRUE(of_one.effects.row(0).isApprox(of_all.effects.row(2), 1e-4F));
  EXPECT_EQ(of_one.base, of_all.base);
}

TEST(DeepRankerTest, AFeatureIsOfTheScorerThatItReads) {
  const auto ranker = *DeepRanker::Create(SmallTable());
  const Asked asked;
  const std::vector<std::size_t> rows = {0};

  const ExplainedRanking explained = ranker->ExplainRanking(asked.view(), rows);

  for (std::size_t column = 0; column < explained.features.size(); ++column) {
    const std::string& feature = explained.features[column];
    const bool is_of_ials = feature == "score of ials" || feature == "rank in ials";
    const bool is_of_content = feature == "score of content" || feature == "rank in content";
    EXPECT_EQ(explained.of_scorers[column], is_of_ials      ? "ials"
                                            : is_of_content ? "content"
                                                            : "")
        << feature;
  }
}

TEST(DeepRankerTest, WithoutNetworksThereIsNothingToExplain) {
  DeepRankerTable table = SmallTable();
  table.networks.clear();
  const Asked asked;
  const std::vector<std::size_t> rows = {0};

  const ExplainedRanking explained =
      (*DeepRanker::Create(std::move(table)))->ExplainRanking(asked.view(), rows);

  EXPECT_TRUE(explained.features.empty());
}

TEST(DeepRankerTest, GradientsAreTheSlopes) {
  Random random(8);
  DeepRankerNetwork network({.num_features = 5, .num_crosses = 2, .hidden = 6}, 0, random);
  nn::ParameterList list;
  network.AddParameters(list);
  // Away from the kinks of the rectifiers, where differences say nothing.
  for (nn::Dense* layer : {&network.first, &network.second}) {
    for (Eigen::Index j = 0; j < layer->bias.value.cols(); ++j) {
      const float far = layer == &network.first ? 6.0F : 25.0F;
      layer->bias.value(0, j) = j % 3 == 1 ? -far : far;
    }
  }
  std::uint64_t seed = 20;
  for (nn::Dense* last : {&network.wide, &network.crossed, &network.deep}) {
    last->weight.value = RandomMatrix(1, last->weight.value.cols(), seed++);
  }
  Matrix input = RandomMatrix(4, 5, 9);
  const Matrix by_output = RandomMatrix(4, 1, 10);
  DeepRankerNetwork::Cache cache;
  const auto loss = [&] {
    return nn::testing::Weighed(network.Forward(input, cache, {}), by_output);
  };

  loss();
  for (const nn::Dense::Cache* layer : {&cache.first, &cache.second}) {
    ASSERT_GT(layer->output.cwiseAbs().minCoeff(), 1);
  }
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
  DeepRankerTable mixed = SmallTable();
  mixed.networks.back().first.weight.value.resize(2, 2);

  for (DeepRankerTable* table : {&narrow, &broken, &backwards, &mixed}) {
    EXPECT_THAT(DeepRanker::Create(std::move(*table)),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

}  // namespace
}  // namespace vitrine
