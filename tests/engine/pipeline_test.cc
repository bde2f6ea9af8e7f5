#include "vitrine/engine/pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "testing/fake_scorer.h"
#include "vitrine/base/random.h"

namespace vitrine {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::IsEmpty;
using ::testing::Pointwise;
using ::testing::SizeIs;
using vitrine::testing::FakeScorer;
using vitrine::testing::MakeFakeModel;

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::shared_ptr<const ModelSet> SetOf(std::vector<Model> models) {
  auto set = std::make_shared<ModelSet>();
  set->version = "test";
  set->models = std::move(models);
  return set;
}

std::vector<std::uint32_t> Rows(const std::vector<BlendedItem>& items) {
  std::vector<std::uint32_t> rows;
  for (const BlendedItem& item : items) rows.push_back(static_cast<std::uint32_t>(item.item));
  return rows;
}

std::vector<Interaction> Views(std::size_t count) {
  const Interaction view = {
      .item = ItemIndex{900}, .weight = 1, .type = EventType::kDetailPageView};
  return std::vector<Interaction>(count, view);
}

std::vector<std::uint32_t> Recommend(const Pipeline& pipeline, const Query& query, std::size_t k,
                                     const ItemBitmap* allowed = nullptr) {
  return Rows(pipeline.Recommend({&query, 1}, allowed, k).front());
}

// The three families, each of weight 1.
Pipeline Ladder(double cold_start_events = 3) {
  return Pipeline(SetOf({MakeFakeModel("popular", ModelFamily::kPopularity, {3, 2, 1}),
                         MakeFakeModel("content", ModelFamily::kContent, {1, 3, 2}),
                         MakeFakeModel("behaviour", ModelFamily::kBehaviour, {2, 1, 3})}),
                  {.weights = {{"popular", 1}, {"content", 1}, {"behaviour", 1}},
                   .cold_start_events = cold_start_events});
}

TEST(PipelineTest, AddsWhatEachModelSaysInUnitsOfItsOwnBestScore) {
  const Pipeline pipeline(SetOf({MakeFakeModel("a", ModelFamily::kBehaviour, {10, 5, kUnscored}),
                                 MakeFakeModel("b", ModelFamily::kBehaviour, {0.1F, 0.2F, 0.2F})}),
                          {.weights = {{"a", 1}, {"b", 4}}});

  const Query query;
  const auto list = pipeline.Recommend({&query, 1}, nullptr, 3).front();

  // a: 1, 0.5, nothing; b: 0.5, 1, 1, four times.
  ASSERT_THAT(Rows(list), ElementsAre(1, 2, 0));
  EXPECT_FLOAT_EQ(list[0].score, 4.5F);
  EXPECT_FLOAT_EQ(list[1].score, 4);
  EXPECT_FLOAT_EQ(list[2].score, 3);
  EXPECT_THAT(list[1].parts, ElementsAre(0, 4));
  EXPECT_THAT(list[2].parts, ElementsAre(1, 2));
}

TEST(PipelineTest, TiesGoToTheSmallerIndex) {
  const Pipeline pipeline(SetOf({MakeFakeModel("a", ModelFamily::kContent, {1, 2, 2, 1, 2})}),
                          {.weights = {{"a", 1}}});

  EXPECT_THAT(Recommend(pipeline, {}, 4), ElementsAre(1, 2, 4, 0));
}

TEST(PipelineTest, ShowsOnlyWhatIsAllowedAndNotExcluded) {
  const Pipeline pipeline(SetOf({MakeFakeModel("a", ModelFamily::kPopularity, {5, 4, 3, 2, 1})}),
                          {.weights = {{"a", 1}}});
  ItemBitmap allowed(5, true);
  allowed.Erase(ItemIndex{1});
  const std::vector<ItemIndex> excluded = {ItemIndex{0}, ItemIndex{3}};

  EXPECT_THAT(Recommend(pipeline, {.excluded = excluded}, 5, &allowed), ElementsAre(2, 4));
}

TEST(PipelineTest, EveryModelScoresWhatAnyModelRetrieves) {
  const Pipeline pipeline(
      SetOf({MakeFakeModel("a", ModelFamily::kBehaviour, {0.1F, 0.8F, 0.9F, 1, 0.7F}),
             MakeFakeModel("b", ModelFamily::kBehaviour, {1, 0, 0, 0, 0.9F})}),
      {.weights = {{"a", 1}, {"b", 1}}, .candidates_per_model = 2});

  const Query query;
  const auto list = pipeline.Recommend({&query, 1}, nullptr, 1).front();

  // a retrieves 3 and 2, b retrieves 0 and 4; a's say on 4 makes it the best.
  ASSERT_THAT(Rows(list), ElementsAre(4));
  EXPECT_FLOAT_EQ(list[0].score, 0.7F + 0.9F);
}

TEST(PipelineTest, ASmallCatalogueIsScoredAsIfEveryModelHadRetrievedEverything) {
  Random random(3);
  std::vector<float> a;
  std::vector<float> b;
  ItemBitmap allowed(200, true);
  for (std::uint32_t row = 0; row < 200; ++row) {
    a.push_back(row % 7 == 0 ? kUnscored : static_cast<float>(random.Uniform() - 0.3));
    b.push_back(row % 5 == 0 ? kNaN : static_cast<float>(random.Uniform()));
    if (row % 11 == 0) allowed.Erase(ItemIndex{row});
  }
  const auto models = SetOf({MakeFakeModel("a", ModelFamily::kBehaviour, a),
                             MakeFakeModel("b", ModelFamily::kPopularity, b)});
  BlendOptions options{.weights = {{"a", 1}, {"b", 0.7}}, .candidates_per_model = 200};
  const Pipeline whole(models, options);
  options.whole_catalogue_items = 199;
  const Pipeline retrieving(models, options);
  const std::vector<Interaction> history = Views(4);
  const std::vector<ItemIndex> excluded = {ItemIndex{1}, ItemIndex{11}, ItemIndex{17}};
  const Query query{.history = history, .excluded = excluded};

  const auto list = whole.Recommend({&query, 1}, &allowed, 50).front();
  const auto expected = retrieving.Recommend({&query, 1}, &allowed, 50).front();

  EXPECT_EQ(Rows(list), Rows(expected));
  ASSERT_THAT(list, SizeIs(50));
  for (std::size_t i = 0; i < list.size(); ++i) {
    EXPECT_FLOAT_EQ(list[i].score, expected[i].score);
    EXPECT_THAT(list[i].parts, Pointwise(FloatEq(), expected[i].parts));
  }
}

TEST(PipelineTest, OfASmallCatalogueOnlyWhatSomeModelKnowsIsListed) {
  const Pipeline pipeline(SetOf({MakeFakeModel("a", ModelFamily::kBehaviour, {kUnscored, -1, kNaN}),
                                 MakeFakeModel("b", ModelFamily::kBehaviour, {})}),
                          {.weights = {{"a", 1}, {"b", 1}}});
  const ItemBitmap allowed(5, true);

  EXPECT_THAT(Recommend(pipeline, {}, 5, &allowed), ElementsAre(1));
}

class LonelyModelTest : public ::testing::TestWithParam<ModelFamily> {};

TEST_P(LonelyModelTest, RanksAsWithoutABlend) {
  Random random(7);
  std::vector<float> scores = {0};
  for (int i = 0; i < 300; ++i) {
    const auto base = static_cast<float>(random.Uniform() - 0.5);
    scores.insert(scores.end(), {base, std::nextafter(base, 1.0F), base});
  }
  const Pipeline pipeline(SetOf({MakeFakeModel("only", GetParam(), scores)}),
                          {.weights = {{"only", 0.3}, {"another", 2}}});
  const FakeScorer alone("only", scores);

  for (const std::size_t num_views : {0, 1, 50}) {
    const std::vector<Interaction> history = Views(num_views);
    const Query query{.history = history};
    std::vector<std::uint32_t> expected;
    const auto lists = alone.Retrieve({&query, 1}, nullptr, 700);
    for (const ScoredItem& scored : lists.front()) {
      expected.push_back(static_cast<std::uint32_t>(scored.item));
    }

    EXPECT_EQ(Recommend(pipeline, query, 700), expected) << num_views << " views";
  }
}

INSTANTIATE_TEST_SUITE_P(Families, LonelyModelTest,
                         ::testing::Values(ModelFamily::kPopularity, ModelFamily::kContent,
                                           ModelFamily::kBehaviour));

TEST(PipelineTest, ANewShopperSeesWhatIsPopular) {
  const Pipeline pipeline = Ladder();

  EXPECT_THAT(pipeline.Weights({}), ElementsAre(3, 0, 0));
  EXPECT_THAT(Recommend(pipeline, {}, 3), ElementsAre(0, 1, 2));
}

TEST(PipelineTest, AShopperOfOneEventSeesMostlyWhatIsLikeIt) {
  const std::vector<Interaction> history = Views(1);

  const std::vector<double> weights = Ladder().Weights({.history = history});

  // Behaviour keeps 1 / (1 + 3); content 1 / (1 + 0.3) of its own 1 and the 0.75 that is left.
  EXPECT_DOUBLE_EQ(weights[2], 0.25);
  EXPECT_DOUBLE_EQ(weights[1], 1.75 / 1.3);
  EXPECT_DOUBLE_EQ(weights[0], 3 - 0.25 - 1.75 / 1.3);
}

TEST(PipelineTest, BehaviourGrowsWithEveryEventUntilTheWeightsAreTheConfiguredOnes) {
  const Pipeline pipeline = Ladder();

  double before = 0;
  for (const std::size_t n : {1, 2, 3, 5, 10, 100}) {
    const std::vector<Interaction> history = Views(n);
    const std::vector<double> weights = pipeline.Weights({.history = history});
    EXPECT_GT(weights[2], before) << n;
    EXPECT_NEAR(std::accumulate(weights.begin(), weights.end(), 0.0), 3, 1e-5) << n;
    before = weights[2];
  }

  const std::vector<Interaction> history = Views(100'000);
  EXPECT_THAT(pipeline.Weights({.history = history}), Pointwise(DoubleNear(1e-3), {1.0, 1.0, 1.0}));
}

TEST(PipelineTest, OnlySignsOfInterestCountAndThePageIsOne) {
  const Pipeline pipeline = Ladder();
  std::vector<Interaction> dislikes = Views(5);
  for (Interaction& interaction : dislikes) interaction.weight = -5;
  const std::vector<ItemIndex> page = {ItemIndex{1}};
  const std::vector<Interaction> one = Views(1);

  EXPECT_EQ(pipeline.Weights({.history = dislikes}), pipeline.Weights({}));
  EXPECT_EQ(pipeline.Weights({.context_items = page}), pipeline.Weights({.history = one}));
  EXPECT_EQ(pipeline.Weights({.cart_items = page}), pipeline.Weights({.history = one}));
}

TEST(PipelineTest, WithoutColdStartTheWeightsAreTheConfiguredOnesFromTheFirstEvent) {
  const std::vector<Interaction> history = Views(1);

  EXPECT_THAT(Ladder(0).Weights({.history = history}), ElementsAre(1, 1, 1));
}

TEST(PipelineTest, AModelThatIsNotNamedOrWeighsNothingIsNotAsked) {
  const Pipeline pipeline(SetOf({MakeFakeModel("a", ModelFamily::kPopularity, {1, 2}),
                                 MakeFakeModel("off", ModelFamily::kPopularity, {9, 0}),
                                 MakeFakeModel("unnamed", ModelFamily::kContent, {9, 0})}),
                          {.weights = {{"a", 1}, {"off", 0}}});

  EXPECT_THAT(pipeline.Weights({}), ElementsAre(1, 0, 0));
  EXPECT_THAT(Recommend(pipeline, {}, 2), ElementsAre(1, 0));
}

TEST(PipelineTest, ScoresThatAreNotFiniteAddNothing) {
  const Pipeline pipeline(
      SetOf({MakeFakeModel("broken", ModelFamily::kPopularity, {kNaN, kInfinity, 1, 0.5F}),
             MakeFakeModel("whole", ModelFamily::kPopularity, {0.5F, 1, 0.25F, kUnscored})}),
      {.weights = {{"broken", 1}, {"whole", 1}}});

  const Query query;
  const auto list = pipeline.Recommend({&query, 1}, nullptr, 10).front();

  EXPECT_THAT(Rows(list), ElementsAre(2, 1, 0, 3));
  for (const BlendedItem& item : list) {
    EXPECT_TRUE(std::isfinite(item.score)) << Row(item.item);
    EXPECT_NEAR(item.score, item.parts[0] + item.parts[1], 1e-6);
  }
}

TEST(PipelineTest, AModelWithoutASignalIsNotBlownUp) {
  const Pipeline pipeline(SetOf({MakeFakeModel("loud", ModelFamily::kPopularity, {1, 0.5F}),
                                 MakeFakeModel("silent", ModelFamily::kPopularity, {0, 1e-12F})}),
                          {.weights = {{"loud", 1}, {"silent", 1}}});

  EXPECT_THAT(Recommend(pipeline, {}, 2), ElementsAre(0, 1));
}

TEST(PipelineTest, DislikesAloneDoNotDrownTheOthers) {
  const Pipeline pipeline(SetOf({MakeFakeModel("a", ModelFamily::kPopularity, {1, 0.9F, 0.1F}),
                                 MakeFakeModel("b", ModelFamily::kPopularity, {-9, 0, -4})}),
                          {.weights = {{"a", 2}, {"b", 1}}});

  const Query query;
  const auto list = pipeline.Recommend({&query, 1}, nullptr, 3).front();

  ASSERT_THAT(Rows(list), ElementsAre(1, 0, 2));
  EXPECT_FLOAT_EQ(list[1].score, 2 - 1);
}

TEST(PipelineTest, LearnedWeightsCountUnlessTheOptionsSayOthers) {
  auto set = std::make_shared<ModelSet>();
  set->models = {MakeFakeModel("a", ModelFamily::kBehaviour, {2, 1}),
                 MakeFakeModel("b", ModelFamily::kBehaviour, {1, 2})};
  set->weights = {{"a", {.weight = 1}}, {"b", {.weight = 3}}};

  EXPECT_THAT(Recommend(Pipeline(set, {}), {}, 2), ElementsAre(1, 0));
  EXPECT_THAT(Recommend(Pipeline(set, {.weights = {{"a", 1}}}), {}, 2), ElementsAre(0, 1));
}

TEST(PipelineTest, LearnedWeightsGrowWithTheQuery) {
  auto set = std::make_shared<ModelSet>();
  set->models = {MakeFakeModel("few", ModelFamily::kBehaviour, {2, 1}),
                 MakeFakeModel("many", ModelFamily::kBehaviour, {1, 2})};
  set->weights = {{"few", {.weight = 1}}, {"many", {.weight = 1, .growth = {1, 0, 0}}}};
  const Pipeline pipeline(set, {});
  const std::vector<Interaction> one = Views(1);
  const std::vector<Interaction> hundred = Views(100);

  EXPECT_THAT(Recommend(pipeline, {.history = one}, 2), ElementsAre(0, 1));
  EXPECT_THAT(Recommend(pipeline, {.history = hundred}, 2), ElementsAre(1, 0));
}

TEST(PipelineTest, ALearnedColdStartCountsUnlessWeightsAreSaid) {
  auto set = std::make_shared<ModelSet>();
  set->models = {MakeFakeModel("popular", ModelFamily::kPopularity, {2, 1}),
                 MakeFakeModel("behaviour", ModelFamily::kBehaviour, {1, 2})};
  set->weights = {{"popular", {.weight = 0.01}}, {"behaviour", {.weight = 0.99}}};
  set->cold_start_events = 0;
  const std::vector<Interaction> history = Views(1);

  EXPECT_THAT(Recommend(Pipeline(set, {}), {.history = history}, 2), ElementsAre(1, 0));
  const BlendOptions said{.weights = {{"popular", 0.01}, {"behaviour", 0.99}}};
  EXPECT_THAT(Recommend(Pipeline(set, said), {.history = history}, 2), ElementsAre(0, 1));
}

TEST(PipelineTest, TheTrendOfAnItemMultipliesWhatIsSaidOfIt) {
  auto set = std::make_shared<ModelSet>();
  set->models = {MakeFakeModel("a", ModelFamily::kBehaviour, {1, 0.8F, -0.5F, -0.5F}),
                 MakeFakeModel("b", ModelFamily::kBehaviour, {1, 0.8F, 0, 0})};
  set->trend = {.power = 1, .ln_by_item = {std::log(0.25F), std::log(0.5F), 0, std::log(0.5F)}};
  const Pipeline pipeline(set, {.weights = {{"a", 1}, {"b", 2}}});

  const Query query;
  const auto list = pipeline.Recommend({&query, 1}, nullptr, 4).front();

  // Below zero it divides: what falls is not liked better for that.
  ASSERT_THAT(Rows(list), ElementsAre(1, 0, 2, 3));
  EXPECT_FLOAT_EQ(list[0].score, 0.5F * 2.4F);
  EXPECT_FLOAT_EQ(list[1].score, 0.25F * 3);
  EXPECT_FLOAT_EQ(list[2].score, -0.5F);
  EXPECT_FLOAT_EQ(list[3].score, -1);
  for (const BlendedItem& item : list) {
    EXPECT_FLOAT_EQ(std::accumulate(item.parts.begin(), item.parts.end(), 0.0F), item.score);
  }
}

TEST(PipelineTest, CandidatesAreWhatAnyModelRetrievesInUnitsOfItsBest) {
  const Pipeline pipeline(SetOf({MakeFakeModel("a", ModelFamily::kBehaviour, {10, 5, 1, kUnscored}),
                                 MakeFakeModel("b", ModelFamily::kPopularity, {1, 1, 2, 4})}),
                          {.weights = {{"a", 0}}});

  const Query query;
  const auto candidates = pipeline.Candidates({&query, 1}, nullptr, 2).front();

  EXPECT_THAT(candidates.items,
              ElementsAre(ItemIndex{0}, ItemIndex{1}, ItemIndex{2}, ItemIndex{3}));
  EXPECT_THAT(candidates.scores.row(0), ElementsAre(1, 0.5F, 0.1F, 0));
  EXPECT_THAT(candidates.scores.row(1), ElementsAre(0.25F, 0.25F, 0.5F, 1));
}

TEST(PipelineTest, ABatchAnswersEachQueryAsIfAlone) {
  const Pipeline pipeline = Ladder();
  const std::vector<Interaction> long_history = Views(40);
  const std::vector<ItemIndex> excluded = {ItemIndex{0}};
  const std::vector<Query> queries = {{}, {.history = long_history}, {.excluded = excluded}};

  const auto lists = pipeline.Recommend(queries, nullptr, 3);

  ASSERT_THAT(lists, SizeIs(3));
  for (std::size_t q = 0; q < queries.size(); ++q) {
    EXPECT_EQ(Rows(lists[q]), Recommend(pipeline, queries[q], 3)) << q;
  }
}

TEST(PipelineTest, RankKeepsTheCallersOrderAndMarksWhatNoModelKnows) {
  const Pipeline pipeline = Ladder();
  const std::vector<ItemIndex> items = {ItemIndex{7}, ItemIndex{1}, ItemIndex{0}};

  const std::vector<BlendedItem> ranked = pipeline.Rank({}, items);

  ASSERT_THAT(Rows(ranked), ElementsAre(7, 1, 0));
  EXPECT_EQ(ranked[0].score, kUnscored);
  EXPECT_FLOAT_EQ(ranked[1].score, 2);
  EXPECT_FLOAT_EQ(ranked[2].score, 3);
}

TEST(PipelineTest, RankScoresAsRecommendDoes) {
  const Pipeline pipeline = Ladder();
  const std::vector<Interaction> history = Views(4);
  const Query query{.history = history};
  const auto list = pipeline.Recommend({&query, 1}, nullptr, 3).front();

  ASSERT_THAT(list, SizeIs(3));
  for (const BlendedItem& item : list) {
    EXPECT_FLOAT_EQ(pipeline.Rank(query, {&item.item, 1}).front().score, item.score);
  }
}

TEST(PipelineTest, NothingComesOfNothing) {
  const Pipeline no_models(SetOf({}), {});
  const Pipeline no_items(SetOf({MakeFakeModel("a", ModelFamily::kContent, {})}),
                          {.weights = {{"a", 1}}});
  const std::vector<ItemIndex> items = {ItemIndex{0}};

  EXPECT_THAT(Recommend(no_models, {}, 5), IsEmpty());
  EXPECT_THAT(Recommend(no_items, {}, 5), IsEmpty());
  EXPECT_THAT(no_items.Recommend({}, nullptr, 5), IsEmpty());
  EXPECT_EQ(no_models.Rank({}, items).front().score, kUnscored);
  EXPECT_THAT(Recommend(Ladder(), {}, 0), IsEmpty());
}

}  // namespace
}  // namespace vitrine
