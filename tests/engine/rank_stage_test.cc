#include "vitrine/engine/rank_stage.h"

#include <cmath>

#include "engine/costly_scorer.h"
#include "engine/fake_shop.h"
#include "vitrine/models/ranker_model.h"
#include "vitrine/scorers/dnn/deep_ranker.h"

namespace vitrine {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::FloatNear;
using ::testing::Not;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;
using vitrine::testing::FakeDeadline;
using vitrine::testing::MakeCostlyModel;

struct RankerCase {
  double deadline_ms = 60'000;
  std::size_t num_candidates = 300;
  bool has_network = true;
  std::vector<std::string> scorers = {"most_popular"};
};

// Of log-odds that are those of the blend, and of a network that says 0.
DeepRankerTable MakeTable(const RankerCase& wanted) {
  Random random(1);
  DeepRankerTable table{.scorers = wanted.scorers};
  const std::size_t features = RankerFeatureNames(table.scorers).size();
  const auto columns = static_cast<Eigen::Index>(features);
  table.shape = {.num_features = features, .num_crosses = 0, .hidden = 2};
  table.item_facts = Matrix::Zero(5, static_cast<Eigen::Index>(kNumItemFacts));
  table.unknown_facts = Matrix::Zero(1, static_cast<Eigen::Index>(kNumItemFacts));
  table.means = Matrix::Zero(1, columns);
  table.scales = Matrix::Ones(1, columns);
  if (wanted.has_network) table.networks.emplace_back(table.shape, 0, random);
  table.deadline_ms = wanted.deadline_ms;
  table.num_candidates = wanted.num_candidates;
  return table;
}

// Turns the order of most_popular round: log-odds of -3 times its score by its best.
Model Contrary(const RankerCase& wanted) {
  DeepRankerTable table = MakeTable(wanted);
  for (DeepRankerNetwork& network : table.networks) {
    network.wide.weight.value(0, 2) = -3;  // "score of most_popular"
    table.blend_slope = 0;
  }
  return MakeModel(*DeepRanker::Create(std::move(table)));
}

// With a network that grows by a kink in the midst of the way to some candidates.
Model Bent() {
  DeepRankerTable table = MakeTable({});
  DeepRankerNetwork& network = table.networks[0];
  network.first.weight.value.setZero();
  network.first.weight.value(0, 2) = 1;
  network.first.weight.value(0, 3) = 0.5F;
  network.first.bias.value(0, 0) = -0.53F;
  network.second.weight.value.setOnes();
  network.second.bias.value.setZero();
  network.deep.weight.value.setConstant(2);
  table.shift = -1;
  return MakeModel(*DeepRanker::Create(std::move(table)));
}

auto IsPart(const std::string& model, const std::string& feature, double value) {
  return AllOf(Field(&ScorePart::model, model), Field(&ScorePart::feature, feature),
               Field(&ScorePart::value, FloatNear(static_cast<float>(value), 1e-5F)));
}

double Probability(double log_odds) { return 1 / (1 + std::exp(-log_odds)); }

// What the contributions say that the score is.
double ToldScore(const RecommendedItem& item) {
  double boosts = 0;
  double others = 0;
  bool is_ranked = false;
  for (const ScorePart& part : item.contributions) {
    (part.model == "boost" ? boosts : others) += static_cast<double>(part.value);
    is_ranked = is_ranked || (part.model == "deep_ranker" && part.feature == "base");
  }
  return (is_ranked ? Probability(others) : others) + boosts;
}

class RankStageTest : public vitrine::testing::FakeShop {};

TEST_F(RankStageTest, TheRankerHasTheLastWordAndSaysProbabilities) {
  Publish({Popular(), Contrary({})});

  const RecommendReply reply =
      Recommend({.page_size = 3, .explanation = ExplanationLevel::kContributions});

  EXPECT_THAT(Ids(reply), ElementsAre("e", "d", "c"));
  EXPECT_NEAR(reply.items[0].score, 1 / (1 + std::exp(3 * 1.0 / 5)), 1e-6);
  EXPECT_THAT(reply.fallbacks, Not(Contains("ranker-late")));
  for (const RecommendedItem& item : reply.items) EXPECT_NEAR(ToldScore(item), item.score, 1e-4);
}

TEST_F(RankStageTest, ContributionsAreWhatTheNetworksRead) {
  Publish({Popular(), Contrary({})});

  const RecommendReply reply =
      Recommend({.page_size = 1, .explanation = ExplanationLevel::kContributions});

  ASSERT_EQ(reply.items.size(), 1U);  // "e", with a fifth of the best score.
  const RecommendedItem& best = reply.items[0];
  EXPECT_THAT(
      best.contributions,
      UnorderedElementsAre(IsPart("most_popular", "score of most_popular", -0.6),
                           IsPart("deep_ranker", "base", 0), IsPart("deep_ranker", "residual", 0)));
  EXPECT_EQ(best.contributions[0].model, "most_popular");
  EXPECT_THAT(best.reasons, ElementsAre(Reason{.kind = Reason::Kind::kPopular}));
}

TEST_F(RankStageTest, ContributionsSumToTheLogOddsAndShowWhatIntegrationLeavesOver) {
  Publish({Popular(), Bent()});

  const RecommendReply reply = Recommend({.explanation = ExplanationLevel::kContributions});

  ASSERT_EQ(reply.items.size(), 5U);
  double residuals = 0;
  for (const RecommendedItem& item : reply.items) {
    double sum = 0;
    for (const ScorePart& part : item.contributions) {
      sum += static_cast<double>(part.value);
      if (part.feature == "residual") residuals += static_cast<double>(std::abs(part.value));
    }
    const double score = static_cast<double>(item.score);
    EXPECT_NEAR(sum, std::log(score / (1 - score)), 1e-4) << item.item_id;
  }
  EXPECT_GT(residuals, 1e-5);
  EXPECT_LT(residuals, 0.1);
}

TEST_F(RankStageTest, WhatIsBeyondTheCandidatesKeepsThePartsOfTheBlend) {
  Publish({Popular(), Contrary({.num_candidates = 2})});

  const RecommendReply reply = Recommend({.explanation = ExplanationLevel::kContributions});

  ASSERT_EQ(reply.items.size(), 5U);
  EXPECT_THAT(reply.items[1].contributions, Contains(IsPart("deep_ranker", "base", 0)));
  EXPECT_THAT(reply.items[2].contributions,
              ElementsAre(IsPart("most_popular", "", static_cast<double>(reply.items[2].score))));
}

TEST_F(RankStageTest, WithoutNetworksContributionsAreThoseOfTheBlend) {
  Publish({Popular(), Contrary({.has_network = false})});

  const RecommendReply reply =
      Recommend({.page_size = 1, .explanation = ExplanationLevel::kContributions});

  ASSERT_EQ(reply.items.size(), 1U);
  EXPECT_THAT(reply.items[0].contributions,
              ElementsAre(IsPart("most_popular", "", static_cast<double>(reply.items[0].score))));
}

TEST_F(RankStageTest, OnePageOfTwoRankingsIsExplainedByEach) {
  Publish({Popular(), Bent()});

  // Half of the places are owed to "e", which is ranked by itself then.
  const RecommendReply reply = Recommend(
      {.page_size = 2,
       .explanation = ExplanationLevel::kContributions,
       .controls = {
           .exposure = {.group = Exposure::Group::kFilter, .share = 0.5, .filter = "id = \"e\""}}});

  ASSERT_THAT(Ids(reply), Contains("e"));
  for (const RecommendedItem& item : reply.items) EXPECT_NEAR(ToldScore(item), item.score, 1e-4);
}

TEST_F(RankStageTest, WhatTheRankerSawIsKeptOnlyToBeExplained) {
  auto set = std::make_shared<ModelSet>();
  set->models = {Popular(), Contrary({})};
  const Pipeline pipeline(set, Options().blend);
  const Query query;

  const auto silent = RecommendRanked(pipeline, {&query, 1}, nullptr, 2, RankDeadline::kNone);
  const auto explained = RecommendRanked(pipeline, {&query, 1}, nullptr, 2, RankDeadline::kNone,
                                         {.is_explained = true});

  EXPECT_EQ(silent.front().items[0].told, nullptr);
  ASSERT_NE(explained.front().items[0].told, nullptr);
  EXPECT_EQ(explained.front().items[0].told, explained.front().items[1].told);
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

  const auto probability = [](double score) { return Probability(-3 * score); };
  EXPECT_THAT(Ids(reply), ElementsAre("a", "d", "c", "b", "e"));
  EXPECT_NEAR(reply.items[0].score, probability(1) + probability(0.2), 1e-6);
  EXPECT_NEAR(reply.items[4].score, 0.1 * probability(0.2), 1e-6);
  for (const RecommendedItem& item : reply.items) EXPECT_NEAR(ToldScore(item), item.score, 1e-4);
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
      EXPECT_NEAR(ToldScore(reply.items[i]), reply.items[i].score, 1e-4);
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

TEST_F(RankStageTest, AModelThatIsTooSlowSaysNothingToTheRankerEither) {
  Publish({Popular(),
           MakeCostlyModel("item_knn", ModelFamily::kPopularity, {1, 2, 3, 4, 5},
                           [] { return milliseconds(20); }),
           Contrary({.scorers = {"most_popular", "item_knn"}})});
  RecommendRequest request{.page_size = 3, .explanation = ExplanationLevel::kNone};
  FakeDeadline(milliseconds(1000)).Bind(request);
  ASSERT_THAT(Recommend(request).fallbacks, ElementsAre("cold-shopper"));
  const FakeDeadline deadline(milliseconds(15));
  deadline.Bind(request);

  const RecommendReply reply = Recommend(request);

  EXPECT_LT(vitrine::testing::time_passed, deadline.due);
  EXPECT_THAT(reply.fallbacks, ElementsAre("cold-shopper", "model-late:item_knn", "deadline"));
  EXPECT_THAT(Ids(reply), ElementsAre("e", "d", "c"));  // The ranker's order.
}

TEST_F(RankStageTest, ARankerThatNobodyHasTimeToAnswerLeavesTheBlendsOrder) {
  Publish({Popular(),
           MakeCostlyModel("item_knn", ModelFamily::kPopularity, {1, 2, 3, 4, 5},
                           [] { return milliseconds(20); }),
           Contrary({.scorers = {"item_knn"}})});
  RecommendRequest request{.page_size = 3, .explanation = ExplanationLevel::kNone};
  FakeDeadline(milliseconds(1000)).Bind(request);
  ASSERT_THAT(Recommend(request).fallbacks, ElementsAre("cold-shopper"));
  const FakeDeadline deadline(milliseconds(15));
  deadline.Bind(request);

  const RecommendReply reply = Recommend(request);

  EXPECT_THAT(reply.fallbacks, Contains("ranker-late"));
  EXPECT_THAT(Ids(reply), ElementsAre("a", "b", "c"));
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
