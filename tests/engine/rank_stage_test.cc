#include "vitrine/engine/rank_stage.h"

#include <cmath>

#include "engine/fake_shop.h"
#include "vitrine/models/ranker_model.h"
#include "vitrine/scorers/dnn/deep_ranker.h"

namespace vitrine {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;
using ::testing::Pair;

struct RankerCase {
  double deadline_ms = 60'000;
  std::size_t num_candidates = 300;
};

// Turns the order of most_popular round: log-odds of -3 times its score by its best.
Model Contrary(const RankerCase& wanted) {
  Random random(1);
  DeepRankerTable table{.scorers = {"most_popular"}};
  const std::size_t features = RankerFeatureNames(table.scorers).size();
  const auto columns = static_cast<Eigen::Index>(features);
  table.shape = {.num_features = features, .num_crosses = 0, .hidden = 2};
  table.item_facts = Matrix::Zero(5, static_cast<Eigen::Index>(kNumItemFacts));
  table.unknown_facts = Matrix::Zero(1, static_cast<Eigen::Index>(kNumItemFacts));
  table.means = Matrix::Zero(1, columns);
  table.scales = Matrix::Ones(1, columns);
  table.networks.emplace_back(table.shape, 0, random);
  table.networks[0].wide.weight.value(0, 2) = -3;  // "score of most_popular"
  table.blend_slope = 0;
  table.deadline_ms = wanted.deadline_ms;
  table.num_candidates = wanted.num_candidates;
  return MakeModel(*DeepRanker::Create(std::move(table)));
}

class RankStageTest : public vitrine::testing::FakeShop {};

TEST_F(RankStageTest, TheRankerHasTheLastWordAndSaysProbabilities) {
  Publish({Popular(), Contrary({})});

  const RecommendReply reply =
      Recommend({.page_size = 3, .explanation = ExplanationLevel::kContributions});

  EXPECT_THAT(Ids(reply), ElementsAre("e", "d", "c"));
  EXPECT_NEAR(reply.items[0].score, 1 / (1 + std::exp(3 * 1.0 / 5)), 1e-6);
  EXPECT_THAT(reply.fallbacks, Not(Contains("ranker-late")));
  for (const RecommendedItem& item : reply.items) {
    double sum = 0;
    for (const ScorePart& part : item.contributions) sum += static_cast<double>(part.value);
    EXPECT_NEAR(sum, item.score, 1e-4);
  }
}

TEST_F(RankStageTest, OnlyTheBestOfTheBlendAreRanked) {
  Publish({Popular(), Contrary({.num_candidates = 2})});

  const RecommendReply reply = Recommend({.page_size = 5});

  EXPECT_THAT(Ids(reply), ElementsAre("b", "a", "c", "d", "e"));
  for (std::size_t i = 1; i < reply.items.size(); ++i) {
    EXPECT_LE(reply.items[i].score, reply.items[i - 1].score);
  }
}

TEST_F(RankStageTest, LiftsCountAfterTheRankerInUnitsOfItsBest) {
  Publish({Popular(), Contrary({})});

  const RecommendReply reply =
      Recommend({.explanation = ExplanationLevel::kContributions,
                 .controls = {.boosts = {{"id = \"a\"", 1}, {"id = \"e\"", -0.9}}}});

  const auto probability = [](double score) { return 1 / (1 + std::exp(3 * score)); };
  EXPECT_THAT(Ids(reply), ElementsAre("a", "d", "c", "b", "e"));
  EXPECT_NEAR(reply.items[0].score, probability(1) + probability(0.2), 1e-6);
  EXPECT_NEAR(reply.items[4].score, 0.1 * probability(0.2), 1e-6);
  for (const RecommendedItem& item : reply.items) {
    double sum = 0;
    for (const ScorePart& part : item.contributions) sum += static_cast<double>(part.value);
    EXPECT_NEAR(sum, item.score, 1e-4);
  }
}

TEST_F(RankStageTest, WhatIsBeyondTheCandidatesStaysBelowThemHoweverDeepTheyAreBuried) {
  Publish({Popular(), Contrary({.num_candidates = 3})});

  for (const double strength : {-1.0, -0.5, 0.5}) {
    const RecommendReply reply =
        Recommend({.explanation = ExplanationLevel::kContributions,
                   .controls = {.boosts = {{"id = ANY(\"a\", \"c\", \"d\")", strength}}}});

    ASSERT_EQ(reply.items.size(), 5U);
    for (std::size_t i = 0; i < reply.items.size(); ++i) {
      if (i > 0) {
        EXPECT_LE(reply.items[i].score, reply.items[i - 1].score);
      }
      double sum = 0;
      for (const ScorePart& part : reply.items[i].contributions) {
        sum += static_cast<double>(part.value);
      }
      EXPECT_NEAR(sum, reply.items[i].score, 1e-4);
    }
  }
}

TEST_F(RankStageTest, ALateRankerLeavesTheBlendsOrderAndIsNamed) {
  Publish({Popular(), Contrary({.deadline_ms = 0})});

  const RecommendReply reply = Recommend({.page_size = 3});

  EXPECT_THAT(Ids(reply), ElementsAre("a", "b", "c"));
  EXPECT_THAT(reply.fallbacks, Contains("ranker-late"));
  EXPECT_THAT(counters_.Read(), Contains(Pair("engine.fallback.ranker-late", 1)));
}

TEST_F(RankStageTest, TheDeadlineOfTheRequestIsTheRankersToo) {
  Publish({Popular(), Contrary({})});
  RecommendRequest request{.page_size = 3, .explanation = ExplanationLevel::kNone};
  int num_asked = 0;
  request.is_late = [&num_asked] { return ++num_asked > 1; };  // In time for the first model.

  const RecommendReply reply = Recommend(request);

  EXPECT_THAT(Ids(reply), ElementsAre("a", "b", "c"));
  EXPECT_THAT(reply.fallbacks, ElementsAre("cold-shopper", "ranker-late", "deadline"));
}

TEST_F(RankStageTest, MeasuringLooksAtNoClock) {
  auto set = std::make_shared<ModelSet>();
  set->models = {Popular(), Contrary({.deadline_ms = 0})};
  const Pipeline pipeline(set, Options().blend);
  const Query query;

  const auto lists = RecommendRanked(pipeline, {&query, 1}, nullptr, 2, RankDeadline::kNone);

  ASSERT_EQ(lists.front().items.size(), 2U);
  EXPECT_EQ(lists.front().items[0].item, ItemIndex{4});
  EXPECT_FALSE(lists.front().is_late);
}

TEST_F(RankStageTest, WithoutARankerTheListIsThatOfThePipeline) {
  auto set = std::make_shared<ModelSet>();
  set->models = {Popular()};
  const Pipeline pipeline(set, Options().blend);
  const Query query;

  const auto lists = RecommendRanked(pipeline, {&query, 1}, nullptr, 2, RankDeadline::kKept);

  EXPECT_EQ(RankerOf(*set), nullptr);
  ASSERT_EQ(lists.front().items.size(), 2U);
  EXPECT_EQ(lists.front().items[0].item, ItemIndex{0});
}

}  // namespace
}  // namespace vitrine
