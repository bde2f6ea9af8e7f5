// Lists by placements, through the engine.
#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "engine/fake_shop.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/file_system.h"
#include "vitrine/engine/placements.h"

namespace vitrine {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::IsOk;
using testing::MakeFakeModel;
using testing::MakeFakeNeighbours;
using ::testing::Not;

class RecommendPlacementTest : public testing::FakeShop {
 protected:
  RecommendPlacementTest() {
    Publish({Popular()});
    store_.SetPopularity({1, 2, 3, 4, 5});
  }

  void Put(Placement placement) { ASSERT_THAT(placements_->Put(std::move(placement)), IsOk()); }

  RecommendReply Ask(const RecommendRequest& request) const {
    const auto reply = with_placements_.Recommend(request);
    EXPECT_THAT(reply, IsOk());
    return reply.ok() ? *reply : RecommendReply();
  }
  std::vector<std::string> AskedIds(const RecommendRequest& request) const {
    return Ids(Ask(request));
  }

  testing::TemporaryFolder folder_;
  std::unique_ptr<Placements> placements_ =
      *Placements::Open(LocalFileSystem(), folder_.path() + "/placements", {});
  Engine with_placements_{store_, models_, counters_, clock_, Options(), placements_.get()};
};

TEST_F(RecommendPlacementTest, WithoutAnyTheListIsForTheShopper) {
  const RecommendReply reply = Ask({.page_size = 2});

  EXPECT_THAT(Ids(reply), ElementsAre("a", "b"));
  EXPECT_EQ(reply.placement, "recommended-for-you");
  EXPECT_THAT(reply.fallbacks, Not(Contains("unknown-placement")));
}

TEST_F(RecommendPlacementTest, ANameThatNobodyMadeIsAnsweredAsTheDefaultAndSaysSo) {
  const RecommendReply reply = Ask({.placement = "home", .page_size = 2});

  EXPECT_THAT(Ids(reply), ElementsAre("a", "b"));
  EXPECT_EQ(reply.placement, "recommended-for-you");
  EXPECT_THAT(reply.fallbacks, Contains("unknown-placement"));
}

TEST_F(RecommendPlacementTest, WhatTheRequestLeavesOpenThePlacementSays) {
  store_.Record("ann", EventType::kDetailPageView, "a");
  Put({.name = "mine", .page_size = 3, .seen = SeenPolicy::kExcludeSeen});

  EXPECT_THAT(AskedIds({.user_id = "ann", .placement = "mine"}), ElementsAre("b", "c", "d"));
  EXPECT_THAT(AskedIds({.user_id = "ann", .placement = "mine", .page_size = 1}), ElementsAre("b"));
  EXPECT_THAT(AskedIds({.user_id = "ann", .placement = "mine", .seen = SeenPolicy::kAllowAll}),
              ElementsAre("a", "b", "c"));
}

TEST_F(RecommendPlacementTest, BothFiltersHold) {
  store_.Put({.id = "a", .brand = "Acme", .price = Money{5'000'000, "EUR"}});
  store_.Put({.id = "b", .brand = "Acme", .price = Money{50'000'000, "EUR"}});
  store_.Put({.id = "c", .brand = "Other", .price = Money{5'000'000, "EUR"}});
  Put({.name = "acme", .filter = "brand = Acme"});

  EXPECT_THAT(AskedIds({.placement = "acme"}), ElementsAre("a", "b"));
  EXPECT_THAT(AskedIds({.placement = "acme", .filter = "price < 10"}), ElementsAre("a"));
}

TEST_F(RecommendPlacementTest, OwnWeightsAskOtherModelsAndLiveScorers) {
  Publish({Popular(), MakeFakeModel("ease", ModelFamily::kBehaviour, {1, 2, 3, 4, 5})});
  Put({.name = "ease-alone", .weights = {{"ease", 1}}, .page_size = 2});
  store_.SetTrends({1, 1, 3, 0.5F, 2});

  EXPECT_THAT(AskedIds({.page_size = 2}), ElementsAre("a", "b"));
  EXPECT_THAT(AskedIds({.placement = "ease-alone"}), ElementsAre("e", "d"));
  EXPECT_THAT(AskedIds({.placement = "trending", .page_size = 2}), ElementsAre("c", "e"));
}

TEST_F(RecommendPlacementTest, WhatTheModelsLeaveIsFilledByFallbacksThenByWhatSells) {
  store_.SetTrends({1, 1, 3, 1, 1});
  Put({.name = "mine", .weights = {{"trending", 1}}, .fallbacks = {"recommended-for-you"}});

  const RecommendReply reply = Ask({.placement = "mine", .page_size = 3});
  EXPECT_THAT(Ids(reply), ElementsAre("c", "a", "b"));
  EXPECT_EQ(reply.placement, "mine");
  EXPECT_THAT(reply.fallbacks, Contains("fallback-placement"));
  EXPECT_FALSE(reply.items[1].is_backfill);

  const RecommendReply without = Ask({.placement = "trending", .page_size = 3});
  EXPECT_THAT(Ids(without), ElementsAre("c", "e", "d"));
  EXPECT_TRUE(without.items[1].is_backfill);
  EXPECT_THAT(without.fallbacks, Not(Contains("fallback-placement")));
}

TEST_F(RecommendPlacementTest, WhatRisesIsTrendingAndWhatFillsUpIsNot) {
  store_.SetTrends({1, 1, 3, 1, 1});

  const RecommendReply reply = Ask({.placement = "trending", .page_size = 2});

  ASSERT_THAT(Ids(reply), ElementsAre("c", "e"));
  EXPECT_THAT(reply.items[0].reasons, ElementsAre(Reason{.kind = Reason::Kind::kTrending}));
  EXPECT_THAT(reply.items[1].reasons, ElementsAre(Reason{.kind = Reason::Kind::kBackfill}));
}

TEST_F(RecommendPlacementTest, AStrictListHasOnlyWhatItsModelsSay) {
  store_.SetTrends({1, 1, 3, 1, 1});
  Put({.name = "mine", .weights = {{"trending", 1}}, .fallbacks = {"recommended-for-you"}});

  EXPECT_THAT(AskedIds({.placement = "mine", .controls = {.is_strict = true}}), ElementsAre("c"));
}

TEST_F(RecommendPlacementTest, PagesGoOnThroughTheFallbacks) {
  store_.SetTrends({1, 1, 3, 1, 2});
  Put({.name = "mine", .weights = {{"trending", 1}}, .fallbacks = {"recommended-for-you"}});
  RecommendRequest request{.placement = "mine", .page_size = 1};
  std::vector<std::string> all;
  for (int page = 0; page < 6; ++page) {
    const RecommendReply reply = Ask(request);
    for (const RecommendedItem& item : reply.items) all.push_back(item.item_id);
    request.page_token = reply.next_page_token;
    if (request.page_token.empty()) break;
  }

  EXPECT_THAT(all, ElementsAre("c", "e", "a", "b", "d"));
}

TEST_F(RecommendPlacementTest, RecentlyViewedIsTheLatestFirst) {
  for (const char* id : {"a", "b", "c", "b"}) {
    store_.Record("ann", EventType::kDetailPageView, id);
  }
  store_.Record("ann", EventType::kPurchaseComplete, "e");

  const RecommendReply reply =
      Ask({.user_id = "ann", .placement = "recently-viewed", .page_size = 3});
  EXPECT_THAT(Ids(reply), ElementsAre("b", "c", "a"));
  EXPECT_THAT(reply.items[0].reasons,
              Contains(Reason{.kind = Reason::Kind::kBecauseYouViewed, .item_id = "b"}));
}

TEST_F(RecommendPlacementTest, BuyItAgainShowsOnlyWhatWasBought) {
  for (const char* id : {"a", "d"}) store_.Record("ann", EventType::kPurchaseComplete, id);
  store_.Record("ann", EventType::kDetailPageView, "c");

  EXPECT_THAT(
      AskedIds({.user_id = "ann", .placement = "buy-it-again", .controls = {.is_strict = true}}),
      ElementsAre("d", "a"));
}

TEST_F(RecommendPlacementTest, NewArrivalsAreYoung) {
  const Micros now = clock_.Now();
  store_.Put({.id = "b", .publish_time_us = now - 40 * kMicrosPerDay});
  store_.Put({.id = "c", .publish_time_us = now - 20 * kMicrosPerDay});
  store_.Put({.id = "d", .publish_time_us = now + kMicrosPerDay});

  EXPECT_THAT(AskedIds({.placement = "new-arrivals", .controls = {.is_strict = true}}),
              ElementsAre("c"));
}

TEST_F(RecommendPlacementTest, OnSaleIsCheaperThanBefore) {
  store_.Put({.id = "b",
              .price = Money{7'500'000, "EUR"},
              .attributes = {{"original_price", AttributeValue(10.0)}}});
  store_.Put({.id = "c",
              .price = Money{10'000'000, "EUR"},
              .attributes = {{"original_price", AttributeValue(10.0)}}});

  EXPECT_THAT(AskedIds({.placement = "on-sale", .controls = {.is_strict = true}}),
              ElementsAre("b"));
}

TEST_F(RecommendPlacementTest, PopularInCategoryTakesTheCategoriesOfThePage) {
  store_.Put({.id = "a", .categories = {"Home > Mugs"}});
  store_.Put({.id = "b", .categories = {"Garden"}});
  store_.Put({.id = "c", .categories = {"Home > Mugs"}});
  store_.Put({.id = "e", .categories = {"Garden"}});

  EXPECT_THAT(AskedIds({.placement = "popular-in-category", .context_item_ids = {"a"}}),
              ElementsAre("c"));
  EXPECT_THAT(AskedIds({.placement = "popular-in-category",
                        .context_item_ids = {"a"},
                        .categories = {"Garden"}}),
              ElementsAre("e", "b"));
}

TEST_F(RecommendPlacementTest, BoughtTogetherAsksOfThePageAndSaysWhy) {
  Model together = MakeFakeNeighbours(
      "bought_together", 5, {{{ItemIndex{0}, ItemIndex{3}}, 1}, {{ItemIndex{1}, ItemIndex{4}}, 1}});
  together.kind = "bought_together";
  Publish({Popular(), std::move(together)});

  const RecommendReply page = Ask({.placement = "frequently-bought-together",
                                   .context_item_ids = {"a"},
                                   .cart_item_ids = {"b"},
                                   .controls = {.is_strict = true}});
  EXPECT_THAT(Ids(page), ElementsAre("d"));
  EXPECT_THAT(page.items[0].reasons,
              Contains(Reason{.kind = Reason::Kind::kBoughtTogether, .item_id = "a"}));
  EXPECT_THAT(AskedIds({.placement = "complete-the-cart",
                        .context_item_ids = {"a"},
                        .cart_item_ids = {"b"},
                        .controls = {.is_strict = true}}),
              ElementsAre("e"));
}

TEST_F(RecommendPlacementTest, ModelsOfPlacementsAloneCostTheDefaultNothing) {
  Publish({Popular(), MakeFakeModel("ease", ModelFamily::kBehaviour, {1, 2, 3, 4, 500})});

  const RecommendReply reply =
      Ask({.page_size = 1, .explanation = ExplanationLevel::kContributions});
  EXPECT_THAT(Ids(reply), ElementsAre("a"));
  for (const ScorePart& part : reply.items[0].contributions) EXPECT_NE(part.model, "ease");
}

TEST_F(RecommendPlacementTest, EveryBuiltInAnswersANewShopperWithAFullPage) {
  for (const auto& [name, entry] : *placements_->All()) {
    const RecommendReply reply = Ask({.user_id = "nobody", .placement = name, .page_size = 3});
    EXPECT_EQ(reply.items.size(), 3U) << name;
    EXPECT_EQ(reply.placement, name);
  }
}

TEST_F(RecommendPlacementTest, TheQuestionWhyNotNamesThePlacementsOwnRules) {
  store_.Put({.id = "a", .brand = "Acme"});
  Put({.name = "acme", .filter = "brand = Acme"});
  store_.Record("ann", EventType::kPurchaseComplete, "b");

  const auto filtered = with_placements_.ExplainItem(
      {.request = {.placement = "acme", .page_size = 1}, .item_id = "c"});
  ASSERT_THAT(filtered, IsOk());
  EXPECT_EQ(filtered->outcome, ItemOutcome::kFiltered);
  EXPECT_EQ(filtered->detail, "filter: brand = \"Acme\"");

  const auto not_bought = with_placements_.ExplainItem(
      {.request = {.user_id = "ann", .placement = "buy-it-again", .page_size = 1}, .item_id = "c"});
  ASSERT_THAT(not_bought, IsOk());
  EXPECT_EQ(not_bought->outcome, ItemOutcome::kFiltered);
}

TEST_F(RecommendPlacementTest, AnItemOfAFallbackIsShown) {
  store_.SetTrends({1, 1, 3, 1, 1});
  Put({.name = "mine", .weights = {{"trending", 1}}, .fallbacks = {"recommended-for-you"}});

  const auto shown = with_placements_.ExplainItem(
      {.request = {.placement = "mine", .page_size = 3}, .item_id = "a"});
  ASSERT_THAT(shown, IsOk());
  EXPECT_EQ(shown->outcome, ItemOutcome::kShown);
  EXPECT_EQ(shown->rank, 2U);
}

TEST_F(RecommendPlacementTest, AFallbackChangesNothingOfWhatTheFirstShows) {
  store_.SetTrends({1, 1, 3, 1, 1});
  Put({.name = "mine", .weights = {{"trending", 1}}, .fallbacks = {"recommended-for-you"}});

  const auto shown = with_placements_.ExplainItem(
      {.request = {.placement = "mine", .page_size = 3}, .item_id = "c"});
  ASSERT_THAT(shown, IsOk());
  EXPECT_EQ(shown->outcome, ItemOutcome::kShown);
  EXPECT_EQ(shown->rank, 1U);
}

TEST_F(RecommendPlacementTest, APinWaitsForItsPlaceThroughTheFallbacks) {
  store_.SetTrends({1, 1, 3, 1, 1});
  Put({.name = "mine", .weights = {{"trending", 1}}, .fallbacks = {"recommended-for-you"}});
  RecommendRequest request{.placement = "mine", .page_size = 3, .controls = {.pins = {{"e", 3}}}};

  EXPECT_THAT(AskedIds(request), ElementsAre("c", "a", "e"));
  request.controls.pins = {{"e", 4}};
  const RecommendReply first = Ask(request);
  EXPECT_THAT(Ids(first), ElementsAre("c", "a", "b"));
  request.page_token = first.next_page_token;
  EXPECT_THAT(AskedIds(request), ElementsAre("e", "d"));
}

TEST_F(RecommendPlacementTest, AnExposureCountsWhatSectionsBeforeShow) {
  const Micros now = clock_.Now();
  for (const char* id : {"c", "e"}) store_.Put({.id = id, .publish_time_us = now - 1});
  store_.SetTrends({1, 1, 3, 1, 1});
  Put({.name = "old", .filter = "NOT publish_time:*"});
  Put({.name = "mine",
       .weights = {{"trending", 1}},
       .controls = {.exposure = {Exposure::Group::kNew, 0.34}},
       .fallbacks = {"old"}});

  EXPECT_THAT(AskedIds({.placement = "mine", .page_size = 4}), ElementsAre("c", "a", "b", "d"));
}

TEST_F(RecommendPlacementTest, WhoIsKnownIsNotColdWhereThePageSaysNothing) {
  store_.Record("ann", EventType::kDetailPageView, "a");

  EXPECT_THAT(Ask({.user_id = "ann", .placement = "similar-items", .page_size = 2}).fallbacks,
              Not(Contains("cold-shopper")));
}

TEST_F(RecommendPlacementTest, NobodyIsToldWhyOnceTheyHaveGone) {
  const auto gone =
      with_placements_.ExplainItem({.request = {.is_gone = [] { return true; }}, .item_id = "a"});

  EXPECT_THAT(gone, testing::StatusIs(absl::StatusCode::kCancelled));
}

TEST_F(RecommendPlacementTest, AChangeCountsFromTheNextRequestOn) {
  Put({.name = "mine", .page_size = 1});
  EXPECT_THAT(AskedIds({.placement = "mine"}), ElementsAre("a"));
  Put({.name = "mine", .weights = {{"live_popular", 1}}, .page_size = 1});
  EXPECT_THAT(AskedIds({.placement = "mine"}), ElementsAre("e"));
}

}  // namespace
}  // namespace vitrine
