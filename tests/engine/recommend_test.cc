#include <cmath>
#include <limits>
#include <set>
#include <thread>

#include "engine/fake_shop.h"

namespace vitrine {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;
using vitrine::testing::IsOk;
using vitrine::testing::MakeFakeModel;
using vitrine::testing::MakeFakeNeighbours;
using vitrine::testing::StatusIs;

constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

ItemIndex Index(std::uint32_t row) { return ItemIndex{row}; }

class RecommendTest : public vitrine::testing::FakeShop {
 protected:
  // Who touched "a" likes "d" most, then "e".
  static Model Neighbours() {
    return MakeFakeNeighbours("item_knn", 5,
                              {{{Index(0), Index(3)}, 0.8F}, {{Index(0), Index(4)}, 0.4F}});
  }
};

TEST_F(RecommendTest, WithoutAModelItShowsWhatIsPopularNow) {
  store_.SetPopularity({1, 0, 9});

  const RecommendReply reply = Recommend({});

  EXPECT_THAT(Ids(reply), ElementsAre("c", "a", "b", "d", "e"));
  EXPECT_THAT(reply.items, Each(Field(&RecommendedItem::is_backfill, true)));
  EXPECT_THAT(reply.items, Each(Field(&RecommendedItem::score, 0)));
  EXPECT_THAT(reply.fallbacks, ElementsAre("no-model", "backfill"));
  EXPECT_EQ(reply.model_version, "");
}

TEST_F(RecommendTest, CountsEveryFallback) {
  Recommend({});
  Publish({Popular()});
  Recommend({.page_size = 2});

  EXPECT_THAT(counters_.Read(),
              ::testing::AllOf(Contains(Pair("engine.fallback.no-model", 1)),
                               Contains(Pair("engine.fallback.backfill", 1)),
                               Contains(Pair("engine.fallback.cold-shopper", 1))));
}

TEST_F(RecommendTest, AModelSetThatIsPublishedAnswersTheNextRequest) {
  Publish({Popular()});
  EXPECT_THAT(RecommendedIds({.page_size = 2}), ElementsAre("a", "b"));

  Publish({MakeFakeModel("most_popular", ModelFamily::kPopularity, {1, 2, 3, 4, 5})});

  EXPECT_THAT(RecommendedIds({.page_size = 2}), ElementsAre("e", "d"));
}

TEST_F(RecommendTest, AColdShopperSeesWhatIsPopularAndTheReplySaysSo) {
  Publish({Popular(), Neighbours()});

  const RecommendReply reply = Recommend({.user_id = "nobody", .page_size = 3});

  EXPECT_THAT(Ids(reply), ElementsAre("a", "b", "c"));
  EXPECT_THAT(reply.fallbacks, ElementsAre("cold-shopper"));
  EXPECT_EQ(reply.model_version, "v1");
}

TEST_F(RecommendTest, TheNextAnswerReflectsAnEvent) {
  Publish({Popular(), Neighbours()});
  EXPECT_THAT(RecommendedIds({.user_id = "u", .page_size = 2}), ElementsAre("a", "b"));

  store_.Record("u", EventType::kPurchaseComplete, "a");
  const RecommendReply reply = Recommend({.user_id = "u"});

  // Bought: gone. d: 2/4 + 1; e: 1/4 + 0.5; b: 1; c: 3/4, relative to the best that is left.
  EXPECT_THAT(Ids(reply), ElementsAre("d", "b", "c", "e"));
  EXPECT_FLOAT_EQ(reply.items[0].score, 1.5F);
  EXPECT_THAT(reply.fallbacks, IsEmpty());
}

TEST_F(RecommendTest, UserAndVisitorAreOneShopper) {
  Publish({Popular(), Neighbours()});
  store_.Record("visitor", EventType::kDetailPageView, "a");
  store_.Record("user", EventType::kPurchaseComplete, "b");

  const auto ids = RecommendedIds({.user_id = "user", .visitor_id = "visitor"});

  EXPECT_THAT(ids, ::testing::AllOf(Not(Contains("b")), Contains("a")));
  EXPECT_EQ(ids.front(), "d");
}

TEST_F(RecommendTest, ByDefaultWhatIsOwnedOrRefusedStaysOut) {
  Publish({Popular()});
  store_.Record("u", EventType::kPurchaseComplete, "a");
  store_.Record("u", EventType::kDetailPageView, "b");
  store_.Record("u", EventType::kNotInterested, "c");

  EXPECT_THAT(RecommendedIds({.user_id = "u"}), ElementsAre("b", "d", "e"));
}

TEST_F(RecommendTest, WhatWasReturnedIsNotOwned) {
  Publish({Popular()});
  store_.Record("u", EventType::kPurchaseComplete, "a", 2);
  store_.Record("u", EventType::kReturnComplete, "a", 1);
  store_.Record("u", EventType::kPurchaseComplete, "b", 2);
  store_.Record("u", EventType::kReturnComplete, "b", 2);

  EXPECT_THAT(RecommendedIds({.user_id = "u"}), ElementsAre("b", "c", "d", "e"));
}

TEST_F(RecommendTest, WhatWasSeenStaysOutOnRequest) {
  Publish({Popular()});
  store_.Record("u", EventType::kDetailPageView, "b");
  store_.Record("u", EventType::kPurchaseComplete, "c");

  EXPECT_THAT(RecommendedIds({.user_id = "u", .seen = SeenPolicy::kExcludeSeen}),
              ElementsAre("a", "d", "e"));
}

TEST_F(RecommendTest, AllowingAllKeepsOutOnlyWhatWasRefused) {
  Publish({Popular()});
  store_.Record("u", EventType::kPurchaseComplete, "a");
  store_.Record("u", EventType::kNotInterested, "b");

  EXPECT_THAT(RecommendedIds({.user_id = "u", .seen = SeenPolicy::kAllowAll}),
              ElementsAre("a", "c", "d", "e"));
}

TEST_F(RecommendTest, ThePageAndItsExclusionsAreNotShown) {
  Publish({Popular()});

  EXPECT_THAT(RecommendedIds({.context_item_ids = {"a", "unknown"},
                              .cart_item_ids = {"b"},
                              .exclude_item_ids = {"d", "unknown"}}),
              ElementsAre("c", "e"));
}

TEST_F(RecommendTest, ThePageCountsLikeHistory) {
  Publish({Popular(), Neighbours()});

  const RecommendReply reply = Recommend({.context_item_ids = {"a"}, .page_size = 1});

  EXPECT_THAT(Ids(reply), ElementsAre("d"));
  EXPECT_THAT(reply.fallbacks, IsEmpty());
}

TEST_F(RecommendTest, WhatIsOutOfStockIsGoneFromTheNextAnswer) {
  Publish({Popular()});
  EXPECT_EQ(RecommendedIds({.page_size = 1}).front(), "a");

  store_.Put({.id = "a", .stock = 0});
  EXPECT_THAT(RecommendedIds({}), ElementsAre("b", "c", "d", "e"));

  store_.Put({.id = "a", .stock = 1});
  EXPECT_EQ(RecommendedIds({.page_size = 1}).front(), "a");
}

TEST_F(RecommendTest, WhatIsRetiredOrNeverDescribedIsNotShown) {
  Publish({MakeFakeModel("most_popular", ModelFamily::kPopularity, {5, 4, 3, 2, 1, 9})});
  store_.Retire("b");
  store_.Record("someone", EventType::kDetailPageView, "only-in-events");

  EXPECT_THAT(RecommendedIds({}), ElementsAre("a", "c", "d", "e"));
}

TEST_F(RecommendTest, AnItemIsShownFromItsPublishTimeOn) {
  Publish({Popular()});
  store_.Put({.id = "a", .publish_time_us = clock_.Now() + 10});
  EXPECT_EQ(RecommendedIds({.page_size = 1}).front(), "b");

  clock_.Advance(10);

  EXPECT_EQ(RecommendedIds({.page_size = 1}).front(), "a");
}

TEST_F(RecommendTest, FiltersByCategoryPath) {
  Publish({Popular()});
  store_.Put({.id = "b", .categories = {"Home > Kitchen > Mugs"}});
  store_.Put({.id = "d", .categories = {"Garden", "Home"}});
  store_.Put({.id = "e", .categories = {"Home Office"}});

  EXPECT_THAT(RecommendedIds({.categories = {"Home"}}), ElementsAre("b", "d"));
  EXPECT_THAT(RecommendedIds({.categories = {"Home > Kitchen"}}), ElementsAre("b"));
  EXPECT_THAT(RecommendedIds({.categories = {"Garden", "Home Office"}}), ElementsAre("d", "e"));
  EXPECT_THAT(RecommendedIds({.categories = {"Toys"}}), IsEmpty());
}

TEST_F(RecommendTest, ACategoryThatIsChangedCountsInTheNextAnswer) {
  Publish({Popular()});
  store_.Put({.id = "b", .categories = {"Home"}});
  EXPECT_THAT(RecommendedIds({.categories = {"Home"}}), ElementsAre("b"));

  store_.Put({.id = "c", .categories = {"Home"}});
  store_.Put({.id = "b", .categories = {"Toys"}});

  EXPECT_THAT(RecommendedIds({.categories = {"Home"}}), ElementsAre("c"));
}

TEST_F(RecommendTest, ShowsTheBestVariantOfAProductOnly) {
  Publish({Popular()});
  store_.Put({.id = "a", .primary_item_id = "c"});
  store_.Put({.id = "d", .primary_item_id = "c"});

  EXPECT_THAT(RecommendedIds({}), ElementsAre("a", "b", "e"));
  EXPECT_THAT(RecommendedIds({.context_item_ids = {"d"}}), ElementsAre("b", "e"));
}

TEST_F(RecommendTest, FindsEnoughProductsAmongManyVariants) {
  std::vector<float> scores(5, 1);
  for (int i = 0; i < 400; ++i) {
    store_.Put({.id = "variant-" + std::to_string(i), .primary_item_id = "a"});
    scores.push_back(10);
  }
  Publish({MakeFakeModel("most_popular", ModelFamily::kPopularity, scores)});

  const RecommendReply reply = Recommend({.page_size = 4});

  EXPECT_THAT(Ids(reply), ElementsAre("variant-0", "b", "c", "d"));
  EXPECT_THAT(reply.fallbacks, Not(Contains("backfill")));
}

TEST_F(RecommendTest, FillsUpFromWhatIsPopularWhenTheModelsHaveTooFew) {
  Publish({Neighbours()});
  store_.Record("u", EventType::kDetailPageView, "a");
  store_.SetPopularity({0, 1, 5, 9, 9});

  const RecommendReply reply = Recommend({.user_id = "u", .page_size = 4});

  EXPECT_THAT(Ids(reply), ElementsAre("d", "e", "c", "b"));
  EXPECT_FALSE(reply.items[1].is_backfill);
  EXPECT_TRUE(reply.items[2].is_backfill);
  EXPECT_THAT(reply.items[2].reasons, ElementsAre(Reason{.kind = Reason::Kind::kBackfill}));
  EXPECT_THAT(reply.fallbacks, ElementsAre("backfill"));
}

TEST_F(RecommendTest, BackfillKeepsEveryFilter) {
  store_.SetPopularity({9, 8, 7, 6, kNaN});
  store_.Put({.id = "a", .categories = {"Home"}});
  store_.Put({.id = "b", .categories = {"Home"}});
  store_.Put({.id = "c", .primary_item_id = "b", .categories = {"Home"}});
  store_.Put({.id = "e", .categories = {"Home"}});
  store_.Record("u", EventType::kPurchaseComplete, "a");

  EXPECT_THAT(RecommendedIds({.user_id = "u", .categories = {"Home"}}), ElementsAre("b", "e"));
}

TEST_F(RecommendTest, ABrokenModelDoesNotSpoilTheAnswer) {
  Publish(
      {Popular(), MakeFakeModel("content", ModelFamily::kContent, {kNaN, kNaN, kNaN, 1, kNaN})});
  store_.Record("u", EventType::kDetailPageView, "a");

  const RecommendReply reply =
      Recommend({.user_id = "u", .explanation = ExplanationLevel::kContributions});

  EXPECT_THAT(Ids(reply), ElementsAre("d", "a", "b", "c", "e"));
  for (const RecommendedItem& item : reply.items) EXPECT_TRUE(std::isfinite(item.score));
}

TEST_F(RecommendTest, CarriesTheItemAsTheCatalogueHasItNow) {
  Publish({Popular()});
  store_.Put({.id = "a", .title = "A mug"});

  EXPECT_EQ(Recommend({.page_size = 1}).items.front().item->title, "A mug");
}

TEST_F(RecommendTest, SaysWhichStateItReflectsAndRefusesALaterOne) {
  const std::uint64_t sequence = store_.sequence();

  EXPECT_EQ(Recommend({.min_sequence = sequence}).sequence, sequence);
  const auto refused = engine_.Recommend({.min_sequence = sequence + 1});
  ASSERT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(std::string(refused.status().message()),
              HasSubstr("state " + std::to_string(sequence + 1)));
}

TEST_F(RecommendTest, RefusesWhatIsOutOfRange) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  const auto ids = [](std::size_t count) { return std::vector<std::string>(count, "a"); };

  EXPECT_THAT(engine_.Recommend({.page_size = 201}), StatusIs(kInvalid));
  EXPECT_THAT(engine_.Recommend({.page_size = 200}), IsOk());
  EXPECT_THAT(engine_.Recommend({.context_item_ids = ids(101)}), StatusIs(kInvalid));
  EXPECT_THAT(engine_.Recommend({.cart_item_ids = ids(101)}), StatusIs(kInvalid));
  EXPECT_THAT(engine_.Recommend({.exclude_item_ids = ids(1001)}), StatusIs(kInvalid));
  EXPECT_THAT(engine_.Recommend({.categories = ids(21)}), StatusIs(kInvalid));
}

TEST_F(RecommendTest, AnswersWhileModelsAndItemsChange) {
  Publish({Popular()});
  std::thread writer([&] {
    for (int i = 0; i < 200; ++i) {
      Publish({Popular(), Neighbours()});
      store_.Record("u", EventType::kDetailPageView, "a");
      store_.Put({.id = "e", .categories = {i % 2 == 0 ? "Home" : "Garden"}});
    }
  });
  for (int i = 0; i < 200; ++i) {
    EXPECT_THAT(RecommendedIds({.user_id = "u"}), SizeIs(5));
    EXPECT_THAT(engine_.Recommend({.user_id = "u", .categories = {"Home"}}), IsOk());
  }
  writer.join();
}

TEST_F(RecommendTest, RowsOfOnePageShareNoProduct) {
  Publish({Popular()});
  store_.Put({.id = "e", .primary_item_id = "a"});
  const std::vector<RecommendRequest> rows = {{.page_size = 2}, {.page_size = 1}, {.page_size = 5}};

  const auto replies = engine_.RecommendRows(rows);

  ASSERT_THAT(replies, vitrine::testing::IsOk());
  ASSERT_EQ(replies->size(), 3U);
  EXPECT_THAT(Ids((*replies)[0]), ElementsAre("a", "b"));
  EXPECT_THAT(Ids((*replies)[1]), ElementsAre("c"));
  EXPECT_THAT(Ids((*replies)[2]), ElementsAre("d"));  // "e" is a variant of "a".
}

TEST_F(RecommendTest, BackfillOfARowIsNotThatOfAnother) {
  const std::vector<RecommendRequest> rows = {{.page_size = 3}, {.page_size = 3}};

  const auto replies = engine_.RecommendRows(rows);

  ASSERT_THAT(replies, vitrine::testing::IsOk());
  std::set<std::string> ids;
  for (const RecommendReply& reply : *replies) {
    for (const std::string& id : Ids(reply)) EXPECT_TRUE(ids.insert(id).second) << id;
  }
  EXPECT_EQ(ids.size(), 5U);
}

TEST_F(RecommendTest, APageWantsSomeRowsButNotTooMany) {
  const std::vector<RecommendRequest> many(kMaxRows + 1);
  std::vector<RecommendRequest> bad(2);
  bad[1].page_size = 201;

  EXPECT_THAT(engine_.RecommendRows({}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(engine_.RecommendRows(many), StatusIs(absl::StatusCode::kInvalidArgument));
  const auto refused = engine_.RecommendRows(bad);
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(refused.status().message()), ::testing::HasSubstr("rows[1]: page_size"));
}

}  // namespace
}  // namespace vitrine
