#include "vitrine/scorers/dnn/deep_ranker.h"

#include <gmock/gmock.h>

#include <cmath>
#include <string>
#include <vector>

#include "nn/checks.h"
#include "scorers/small_ranker.h"
#include "testing/status_matchers.h"
#include "vitrine/nn/gradient_check.h"

namespace vitrine {
namespace {

using nn::testing::RandomMatrix;
using testing::AskedOfRanker;
using testing::IsOk;
using testing::kRankedItems;
using testing::SmallRankerTable;
using testing::StatusIs;

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
  const DeepRankerTable table = SmallRankerTable();
  const auto ranker = *DeepRanker::Create(table);
  const AskedOfRanker asked;
  std::vector<float> probabilities(3);

  ASSERT_TRUE(ranker->Rank(asked.view(), {}, probabilities));

  const Matrix features = RankerFeatures(asked.view(), table.scorers, table.item_facts,
                                         table.unknown_facts, table.item_behaviour);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(probabilities[i], SlowProbability(table, features, i), 1e-5);
  }
}

TEST(DeepRankerTest, WithoutNetworksTheOrderIsTheBlends) {
  DeepRankerTable table = SmallRankerTable();
  table.networks.clear();
  const auto ranker = *DeepRanker::Create(table);
  const AskedOfRanker asked;
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
  const auto ranker = *DeepRanker::Create(SmallRankerTable());
  const AskedOfRanker asked;
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
  const auto ranker = *DeepRanker::Create(SmallRankerTable());
  const AskedOfRanker asked;
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
  const auto ranker = *DeepRanker::Create(SmallRankerTable());
  const AskedOfRanker asked;
  const std::vector<std::size_t> all = {0, 1, 2};

  const ExplainedRanking of_all = ranker->ExplainRanking(asked.view(), all);
  const ExplainedRanking of_one = ranker->ExplainRanking(asked.view(), std::span(all).last(1));

  ASSERT_EQ(of_one.effects.rows(), 1);
  EXPECT_TRUE(of_one.effects.row(0).isApprox(of_all.effects.row(2), 1e-4F));
  EXPECT_EQ(of_one.base, of_all.base);
}

TEST(DeepRankerTest, AFeatureIsOfTheScorerThatItReads) {
  const auto ranker = *DeepRanker::Create(SmallRankerTable());
  const AskedOfRanker asked;
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
  DeepRankerTable table = SmallRankerTable();
  table.networks.clear();
  const AskedOfRanker asked;
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
  const auto ranker = *DeepRanker::Create(SmallRankerTable());
  AskedOfRanker asked;
  std::vector<float> before(3);
  std::vector<float> after(3);
  ranker->Rank(asked.view(), {}, before);
  std::vector<ItemIndex> moved;
  for (std::uint32_t i = 0; i < kRankedItems; ++i) moved.push_back(ItemIndex{7 - i});
  const std::string bytes = Saved(*ranker);
  ByteReader reader(bytes);

  const auto loaded = LoadDeepRanker(reader, moved, 9);

  ASSERT_THAT(loaded, IsOk());
  ASSERT_THAT(reader.Finish("ranker"), IsOk());
  for (Interaction& each : asked.history) each.item = moved[Row(each.item)];
  for (ItemIndex& each : asked.items) {
    if (Row(each) < kRankedItems) each = moved[Row(each)];
  }
  (*loaded)->Rank(asked.view(), {}, after);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(after[i], before[i], 1e-6);
}

// As one that was saved before there were behaviour features.
TEST(DeepRankerTest, OneWithoutBehaviourFeaturesIsSavedAndRanksWithoutThem) {
  DeepRankerTable table = SmallRankerTable();
  Random random(3);
  table.shape.num_features -= kNumBehaviourFacts;
  const auto columns = static_cast<Eigen::Index>(table.shape.num_features);
  table.means.conservativeResize(1, columns);
  table.scales.conservativeResize(1, columns);
  for (DeepRankerNetwork& each : table.networks) {
    each = DeepRankerNetwork(table.shape, 0, random);
    each.wide.weight.value = RandomMatrix(1, columns, 40) * 0.3F;
  }
  const auto ranker = *DeepRanker::Create(table);
  const AskedOfRanker asked;
  std::vector<float> before(3);
  std::vector<float> after(3);
  ASSERT_TRUE(ranker->Rank(asked.view(), {}, before));
  const std::string bytes = Saved(*ranker);
  ByteReader reader(bytes);
  std::vector<ItemIndex> same;
  for (std::uint32_t i = 0; i < kRankedItems; ++i) same.push_back(ItemIndex{i});

  const auto loaded = LoadDeepRanker(reader, same, kRankedItems);

  ASSERT_THAT(loaded, IsOk());
  ASSERT_THAT(reader.Finish("ranker"), IsOk());
  EXPECT_EQ(bytes.front(), 2) << "begins with its scorers alone, as it did";
  EXPECT_EQ((*loaded)->table().item_behaviour.rates.rows(), 0);
  ASSERT_TRUE((*loaded)->Rank(asked.view(), {}, after));
  EXPECT_EQ(after, before);
  const std::vector<std::size_t> rows = {0};
  EXPECT_EQ((*loaded)->ExplainRanking(asked.view(), rows).effects.cols(), columns);
}

TEST(DeepRankerTest, SaysWhatItLearnedFrom) {
  DeepRankerTable table = SmallRankerTable();
  table.gain = {.ndcg_of_blend = 0.1, .ndcg = 0.2, .is_used = true};
  DeepRankerTable shown = table;
  shown.gain.num_impression_lists = 1234;

  EXPECT_THAT((*DeepRanker::Create(table))->learned(), ::testing::EndsWith("by sampled lessons"));
  const std::string bytes = Saved(**DeepRanker::Create(shown));
  ByteReader reader(bytes);
  std::vector<ItemIndex> same;
  for (std::uint32_t i = 0; i < kRankedItems; ++i) same.push_back(ItemIndex{i});
  const auto loaded = LoadDeepRanker(reader, same, kRankedItems);
  ASSERT_THAT(loaded, IsOk());
  EXPECT_THAT((*loaded)->learned(), ::testing::EndsWith("by 1234 lists of impressions"));
}

TEST(DeepRankerTest, DamagedBytesAreRefusedOrHarmless) {
  const std::string bytes = Saved(**DeepRanker::Create(SmallRankerTable()));
  std::vector<ItemIndex> same;
  for (std::uint32_t i = 0; i < kRankedItems; ++i) same.push_back(ItemIndex{i});
  const AskedOfRanker asked;
  std::vector<float> probabilities(3);

  for (std::size_t size = 0; size < bytes.size(); size += 1 + size / 40) {
    ByteReader reader(std::string_view(bytes).substr(0, size));
    EXPECT_THAT(LoadDeepRanker(reader, same, kRankedItems), StatusIs(absl::StatusCode::kDataLoss));
  }
  for (std::size_t position = 0; position < bytes.size(); position += 1 + position / 40) {
    std::string damaged = bytes;
    damaged[position] = static_cast<char>(damaged[position] ^ 0x55);
    ByteReader reader(damaged);
    const auto loaded = LoadDeepRanker(reader, same, kRankedItems);
    if (!loaded.ok()) continue;
    (*loaded)->Rank(asked.view(), {}, probabilities);
    for (const float each : probabilities) EXPECT_TRUE(each >= 0 && each <= 1);
  }
}

TEST(DeepRankerTest, RefusesSizesThatDoNotMatchAndNumbersThatAreNone) {
  DeepRankerTable narrow = SmallRankerTable();
  narrow.means = Matrix::Zero(1, 3);
  DeepRankerTable broken = SmallRankerTable();
  broken.item_facts(0, 0) = NAN;
  DeepRankerTable backwards = SmallRankerTable();
  backwards.slope = -1;
  DeepRankerTable short_of_items = SmallRankerTable();
  short_of_items.item_behaviour.brands.pop_back();
  DeepRankerTable mixed = SmallRankerTable();
  mixed.networks.back().first.weight.value.resize(2, 2);

  for (DeepRankerTable* table : {&narrow, &broken, &backwards, &short_of_items, &mixed}) {
    EXPECT_THAT(DeepRanker::Create(std::move(*table)),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

}  // namespace
}  // namespace vitrine
