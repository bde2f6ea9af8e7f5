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
  table.item_behaviour = MeasureBehaviour(split.train);
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
      AskForRanker(Pipeline(set, {}), split, {kCandidates}, TrainingContext{.pool = &pool});
  const DeepRankerTable table = AnyTable(split);
  auto ranking = std::make_shared<ModelSet>(*set);
  ranking->models.push_back(MakeModel(*DeepRanker::Create(table)));
  EvaluationOptions options;
  const AskedCases asked(split, split.cases, options);

  const auto lists = RecommendRanked(Pipeline(ranking, {}), asked.queries(), &split.candidates,
                                     kCandidates, RankDeadline::kNone);

  ASSERT_EQ(lessons->num_lists(), split.cases.size());
  DeepRankerNetwork::Cache cache;
  Matrix inputs = lessons->features;
  Standardise(table.means, table.scales, inputs);
  const Matrix z = table.networks[0].Forward(inputs, cache, {});
  for (std::size_t s = 0; s < lessons->num_lists(); ++s) {
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

  const auto lessons = AskForRanker(blend, split, {kCandidates}, TrainingContext{.pool = &pool});

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

// What a request at the moment of the list would see of the list's items, in the blend's order.
Matrix FeaturesOf(const Pipeline& blend, const Split& split, const Query& query,
                  const std::vector<ItemIndex>& shown) {
  const auto best = blend.Recommend({&query, 1}, &split.candidates, kItems).front();
  const std::vector<std::string> scorers = {"hashing"};
  const ToldCandidates told = AskScorers(blend, scorers, query, best);
  const Matrix all = RankerFeatures(told.View(query), scorers, ItemFacts(split.train),
                                    UnknownItemFacts(), MeasureBehaviour(split.train));
  Matrix features(0, all.cols());
  for (std::size_t i = 0; i < told.items.size(); ++i) {
    if (std::find(shown.begin(), shown.end(), told.items[i]) == shown.end()) continue;
    features.conservativeResize(features.rows() + 1, Eigen::NoChange);
    features.row(features.rows() - 1) = all.row(static_cast<Eigen::Index>(i));
  }
  return features;
}

TEST(AskAboutShownTest, FeaturesAreThoseOfARequestAtTheMomentOfTheList) {
  const Split split = SmallSplit();
  ThreadPool pool(2);
  const Pipeline blend(SmallSet(), {});
  const Micros now = 9 * kMicrosPerDay + 5;
  const Interaction viewed{.time_us = 100, .item = ItemIndex{3}, .weight = 1};
  const Interaction bought{
      .time_us = 200, .item = ItemIndex{5}, .weight = 5, .type = EventType::kPurchaseComplete};
  const std::vector<ItemIndex> with_bought = {ItemIndex{1}, ItemIndex{5}, ItemIndex{8}};
  const std::vector<ItemIndex> without = {ItemIndex{2}, ItemIndex{9}, ItemIndex{999}};
  const ShownLists shown{
      .past = {viewed, bought},
      .lists = {{.history_end = 2, .time_us = now, .items = with_bought, .is_wanted = {0, 1, 0}},
                {.history_end = 2,
                 .time_us = now,
                 .shopper = 1,
                 .items = {ItemIndex{4}, ItemIndex{998}},
                 .is_wanted = {1, 0}},  // Of which the blend has one item alone.
                {.history_end = 1,
                 .time_us = now + 1,
                 .shopper = 2,
                 .items = without,
                 .is_wanted = {0, 0, 0}}}};

  const auto lessons = AskAboutShown(blend, split, shown, {kItems}, {.pool = &pool});

  const std::vector<Interaction> both = {bought, viewed};
  const Matrix first = FeaturesOf(blend, split, {.history = both, .now_us = now}, with_bought);
  const std::vector<Interaction> one = {viewed};
  const Matrix second = FeaturesOf(blend, split, {.history = one, .now_us = now + 1}, without);
  ASSERT_EQ(lessons->num_lists(), 2u);
  EXPECT_EQ(lessons->source, LessonSource::kImpressions);
  EXPECT_THAT(lessons->shoppers, ::testing::ElementsAre(0, 1));
  EXPECT_THAT(lessons->begin, ::testing::ElementsAre(0, 3, 5));
  EXPECT_EQ(lessons->features.topRows(3), first);
  EXPECT_EQ(lessons->features.bottomRows(2), second);
  EXPECT_EQ(std::count(lessons->is_wanted.begin(), lessons->is_wanted.end(), 1), 1);
  EXPECT_EQ(NumChoosers(*lessons), 1u);
}

TEST(AskAboutShownTest, TheProfileIsKnownAsItIsToARequest) {
  const Split split = SmallSplit();
  ThreadPool pool(2);
  const Pipeline blend(SmallSet(), {});
  const ProfileAttributes said = {{"country", "NO"}};
  const std::vector<ItemIndex> items = {ItemIndex{1}, ItemIndex{2}, ItemIndex{8}};
  const ShownList unknown{.time_us = 300, .items = items, .is_wanted = {0, 1, 0}};
  ShownList known = unknown;
  known.shopper = 1;
  known.profile = std::make_shared<const ProfileAttributes>(said);

  const auto lessons =
      AskAboutShown(blend, split, {.lists = {unknown, known}}, {kItems}, {.pool = &pool});

  const Matrix without = FeaturesOf(blend, split, {.now_us = 300}, items);
  const Matrix with = FeaturesOf(blend, split, {.profile = &said, .now_us = 300}, items);
  ASSERT_NE(with, without);
  EXPECT_EQ(lessons->features.topRows(3), without);
  EXPECT_EQ(lessons->features.bottomRows(3), with);
}

// A list of items 1 and 8, for a shopper who bought item 5 first, then 4, which came back.
class OfWhatWasBoughtTest : public ::testing::Test {
 protected:
  // Whether the lesson that sees so many interactions is what a request with `excluded` would see.
  bool IsAskedWithout(const std::vector<ItemIndex>& excluded, std::size_t history_limit) {
    const auto lessons =
        AskAboutShown(blend_, split_, shown_, {kItems, history_limit}, {.pool = &pool_});
    std::vector<Interaction> history(shown_.past.rbegin(), shown_.past.rend());
    if (history_limit > 0) history.resize(history_limit);
    return lessons->features ==
           FeaturesOf(blend_, split_, {.history = history, .now_us = 300, .excluded = excluded},
                      shown_.lists[0].items);
  }

  const Split split_ = SmallSplit();
  ThreadPool pool_{2};
  const Pipeline blend_{SmallSet(), {}};
  const ShownLists shown_{.past = {{.time_us = 100,
                                    .item = ItemIndex{5},
                                    .weight = 5,
                                    .type = EventType::kPurchaseComplete},
                                   {.time_us = 200,
                                    .item = ItemIndex{4},
                                    .weight = 5,
                                    .type = EventType::kPurchaseComplete},
                                   {.time_us = 250,
                                    .item = ItemIndex{4},
                                    .weight = -4,
                                    .type = EventType::kReturnComplete}},
                          .lists = {{.history_end = 3,
                                     .time_us = 300,
                                     .items = {ItemIndex{1}, ItemIndex{8}},
                                     .is_wanted = {0, 1}}}};
};

TEST_F(OfWhatWasBoughtTest, WhatWasKeptAndNotShownIsNoCandidate) {
  EXPECT_TRUE(IsAskedWithout({ItemIndex{5}}, 0));
  EXPECT_FALSE(IsAskedWithout({ItemIndex{4}, ItemIndex{5}}, 0));
}

TEST_F(OfWhatWasBoughtTest, WhatTheQueryDoesNotShowKeepsNothingOut) {
  EXPECT_TRUE(IsAskedWithout({}, 2));
  EXPECT_FALSE(IsAskedWithout({ItemIndex{5}}, 2));
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
  EXPECT_EQ(row->blend.lessons->num_lists(), split_.cases.size());
}

TEST_F(RankerInTheBlendTest, LearnsFromListsOnlyWhereEnoughShoppersChose) {
  ShownLists shown;
  for (std::uint32_t shopper = 0; shopper < 100; ++shopper) {
    shown.lists.push_back({.time_us = 9 * kMicrosPerDay,
                           .shopper = shopper,
                           .items = {ItemIndex{1}, ItemIndex{8}},
                           .is_wanted = {0, 1}});
  }
  ShownLists few = shown;
  few.lists.pop_back();

  options_.settings["deep_ranker"]["candidates"] = std::to_string(kItems);
  options_.shown = &few;
  const auto sampled = Measure();
  options_.shown = &shown;
  const auto of_lists = Measure();
  options_.settings["deep_ranker"]["lessons"] = "sampled";
  const auto told_not_to = Measure();
  options_.settings["deep_ranker"]["lessons"] = "impressions";
  options_.shown = &few;
  const auto told_to = Measure();

  for (const auto* row : {&sampled, &of_lists, &told_not_to, &told_to}) ASSERT_THAT(*row, IsOk());
  EXPECT_EQ(sampled->blend.lessons->source, LessonSource::kSampled);
  EXPECT_EQ(of_lists->blend.lessons->source, LessonSource::kImpressions);
  EXPECT_EQ(of_lists->blend.lessons->num_lists(), 100u);
  EXPECT_EQ(told_not_to->blend.lessons->source, LessonSource::kSampled);
  EXPECT_EQ(told_to->blend.lessons->source, LessonSource::kImpressions);
  EXPECT_EQ(told_to->blend.lessons->num_lists(), 99u);
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
