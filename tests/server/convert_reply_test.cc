// What the engine answers, as it goes over the wire.
#include <gmock/gmock.h>

#include <limits>

#include "server/convert_query.h"
#include "server/wire.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;

RecommendReply OneItemReply() {
  RecommendReply reply{.model_version = "v1",
                       .fallbacks = {"backfill"},
                       .sequence = 9,
                       .next_page_token = "next",
                       .placement = "home",
                       .attribution_token = "mark"};
  RecommendedItem item{.item_id = "mug", .score = 0.5F};
  item.reasons = {{.kind = Reason::Kind::kBecauseYouBought, .item_id = "tea"},
                  {.kind = Reason::Kind::kPopularInCategory, .text = "Home"}};
  item.contributions = {{.model = "ials", .item_id = "tea", .value = 0.5F}};
  item.item = std::make_shared<Item>(Item{.id = "mug", .title = "Mug"});
  reply.items.push_back(std::move(item));
  return reply;
}

TEST(ConvertReplyTest, AReplyCarriesItemsReasonsAndWhereTheyCameFrom) {
  v1::RecommendItemsResponse response;

  SetReply(OneItemReply(), v1::ITEM_VIEW_UNSPECIFIED, response);

  EXPECT_EQ(response.model_version(), "v1");
  EXPECT_THAT(response.fallbacks(), ElementsAre("backfill"));
  EXPECT_EQ(response.consistency_token(), ConsistencyToken(9));
  EXPECT_EQ(response.next_page_token(), "next");
  EXPECT_EQ(response.placement(), "home");
  EXPECT_EQ(response.attribution_token(), "mark");
  ASSERT_EQ(response.items_size(), 1);
  const v1::RecommendedItem& item = response.items(0);
  EXPECT_EQ(item.item_id(), "mug");
  EXPECT_EQ(item.score(), 0.5);
  EXPECT_TRUE(item.known());
  EXPECT_EQ(item.reasons(0).kind(), v1::Reason::KIND_BECAUSE_YOU_BOUGHT);
  EXPECT_EQ(item.reasons(0).item_id(), "tea");
  EXPECT_EQ(item.reasons(1).kind(), v1::Reason::KIND_POPULAR_IN_CATEGORY);
  EXPECT_EQ(item.reasons(1).text(), "Home");
  EXPECT_EQ(item.contributions(0).scorer(), "ials");
  EXPECT_FALSE(item.has_item());
}

TEST(ConvertReplyTest, ATraceComesWhereThereIsOne) {
  RecommendReply reply = OneItemReply();
  v1::RecommendItemsResponse without;
  SetReply(reply, v1::ITEM_VIEW_IDS, without);
  reply.trace =
      Trace{.stages = {{"retrieve:ials", 40, 12.5}, {"explain", 20, 3}}, .drops = {{"variant", 7}}};
  v1::RecommendItemsResponse with;

  SetReply(reply, v1::ITEM_VIEW_IDS, with);

  EXPECT_FALSE(without.has_trace());
  ASSERT_EQ(with.trace().stages_size(), 2);
  EXPECT_EQ(with.trace().stages(0).name(), "retrieve:ials");
  EXPECT_EQ(with.trace().stages(0).count(), 40);
  EXPECT_EQ(with.trace().stages(0).micros(), 12.5);
  ASSERT_EQ(with.trace().drops_size(), 1);
  EXPECT_EQ(with.trace().drops(0).reason(), "variant");
  EXPECT_EQ(with.trace().drops(0).count(), 7);
}

TEST(ConvertReplyTest, TheFullViewCarriesTheItemWhereTheCatalogueHasIt) {
  RecommendReply reply = OneItemReply();
  reply.items.push_back({.item_id = "only-seen-in-events"});
  v1::SimilarItemsResponse response;

  SetReply(reply, v1::ITEM_VIEW_FULL, response);

  EXPECT_EQ(response.items(0).item().title(), "Mug");
  EXPECT_FALSE(response.items(1).has_item());
}

TEST(ConvertReplyTest, AnItemWithoutAScoreHasAFiniteOneOnTheWire) {
  RecommendReply reply;
  reply.items.push_back(
      {.item_id = "unknown", .score = -std::numeric_limits<float>::infinity(), .is_known = false});
  v1::RankItemsResponse response;

  SetReply(reply, v1::ITEM_VIEW_IDS, response);

  EXPECT_EQ(response.items(0).score(), 0);
  EXPECT_FALSE(response.items(0).known());
}

TEST(ConvertReplyTest, EveryReasonHasItsKindOnTheWire) {
  RecommendReply reply;
  RecommendedItem item{.item_id = "mug"};
  for (int kind = 0; kind <= static_cast<int>(Reason::Kind::kBoughtTogether); ++kind) {
    item.reasons.push_back({.kind = static_cast<Reason::Kind>(kind)});
  }
  reply.items.push_back(std::move(item));
  v1::RecommendItemsResponse response;

  SetReply(reply, v1::ITEM_VIEW_IDS, response);

  EXPECT_EQ(response.items(0).reasons_size(), v1::Reason::Kind_ARRAYSIZE - 1);
  for (const v1::Reason& reason : response.items(0).reasons()) {
    EXPECT_TRUE(v1::Reason::Kind_IsValid(reason.kind()));
    EXPECT_NE(reason.kind(), v1::Reason::KIND_UNSPECIFIED);
  }
}

}  // namespace
}  // namespace vitrine
