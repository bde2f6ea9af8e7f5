#include <numeric>

#include "engine/fake_shop.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using vitrine::testing::MakeFakeModel;
using vitrine::testing::MakeFakeNeighbours;

ItemIndex Index(std::uint32_t row) { return ItemIndex{row}; }

// Says of every item the same.
class FakeExplainer final : public Explainer {
 public:
  explicit FakeExplainer(std::vector<Contribution> said) : said_(std::move(said)) {}
  std::vector<Contribution> Explain(const Query& /*query*/, ItemIndex /*item*/) const override {
    return said_;
  }

 private:
  std::vector<Contribution> said_;
};

class ExplainTest : public vitrine::testing::FakeShop {
 protected:
  // A model that gives "a" to "e" those scores, and says that they are made of `said`.
  static Model Explained(Model model, std::vector<Contribution> said) {
    model.explainer = std::make_shared<FakeExplainer>(std::move(said));
    return model;
  }

  static Model Content() {
    return Explained(
        MakeFakeModel("content", ModelFamily::kContent, {0, 0, 0, 2, 1}),
        {{.source = Contribution::Source::kFeature, .feature = "brand: Acme", .value = 1.5F},
         {.source = Contribution::Source::kFeature, .feature = "word: mug", .value = 0.75F},
         {.source = Contribution::Source::kFeature, .feature = "word: tin", .value = -0.25F}});
  }

  RecommendedItem Best(RecommendRequest request) const {
    request.page_size = 1;
    RecommendReply reply = Recommend(request);
    EXPECT_THAT(reply.items, SizeIs(1));
    return reply.items.empty() ? RecommendedItem() : std::move(reply.items.front());
  }

  static double Sum(const std::vector<ScorePart>& parts) {
    return std::accumulate(parts.begin(), parts.end(), 0.0, [](double sum, const ScorePart& part) {
      return sum + static_cast<double>(part.value);
    });
  }
};

TEST_F(ExplainTest, NamesWhatWasBoughtAndWhatWasViewed) {
  Publish({MakeFakeNeighbours("item_knn", 5,
                              {{{Index(0), Index(3)}, 0.5F}, {{Index(1), Index(3)}, 1.0F}})});
  store_.Record("u", EventType::kDetailPageView, "b");
  store_.Record("u", EventType::kPurchaseComplete, "a");

  EXPECT_THAT(Best({.user_id = "u"}).reasons,
              ElementsAre(Reason{.kind = Reason::Kind::kBecauseYouViewed, .item_id = "b"},
                          Reason{.kind = Reason::Kind::kBecauseYouBought, .item_id = "a"}));
}

TEST_F(ExplainTest, WhatNamesNothingIsAReasonOnlyWhereThereIsNoOther) {
  const Contribution base{.source = Contribution::Source::kBase, .value = 2};
  const Contribution past{.source = Contribution::Source::kHistory, .item = Index(1), .value = 1};
  store_.Record("u", EventType::kDetailPageView, "b");
  const Reason viewed{.kind = Reason::Kind::kBecauseYouViewed, .item_id = "b"};

  Publish({Explained(MakeFakeModel("item_knn", ModelFamily::kBehaviour, {3}), {base, past})});
  EXPECT_THAT(Best({.user_id = "u"}).reasons, ElementsAre(viewed));
  Publish({Explained(MakeFakeModel("item_knn", ModelFamily::kBehaviour, {3}), {base})});
  EXPECT_THAT(Best({.user_id = "u"}).reasons,
              ElementsAre(Reason{.kind = Reason::Kind::kMatchesYourTaste}));
}

TEST_F(ExplainTest, NamesTheItemOfThePage) {
  Publish({MakeFakeNeighbours("item_knn", 5, {{{Index(0), Index(3)}, 0.5F}})});

  EXPECT_THAT(Best({.context_item_ids = {"a"}}).reasons,
              ElementsAre(Reason{.kind = Reason::Kind::kSimilarTo, .item_id = "a"}));
}

TEST_F(ExplainTest, OneCauseThatTwoModelsNameIsOneReason) {
  // Alone, "a" is weaker than "b" in either model; together with the other model it is stronger.
  Publish({MakeFakeNeighbours("item_knn", 5,
                              {{{Index(0), Index(3)}, 0.4F}, {{Index(1), Index(3)}, 0.6F}}),
           MakeFakeNeighbours("content", 5, {{{Index(0), Index(3)}, 1.0F}})});
  store_.Record("u", EventType::kDetailPageView, "a");
  store_.Record("u", EventType::kDetailPageView, "b");

  const RecommendedItem best =
      Best({.user_id = "u", .explanation = ExplanationLevel::kContributions});

  EXPECT_THAT(best.reasons,
              ElementsAre(Reason{.kind = Reason::Kind::kBecauseYouViewed, .item_id = "a"},
                          Reason{.kind = Reason::Kind::kBecauseYouViewed, .item_id = "b"}));
  EXPECT_THAT(best.contributions, SizeIs(3));
}

TEST_F(ExplainTest, ManyModelsThatAddAnEqualShareEachGiveReasons) {
  std::vector<Model> models;
  Engine::Options options;
  options.blend.cold_start_events = 0;
  for (const char* name : {"item_knn", "ials", "ease", "rp3beta", "user_knn", "graph_filter"}) {
    models.push_back(MakeFakeNeighbours(name, 5, {{{Index(0), Index(3)}, 1.0F}}));
    options.blend.weights[name] = 1;
  }
  Publish(std::move(models));
  store_.Record("u", EventType::kDetailPageView, "a");
  const Engine engine(store_, models_, counters_, clock_, options);

  const auto reply = engine.Recommend({.user_id = "u", .page_size = 1});

  ASSERT_THAT(reply, vitrine::testing::IsOk());
  EXPECT_THAT(reply->items.front().reasons,
              ElementsAre(Reason{.kind = Reason::Kind::kBecauseYouViewed, .item_id = "a"}));
}

TEST_F(ExplainTest, FeaturesAreOneTasteNamedByTheStrongest) {
  Publish({Content()});
  store_.Record("u", EventType::kDetailPageView, "a");

  const RecommendedItem best =
      Best({.user_id = "u", .explanation = ExplanationLevel::kContributions});

  EXPECT_THAT(best.reasons,
              ElementsAre(Reason{.kind = Reason::Kind::kMatchesYourTaste, .text = "brand: Acme"}));
  // Score 2 is the best, so 1 in units of the blend.
  ASSERT_THAT(best.contributions, SizeIs(3));
  EXPECT_EQ(best.contributions[0].feature, "brand: Acme");
  EXPECT_FLOAT_EQ(best.contributions[0].value, 0.75F);
  EXPECT_FLOAT_EQ(best.contributions[2].value, -0.125F);
}

TEST_F(ExplainTest, FeaturesOfTheOnlyItemOnThePageMeanLikeness) {
  Publish({Content()});

  EXPECT_THAT(Best({.cart_item_ids = {"b"}}).reasons,
              ElementsAre(Reason{.kind = Reason::Kind::kSimilarTo, .item_id = "b"}));
}

TEST_F(ExplainTest, PopularItemsArePopularOverallOrInACategory) {
  Publish({Explained(
      Popular(),
      {{.source = Contribution::Source::kFeature, .feature = "category: Home > Mugs", .value = 3},
       {.source = Contribution::Source::kBase, .value = 2}})});

  EXPECT_THAT(Best({}).reasons,
              ElementsAre(Reason{.kind = Reason::Kind::kPopularInCategory, .text = "Home > Mugs"},
                          Reason{.kind = Reason::Kind::kPopular}));
}

TEST_F(ExplainTest, AModelWithoutAnExplainerAnswersForItsPart) {
  Publish({Popular(), MakeFakeModel("content", ModelFamily::kContent, {4, 1})});
  store_.Record("u", EventType::kDetailPageView, "e");

  const RecommendedItem best =
      Best({.user_id = "u", .explanation = ExplanationLevel::kContributions});

  ASSERT_THAT(best.contributions, SizeIs(2));
  EXPECT_EQ(best.contributions[0].model, "most_popular");
  EXPECT_FLOAT_EQ(best.contributions[0].value, 1);
  EXPECT_EQ(best.contributions[1].model, "content");
  EXPECT_THAT(best.reasons, ElementsAre(Reason{.kind = Reason::Kind::kPopular}));
}

TEST_F(ExplainTest, TheBaseIsNamedAndAPartOfNoExplainerHasNoName) {
  Publish({Explained(Popular(), {{.source = Contribution::Source::kBase, .value = 5}}),
           MakeFakeModel("content", ModelFamily::kContent, {4, 1})});
  store_.Record("u", EventType::kDetailPageView, "e");

  const RecommendedItem best =
      Best({.user_id = "u", .explanation = ExplanationLevel::kContributions});

  ASSERT_THAT(best.contributions, SizeIs(2));
  EXPECT_EQ(best.contributions[0].model, "most_popular");
  EXPECT_EQ(best.contributions[0].feature, "base");
  EXPECT_EQ(best.contributions[1].model, "content");
  EXPECT_EQ(best.contributions[1].feature, "");
  EXPECT_THAT(best.reasons, ElementsAre(Reason{.kind = Reason::Kind::kPopular}));
}

TEST_F(ExplainTest, AnItemThatCausedAPartIsNoBase) {
  Publish({MakeFakeNeighbours("item_knn", 5, {{{Index(0), Index(3)}, 0.5F}})});
  store_.Record("u", EventType::kDetailPageView, "a");

  const RecommendedItem best =
      Best({.user_id = "u", .explanation = ExplanationLevel::kContributions});

  ASSERT_THAT(best.contributions, SizeIs(1));
  EXPECT_EQ(best.contributions[0].item_id, "a");
  EXPECT_EQ(best.contributions[0].feature, "");
}

TEST_F(ExplainTest, NewArrivalsAreNamedForAsLongAsConfigured) {
  Publish({Popular()});
  store_.Put({.id = "a", .publish_time_us = clock_.Now() - kMicrosPerDay});

  EXPECT_THAT(Best({}).reasons, ElementsAre(Reason{.kind = Reason::Kind::kPopular},
                                            Reason{.kind = Reason::Kind::kNewArrival}));
  clock_.Advance(14 * kMicrosPerDay);
  EXPECT_THAT(Best({}).reasons, ElementsAre(Reason{.kind = Reason::Kind::kPopular}));
}

TEST_F(ExplainTest, GivesThreeReasonsAtMost) {
  Publish({MakeFakeNeighbours("item_knn", 5,
                              {{{Index(0), Index(4)}, 0.4F},
                               {{Index(1), Index(4)}, 0.1F},
                               {{Index(2), Index(4)}, 0.3F},
                               {{Index(3), Index(4)}, 0.2F}})});
  for (const char* id : {"a", "b", "c", "d"}) store_.Record("u", EventType::kDetailPageView, id);
  store_.Put({.id = "e", .publish_time_us = clock_.Now()});

  EXPECT_THAT(Best({.user_id = "u"}).reasons,
              ElementsAre(Reason{.kind = Reason::Kind::kBecauseYouViewed, .item_id = "a"},
                          Reason{.kind = Reason::Kind::kBecauseYouViewed, .item_id = "c"},
                          Reason{.kind = Reason::Kind::kBecauseYouViewed, .item_id = "d"}));
}

TEST_F(ExplainTest, ContributionsSumToTheScoreOfEveryItem) {
  Publish({Popular(), Content(),
           MakeFakeNeighbours("item_knn", 5,
                              {{{Index(0), Index(3)}, 0.3F},
                               {{Index(1), Index(3)}, 0.7F},
                               {{Index(0), Index(2)}, 0.1F}})});
  store_.Record("u", EventType::kDetailPageView, "a");
  store_.Record("u", EventType::kDetailPageView, "b");

  const RecommendReply reply =
      Recommend({.user_id = "u", .explanation = ExplanationLevel::kContributions});

  ASSERT_THAT(reply.items, SizeIs(5));
  for (const RecommendedItem& item : reply.items) {
    EXPECT_THAT(item.contributions, Not(IsEmpty())) << item.item_id;
    EXPECT_NEAR(Sum(item.contributions), item.score, 1e-4) << item.item_id;
  }
}

TEST_F(ExplainTest, WhatCancelsOutIsGivenAsAWhole) {
  Publish({Explained(Popular(), {{.value = 1e6F}, {.value = -1e6F}})});

  const RecommendedItem best = Best({.explanation = ExplanationLevel::kContributions});

  ASSERT_THAT(best.contributions, SizeIs(1));
  EXPECT_FLOAT_EQ(best.contributions[0].value, best.score);
}

TEST_F(ExplainTest, SaysNothingUnlessAskedTo) {
  Publish({Popular()});

  const RecommendedItem silent = Best({.explanation = ExplanationLevel::kNone});
  const RecommendedItem reasons = Best({.explanation = ExplanationLevel::kReasons});

  EXPECT_THAT(silent.reasons, IsEmpty());
  EXPECT_THAT(silent.contributions, IsEmpty());
  EXPECT_THAT(reasons.contributions, IsEmpty());
}

}  // namespace
}  // namespace vitrine
