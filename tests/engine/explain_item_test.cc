// Engine::ExplainItem: what became of one item.
#include <gmock/gmock.h>

#include "engine/fake_shop.h"
#include "vitrine/base/random.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using vitrine::testing::MakeFakeNeighbours;
using vitrine::testing::StatusIs;

class ExplainItemTest : public vitrine::testing::FakeShop {
 protected:
  ExplainItemTest() { Publish({Popular()}); }

  ExplainItemReply Explain(const RecommendRequest& request, const std::string& item_id) const {
    auto reply = engine_.ExplainItem({.request = request, .item_id = item_id});
    EXPECT_THAT(reply, vitrine::testing::IsOk());
    return reply.ok() ? *std::move(reply) : ExplainItemReply();
  }
};

TEST_F(ExplainItemTest, AShownItemHasItsPlaceItsScoreAndItsParts) {
  const RecommendReply list = Recommend({.page_size = 2});

  const ExplainItemReply reply = Explain({.page_size = 2}, "b");

  EXPECT_EQ(reply.outcome, ItemOutcome::kShown);
  EXPECT_EQ(reply.rank, 2U);
  EXPECT_FLOAT_EQ(reply.score, list.items[1].score);
  EXPECT_THAT(reply.contributions, Not(IsEmpty()));
  EXPECT_THAT(reply.reasons, Not(IsEmpty()));
  EXPECT_EQ(reply.model_version, "v1");
}

TEST_F(ExplainItemTest, OneThatOthersAreBetterThanHasItsPlaceAndWhatItLacks) {
  const RecommendReply all = Recommend({});

  const ExplainItemReply reply = Explain({.page_size = 2}, "d");

  EXPECT_EQ(reply.outcome, ItemOutcome::kRankedLower);
  EXPECT_EQ(reply.rank, 4U);
  EXPECT_FLOAT_EQ(reply.score_gap, all.items[1].score - all.items[3].score);
  EXPECT_THAT(reply.contributions, Not(IsEmpty()));
}

TEST_F(ExplainItemTest, AnIdThatNothingIsKnownOfIsNoError) {
  EXPECT_EQ(Explain({}, "zebra").outcome, ItemOutcome::kUnknown);
}

TEST_F(ExplainItemTest, WhatNobodyCanHaveSaysWhy) {
  store_.Put({.id = "a", .availability = Availability::kOutOfStock});
  store_.Put({.id = "b", .stock = 0});
  store_.Put({.id = "c", .publish_time_us = clock_.Now() + kMicrosPerDay});

  for (const auto& [id, why] : {std::pair("a", "OUT_OF_STOCK"), std::pair("b", "stock is 0"),
                                std::pair("c", "publish_time")}) {
    const ExplainItemReply reply = Explain({}, id);
    EXPECT_EQ(reply.outcome, ItemOutcome::kNotServable) << id;
    EXPECT_THAT(reply.detail, HasSubstr(why));
  }
}

TEST_F(ExplainItemTest, TheClauseThatKeepsItOutIsNamed) {
  store_.Put({.id = "b", .brand = "Acme", .price = Money{30'000'000, "EUR"}});

  const ExplainItemReply by_price =
      Explain({.filter = R"(brand = "Acme" AND price < 20 AND NOT tags: "old")"}, "b");
  const ExplainItemReply by_category = Explain({.categories = {"Home", "Garden"}}, "b");

  EXPECT_EQ(by_price.outcome, ItemOutcome::kFiltered);
  EXPECT_EQ(by_price.detail, "filter: price: IN(*, 19.999999i)");
  EXPECT_EQ(by_category.outcome, ItemOutcome::kFiltered);
  EXPECT_THAT(by_category.detail, HasSubstr("\"Home\", \"Garden\""));
}

TEST_F(ExplainItemTest, ThePolicyThatExcludesItIsNamed) {
  store_.Record("u", EventType::kPurchaseComplete, "a");
  store_.Record("u", EventType::kNotInterested, "b");
  store_.Record("u", EventType::kDetailPageView, "c");
  const RecommendRequest request{.user_id = "u",
                                 .context_item_ids = {"d"},
                                 .exclude_item_ids = {"e"},
                                 .seen = SeenPolicy::kExcludeSeen};

  for (const auto& [id, why] :
       {std::pair("a", "bought"), std::pair("b", "not interested"), std::pair("c", "seen it"),
        std::pair("d", "context_item_ids"), std::pair("e", "exclude_item_ids")}) {
    const ExplainItemReply reply = Explain(request, id);
    EXPECT_EQ(reply.outcome, ItemOutcome::kExcluded) << id;
    EXPECT_THAT(reply.detail, HasSubstr(why));
  }
  EXPECT_THAT(Explain({.cart_item_ids = {"a"}}, "a").detail, HasSubstr("cart_item_ids"));
}

TEST_F(ExplainItemTest, AVariantOfWhatIsShownNamesThat) {
  store_.Put({.id = "b", .primary_item_id = "a"});

  const ExplainItemReply reply = Explain({}, "b");

  EXPECT_EQ(reply.outcome, ItemOutcome::kVariantShown);
  EXPECT_EQ(reply.other_item_id, "a");
}

TEST_F(ExplainItemTest, WhatNoModelKnowsWasNotRetrieved) {
  Publish({MakeFakeNeighbours("item_knn", 5, {{{ItemIndex{0}, ItemIndex{3}}, 1.0F}})});
  store_.Record("u", EventType::kDetailPageView, "a");

  const RecommendRequest request{.user_id = "u", .page_size = 1};
  EXPECT_EQ(Explain(request, "d").outcome, ItemOutcome::kShown);
  EXPECT_EQ(Explain(request, "e").outcome, ItemOutcome::kNotRetrieved);
}

TEST_F(ExplainItemTest, ALimitThatIsReachedIsNamedWhereTheItemIsGoodEnough) {
  for (const char* id : {"a", "b", "e"}) store_.Put({.id = id, .brand = "Acme"});
  const RecommendRequest request{.page_size = 2, .controls = {.max_per_brand = 1}};

  const ExplainItemReply limited = Explain(request, "b");
  const ExplainItemReply low = Explain(request, "e");

  EXPECT_EQ(limited.outcome, ItemOutcome::kLimited);
  EXPECT_THAT(limited.detail, HasSubstr("max_per_brand"));
  EXPECT_EQ(low.outcome, ItemOutcome::kRankedLower);
}

TEST_F(ExplainItemTest, ALimitThatLeavesAPageShortIsNamed) {
  for (const char* id : {"a", "b", "c", "d", "e"}) store_.Put({.id = id, .brand = "Acme"});

  const ExplainItemReply reply =
      Explain({.page_size = 5, .controls = {.max_per_brand = 1, .is_strict = true}}, "d");

  EXPECT_EQ(reply.outcome, ItemOutcome::kLimited);
  EXPECT_GT(reply.score_gap, 0);
}

TEST_F(ExplainItemTest, CategoriesCountHoweverTheyAreSpaced) {
  store_.Put({.id = "a", .categories = {"Home>Mugs"}});
  store_.Put({.id = "b", .categories = {"Home > Mugs"}});

  const ExplainItemReply reply =
      Explain({.page_size = 2, .controls = {.max_per_category = 1}}, "b");

  EXPECT_EQ(reply.outcome, ItemOutcome::kLimited);
  EXPECT_THAT(reply.detail, HasSubstr("max_per_category"));
}

TEST_F(ExplainItemTest, APinIsNoBackfillAndOneBehindThePageIsSaidToBe) {
  Publish({MakeFakeNeighbours("item_knn", 5, {{{ItemIndex{0}, ItemIndex{3}}, 1.0F}})});
  store_.Record("u", EventType::kDetailPageView, "a");
  RecommendRequest request{.user_id = "u", .page_size = 2, .controls = {.pins = {{"e", 1}}}};

  const ExplainItemReply shown = Explain(request, "e");
  request.controls.pins = {{"e", 9}};
  const ExplainItemReply behind = Explain(request, "e");

  EXPECT_EQ(shown.outcome, ItemOutcome::kShown);
  EXPECT_THAT(shown.detail, IsEmpty());
  EXPECT_EQ(behind.outcome, ItemOutcome::kRankedLower);
  EXPECT_THAT(behind.detail, HasSubstr("behind this page"));
}

TEST_F(ExplainItemTest, DiversityIsNamedOnlyWhereThereIsOne) {
  for (const char* id : {"a", "b"}) store_.Put({.id = id, .brand = "Acme"});
  const RecommendRequest varied{.page_size = 2,
                                .controls = {.diversity = {Diversity::Method::kMmr, 0.9}}};

  const std::vector<std::string> shown = RecommendedIds(varied);
  ASSERT_THAT(shown, Not(::testing::Contains("b")));
  EXPECT_THAT(Explain(varied, "b").detail, HasSubstr("diversity"));
  EXPECT_THAT(Explain({.page_size = 1}, "b").detail, Not(HasSubstr("diversity")));
}

// Whatever the request, an item is shown just when Recommend shows it, at the same place.
TEST_F(ExplainItemTest, AgreesWithTheListOfRandomRequests) {
  Random random(3);
  const std::vector<std::string> ids = {"a", "b", "c", "d", "e"};
  for (const std::string& id : ids) {
    store_.Put({.id = id, .brand = random.Below(2) == 0 ? "Acme" : "Zeta"});
  }
  for (int i = 0; i < 200; ++i) {
    RecommendRequest request{.page_size = 1 + random.Below(5)};
    if (random.Below(2) == 0) request.filter = "brand = Acme";
    if (random.Below(2) == 0) request.controls.max_per_brand = 1;
    if (random.Below(2) == 0) request.exclude_item_ids = {ids[random.Below(5)]};
    if (random.Below(3) == 0) request.controls.pins = {{ids[random.Below(5)], 1}};
    const std::vector<std::string> shown = RecommendedIds(request);
    for (const std::string& id : ids) {
      const ExplainItemReply reply = Explain(request, id);
      const auto place = std::find(shown.begin(), shown.end(), id);
      ASSERT_EQ(reply.outcome == ItemOutcome::kShown, place != shown.end());
      if (place != shown.end()) {
        ASSERT_EQ(reply.rank, static_cast<std::size_t>(place - shown.begin()) + 1);
      }
    }
  }
}

TEST_F(ExplainItemTest, WantsAnItemAndAFirstPage) {
  EXPECT_THAT(engine_.ExplainItem({}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(engine_.ExplainItem({.request = {.page_token = "x"}, .item_id = "a"}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace vitrine
