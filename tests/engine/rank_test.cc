#include "engine/fake_shop.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using vitrine::testing::MakeFakeModel;
using vitrine::testing::MakeFakeNeighbours;
using vitrine::testing::StatusIs;

class RankTest : public vitrine::testing::FakeShop {};

TEST_F(RankTest, ReturnsEveryItemBestFirst) {
  Publish({Popular()});

  const RecommendReply reply = Rank({.item_ids = {"d", "a", "c"}});

  EXPECT_THAT(Ids(reply), ElementsAre("a", "c", "d"));
  EXPECT_FLOAT_EQ(reply.items[1].score, 3.0F / 5);  // In units of the best of the whole shop.
}

TEST_F(RankTest, TiesGoToTheSmallerIndexWhateverTheCallersOrder) {
  Publish({MakeFakeModel("most_popular", ModelFamily::kPopularity, {1, 1, 1})});

  EXPECT_THAT(Ids(Rank({.item_ids = {"c", "a", "b"}})), ElementsAre("a", "b", "c"));
}

TEST_F(RankTest, WhatNoModelKnowsComesByPopularityAndUnknownIdsLast) {
  Publish({MakeFakeModel("most_popular", ModelFamily::kPopularity, {1, 2})});
  store_.SetPopularity({0, 0, 3, 5, 3});

  const RecommendReply reply = Rank({.item_ids = {"zzz", "e", "c", "a", "d", "nothing", "b"}});

  ASSERT_THAT(Ids(reply), ElementsAre("b", "a", "d", "e", "c", "zzz", "nothing"));
  EXPECT_FALSE(reply.items[1].is_backfill);
  EXPECT_TRUE(reply.items[2].is_backfill);
  EXPECT_TRUE(reply.items[4].is_known);
  EXPECT_FALSE(reply.items[5].is_known);
  EXPECT_EQ(reply.items[5].score, 0);
  EXPECT_THAT(reply.fallbacks, ElementsAre("cold-shopper", "backfill"));
}

TEST_F(RankTest, FiltersNothing) {
  Publish({Popular()});
  store_.Record("u", EventType::kNotInterested, "b");
  store_.Record("u", EventType::kPurchaseComplete, "c");
  store_.Put({.id = "a", .stock = 0});
  store_.Retire("d");

  EXPECT_THAT(Rank({.user_id = "u", .item_ids = {"a", "b", "c", "d"}}).items, SizeIs(4));
}

TEST_F(RankTest, DependsOnTheShopperAndThePage) {
  Publish({Popular(), MakeFakeNeighbours("item_knn", 5,
                                         {{{ItemIndex{0}, ItemIndex{3}}, 1.0F},
                                          {{ItemIndex{1}, ItemIndex{4}}, 1.0F}})});
  store_.Record("u", EventType::kDetailPageView, "a");

  EXPECT_THAT(Ids(Rank({.item_ids = {"c", "d", "e"}})), ElementsAre("c", "d", "e"));
  EXPECT_THAT(Ids(Rank({.user_id = "u", .item_ids = {"c", "d", "e"}})), ElementsAre("d", "c", "e"));
  EXPECT_THAT(Ids(Rank({.item_ids = {"c", "d", "e"}, .context_item_ids = {"b"}})),
              ElementsAre("e", "c", "d"));
}

TEST_F(RankTest, WithoutModelsItRanksByWhatIsPopularNow) {
  store_.SetPopularity({0, 3, 5});

  const RecommendReply reply = Rank({.item_ids = {"a", "b", "c"}});

  EXPECT_THAT(Ids(reply), ElementsAre("c", "b", "a"));
  EXPECT_THAT(reply.fallbacks, ElementsAre("no-model", "backfill"));
}

TEST_F(RankTest, GivesReasonsOnlyWhenAsked) {
  Publish({Popular()});

  EXPECT_THAT(Rank({.item_ids = {"a"}}).items.front().reasons, IsEmpty());
  EXPECT_THAT(
      Rank({.item_ids = {"a"}, .explanation = ExplanationLevel::kReasons}).items.front().reasons,
      ElementsAre(Reason{.kind = Reason::Kind::kPopular}));
}

TEST_F(RankTest, RefusesNoneTooManyOrRepeatedIds) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  std::vector<std::string> ids;
  for (int i = 0; i < 1000; ++i) ids.push_back(std::to_string(i));

  EXPECT_THAT(engine_.Rank({}), StatusIs(kInvalid));
  EXPECT_THAT(Rank({.item_ids = ids}).items, SizeIs(1000));
  ids.push_back("one too many");
  EXPECT_THAT(engine_.Rank({.item_ids = ids}), StatusIs(kInvalid));
  const auto repeated = engine_.Rank({.item_ids = {"a", "b", "a"}});
  ASSERT_THAT(repeated, StatusIs(kInvalid));
  EXPECT_THAT(std::string(repeated.status().message()), HasSubstr("\"a\" twice"));
  EXPECT_THAT(engine_.Rank({.item_ids = {"none", "a", "none"}}), StatusIs(kInvalid));
}

}  // namespace
}  // namespace vitrine
