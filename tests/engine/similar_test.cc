#include "engine/fake_shop.h"

namespace vitrine {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using vitrine::testing::MakeFakeModel;
using vitrine::testing::MakeFakeNeighbours;
using vitrine::testing::StatusIs;

ItemIndex Index(std::uint32_t row) { return ItemIndex{row}; }

class SimilarTest : public vitrine::testing::FakeShop {
 protected:
  // "d" is most like "a", then "e".
  static Model Neighbours() {
    return MakeFakeNeighbours("item_knn", 5,
                              {{{Index(0), Index(3)}, 0.8F}, {{Index(0), Index(4)}, 0.4F}});
  }
};

TEST_F(SimilarTest, BlendsWhatComparesItems) {
  Publish(
      {Popular(), Neighbours(),
       MakeFakeModel("content", ModelFamily::kContent, {9, kUnscored, kUnscored, kUnscored, 2})});

  const RecommendReply reply = Similar({.item_id = "a", .page_size = 2});

  // e: 0.4 / 0.8 + 2 / 2; d: 1. What is popular has no say.
  EXPECT_THAT(Ids(reply), ElementsAre("e", "d"));
  EXPECT_FLOAT_EQ(reply.items[0].score, 1.5F);
  EXPECT_FLOAT_EQ(reply.items[1].score, 1);
  EXPECT_EQ(reply.model_version, "v1");
  EXPECT_THAT(reply.fallbacks, IsEmpty());
}

TEST_F(SimilarTest, TheReasonIsTheItem) {
  Publish({Neighbours()});

  const RecommendReply reply = Similar({.item_id = "a", .page_size = 2});

  EXPECT_THAT(reply.items,
              Each(Field(&RecommendedItem::reasons,
                         ElementsAre(Reason{.kind = Reason::Kind::kSimilarTo, .item_id = "a"}))));
}

TEST_F(SimilarTest, NeitherTheItemNorItsVariantsAreLikeIt) {
  Publish({MakeFakeModel("content", ModelFamily::kContent, {9, 8, 7, 6, 5})});
  store_.Put({.id = "b", .primary_item_id = "a"});

  EXPECT_THAT(Ids(Similar({.item_id = "a"})), ElementsAre("c", "d", "e"));
  EXPECT_THAT(Ids(Similar({.item_id = "b"})), ElementsAre("c", "d", "e"));
}

TEST_F(SimilarTest, WhatTheShopperOwnsAndWhatIsExcludedStaysOut) {
  Publish({MakeFakeModel("content", ModelFamily::kContent, {9, 8, 7, 6, 5})});
  store_.Record("u", EventType::kPurchaseComplete, "b");

  EXPECT_THAT(Ids(Similar({.item_id = "a", .user_id = "u", .exclude_item_ids = {"c"}})),
              ElementsAre("d", "e"));
}

TEST_F(SimilarTest, TheShoppersTasteHasNoSay) {
  Publish({Neighbours()});
  const auto before = Ids(Similar({.item_id = "b", .page_size = 1}));
  store_.Record("u", EventType::kDetailPageView, "a");  // Like "d".

  EXPECT_EQ(Ids(Similar({.item_id = "b", .user_id = "u", .page_size = 1})), before);
}

TEST_F(SimilarTest, FillsUpFromTheCategoryFirst) {
  store_.Put({.id = "a", .categories = {"Home > Mugs"}});
  store_.Put({.id = "c", .categories = {"Home > Mugs"}});
  store_.Put({.id = "e", .categories = {"Home > Mugs > Big"}});
  store_.SetPopularity({0, 9, 1, 8, 2});
  Publish({Popular()});

  const RecommendReply reply = Similar({.item_id = "a"});

  EXPECT_THAT(Ids(reply), ElementsAre("e", "c", "b", "d"));
  EXPECT_THAT(reply.items, Each(Field(&RecommendedItem::is_backfill, true)));
  EXPECT_THAT(reply.fallbacks, ElementsAre("backfill"));
}

TEST_F(SimilarTest, AnUnknownItemIsAnsweredWithWhatIsPopular) {
  store_.SetPopularity({0, 0, 9});
  Publish({MakeFakeModel("content", ModelFamily::kContent, {9, 8, 7, 6, 5})});

  const RecommendReply reply = Similar({.item_id = "no-such-item", .page_size = 2});

  EXPECT_THAT(Ids(reply), ElementsAre("c", "a"));
  EXPECT_THAT(reply.fallbacks, ElementsAre("unknown-item", "backfill"));
}

TEST_F(SimilarTest, AnItemKnownFromEventsAloneIsCompared) {
  const ItemIndex undescribed = store_.Name("only-in-events");
  Publish({MakeFakeNeighbours("item_knn", 6, {{{undescribed, Index(2)}, 1.0F}})});

  EXPECT_THAT(Ids(Similar({.item_id = "only-in-events", .page_size = 1})), ElementsAre("c"));
}

TEST_F(SimilarTest, WithoutModelsItSaysSo) {
  EXPECT_THAT(Similar({.item_id = "a"}).fallbacks, ElementsAre("no-model", "backfill"));
}

TEST_F(SimilarTest, RefusesWhatIsOutOfRange) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

  EXPECT_THAT(engine_.Similar({}), StatusIs(kInvalid));
  EXPECT_THAT(engine_.Similar({.item_id = "a", .page_size = 0}), StatusIs(kInvalid));
  EXPECT_THAT(
      engine_.Similar({.item_id = "a", .exclude_item_ids = std::vector<std::string>(1001, "b")}),
      StatusIs(kInvalid));
  EXPECT_THAT(engine_.Similar({.item_id = "a", .min_sequence = 1'000'000}),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace vitrine
