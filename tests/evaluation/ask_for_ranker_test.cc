#include "evaluation/ask_for_ranker.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "evaluation/asked.h"
#include "evaluation/hashing_scorer.h"
#include "evaluation/made_dataset.h"
#include "testing/status_matchers.h"
#include "vitrine/engine/rank_stage.h"
#include "vitrine/models/ranker_model.h"
#include "vitrine/scorers/dnn/deep_ranker.h"

namespace vitrine {
namespace {

using testing::IsOk;
using testing::MakeDataset;
using testing::Touch;

constexpr std::uint32_t kItems = 60;
constexpr std::size_t kUsers = 150;
constexpr std::size_t kCandidates = 20;

// Shoppers who take any items, one a day.
Split SmallSplit() {
  Random random(5);
  std::vector<std::vector<Touch>> users(kUsers);
  for (auto& user : users) {
    for (int day = 0; day < 12; ++day) {
      user.push_back({static_cast<std::uint32_t>(random.Below(kItems)), day * kMicrosPerDay});
    }
  }
  return SplitByTime(MakeDataset(kItems, users), 9 * kMicrosPerDay, /*allow_repeats=*/false);
}

std::shared_ptr<ModelSet> SmallSet() {
  auto set = std::make_shared<ModelSet>();
  set->models = {testing::HashingModel(kItems)};
  set->weights = {{"hashing", {.weight = 1}}};
  return set;
}

// A ranker of any weights that listens to the set's scorer.
DeepRankerTable AnyTable(const Split& split) {
  Random random(7);
  DeepRankerTable table{.scorers = {"hashing"}, .num_candidates = kCandidates};
  const std::size_t features = RankerFeatureNames(table.scorers).size();
  table.shape = {.num_features = features, .hidden = 4};
  table.item_facts = ItemFacts(split.train);
  table.unknown_facts = UnknownItemFacts();
  table.means = Matrix::Zero(1, static_cast<Eigen::Index>(features));
  table.scales = Matrix::Ones(1, static_cast<Eigen::Index>(features));
  table.networks.emplace_back(table.shape, 0, random);
  for (float& weight : table.networks[0].wide.weight.value.reshaped()) {
    weight = static_cast<float>(random.Normal());
  }
  return table;
}

TEST(AskForRankerTest, WhatIsLearnedFromIsWhatIsServed) {
  const Split split = SmallSplit();
  ThreadPool pool(2);
  const auto set = SmallSet();
  const auto lessons =
      AskForRanker(Pipeline(set, {}), split, kCandidates, 0, TrainingContext{.pool = &pool});
  const DeepRankerTable table = AnyTable(split);
  auto ranking = std::make_shared<ModelSet>(*set);
  ranking->models.push_back(MakeModel(*DeepRanker::Create(table)));
  EvaluationOptions options;
  const AskedCases asked(split, split.cases, options);

  const auto lists = RecommendRanked(Pipeline(ranking, {}), asked.queries(), &split.candidates,
                                     kCandidates, RankDeadline::kNone);

  ASSERT_EQ(lessons->num_shoppers(), split.cases.size());
  DeepRankerNetwork::Cache cache;
  Matrix inputs = lessons->features;
  Standardise(table.means, table.scales, inputs);
  const Matrix z = table.networks[0].Forward(inputs, cache, {});
  for (std::size_t s = 0; s < lessons->num_shoppers(); ++s) {
    std::vector<double> learned;
    for (std::size_t i = lessons->begin[s]; i < lessons->begin[s + 1]; ++i) {
      const auto row = static_cast<Eigen::Index>(i);
      const double log_odds =
          static_cast<double>(z(row, 0) + lessons->features(row, kLogBlendFeature));
      learned.push_back(1 / (1 + std::exp(-log_odds)));
    }
    std::sort(learned.begin(), learned.end(), std::greater<>());
    ASSERT_EQ(learned.size(), lists[s].items.size());
    for (std::size_t i = 0; i < learned.size(); ++i) {
      EXPECT_NEAR(lists[s].items[i].score, learned[i], 1e-5);
    }
  }
}

TEST(AskForRankerTest, WantedIsWhatTheShopperThenLiked) {
  const Split split = SmallSplit();
  ThreadPool pool(2);
  const Pipeline blend(SmallSet(), {});

  const auto lessons = AskForRanker(blend, split, kCandidates, 0, TrainingContext{.pool = &pool});

  EvaluationOptions options;
  const AskedCases asked(split, split.cases, options);
  const auto lists = blend.Recommend(asked.queries(), &split.candidates, kCandidates);
  std::vector<std::uint8_t> wanted;
  for (std::size_t s = 0; s < lists.size(); ++s) {
    const std::vector<ItemIndex>& relevant = split.cases[s].relevant;
    for (const BlendedItem& each : lists[s]) {
      const auto found = std::find(relevant.begin(), relevant.end(), each.item);
      wanted.push_back(found == relevant.end() ? 0 : 1);
    }
  }
  EXPECT_EQ(lessons->is_wanted, wanted);
  EXPECT_GT(std::count(wanted.begin(), wanted.end(), 1), 20);
}

class RankerInTheBlendTest : public ::testing::Test {
 protected:
  RankerInTheBlendTest() {
    options_.models = {"most_popular", "item_knn", "deep_ranker"};
    options_.settings["deep_ranker"] = {{"candidates", "20"}, {"epochs", "2"}};
    options_.validation = &split_;
  }

  absl::StatusOr<ComparisonRow> Measure() {
    return MeasureScorer(split_, std::string(kBlendName), options_, {.pool = &pool_}, {});
  }

  Split split_ = SmallSplit();
  ThreadPool pool_{2};
  ComparisonOptions options_;
};

TEST_F(RankerInTheBlendTest, LearnsFromWhatTheBlendFound) {
  const auto row = Measure();

  ASSERT_THAT(row, IsOk());
  EXPECT_THAT(row->settings.at("deep_ranker"), ::testing::HasSubstr("ndcg@20"));
  EXPECT_EQ(row->blend.models.back(), "deep_ranker");
  ASSERT_NE(row->blend.lessons, nullptr);
  EXPECT_EQ(row->blend.lessons->num_shoppers(), split_.cases.size());
}

TEST_F(RankerInTheBlendTest, WithoutAValidationPartTheOrderIsTheBlends) {
  options_.validation = nullptr;
  const auto ranked = Measure();
  RemoveRanker(options_);
  const auto blended = Measure();

  ASSERT_THAT(ranked, IsOk());
  ASSERT_THAT(blended, IsOk());
  EXPECT_EQ(ranked->evaluation.lists, blended->evaluation.lists);
}

TEST_F(RankerInTheBlendTest, ABadSettingIsRefusedBeforeAnythingIsTrained) {
  options_.settings["deep_ranker"] = {{"candidates", "none"}};
  std::vector<std::string> stages;

  const auto row =
      MeasureScorer(split_, std::string(kBlendName), options_, {.pool = &pool_},
                    [&](std::string_view stage, double) { stages.emplace_back(stage); });

  EXPECT_EQ(row.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(stages.empty());
}

}  // namespace
}  // namespace vitrine
