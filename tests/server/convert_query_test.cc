#include "server/convert_query.h"

#include <gmock/gmock.h>

#include <limits>

#include "server/rpc_errors.h"
#include "server/status.h"
#include "server/wire.h"
#include "testing/status_matchers.h"

namespace vitrine {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using testing::IsOk;
using testing::Unpack;

const std::string kItem = "mug";

void SetPin(const std::string& item_id, int position, v1::Pin& pin) {
  pin.set_item_id(item_id);
  pin.set_position(position);
}

template <typename Request>
std::vector<std::string> BadFields(const Request& request) {
  return Unpack(ToGrpcStatus(FromProto(request).status())).fields;
}

TEST(ConvertQueryTest, AnEmptyRequestLeavesThingsToItsPlacement) {
  const auto request = FromProto(v1::RecommendItemsRequest());

  ASSERT_THAT(request, IsOk());
  EXPECT_EQ(request->page_size, 0U);
  EXPECT_EQ(request->seen, std::nullopt);
  EXPECT_EQ(request->explanation, ExplanationLevel::kReasons);
  EXPECT_EQ(request->min_sequence, 0U);
}

TEST(ConvertQueryTest, WhatIsWrongWithAQuestionAboutAnItemNamesWhereItIs) {
  v1::ExplainRecommendationRequest message;
  EXPECT_THAT(BadFields(message), ElementsAre("item_id"));

  message.mutable_request()->set_page_size(201);
  EXPECT_THAT(BadFields(message), ElementsAre("item_id", "request.page_size"));

  message.set_item_id("mug");
  message.mutable_request()->set_filter("brand <");
  for (int i = 0; i < 101; ++i) message.mutable_request()->add_cart_item_ids("a");

  EXPECT_THAT(BadFields(message),
              ::testing::UnorderedElementsAre("request.page_size", "request.filter",
                                              "request.cart_item_ids"));
}

TEST(ConvertQueryTest, WhatIsWrongWithARowNamesTheRow) {
  v1::BatchRecommendItemsRequest page;
  EXPECT_THAT(BadFields(page), ElementsAre("rows"));

  page.add_rows();
  page.add_rows()->set_page_size(-1);
  page.add_rows()->set_filter("brand <");
  EXPECT_THAT(BadFields(page), ElementsAre("rows[1].page_size", "rows[2].filter"));
}

TEST(ConvertQueryTest, TheOutcomeOfAnItemKeepsItsMeaning) {
  const ExplainItemReply reply{.outcome = ItemOutcome::kFiltered,
                               .detail = "filter: brand = \"Acme\"",
                               .rank = 3,
                               .score = 0.5F,
                               .score_gap = 0.25F,
                               .contributions = {{"ials", "mug", "", 0.5F}},
                               .model_version = "v1",
                               .sequence = 7};
  v1::ExplainRecommendationResponse response;
  SetReply(reply, response);

  EXPECT_EQ(response.outcome(), v1::ExplainRecommendationResponse::OUTCOME_FILTERED);
  EXPECT_EQ(response.detail(), reply.detail);
  EXPECT_EQ(response.rank(), 3);
  EXPECT_EQ(response.score_gap(), 0.25);
  EXPECT_EQ(response.contributions(0).scorer(), "ials");
  EXPECT_EQ(response.consistency_token(), ConsistencyToken(7));
}

TEST(ConvertQueryTest, EveryFieldReachesTheEngine) {
  v1::RecommendItemsRequest message;
  message.set_user_id("ann");
  message.set_visitor_id("browser-7");
  message.set_placement("cart");
  message.add_context_item_ids("mug");
  message.add_cart_item_ids("tea");
  message.add_exclude_item_ids("cup");
  message.add_categories("Home");
  message.set_filter("price < 20");
  message.set_page_size(200);
  message.set_seen_items_policy(v1::SEEN_ITEMS_POLICY_INCLUDE);
  message.set_explanation_level(v1::EXPLANATION_LEVEL_CONTRIBUTIONS);
  message.set_min_consistency_token(ConsistencyToken(77));
  message.mutable_diversity()->set_method(v1::Diversity::METHOD_DPP);
  message.mutable_diversity()->set_lambda(0.25);
  message.set_max_per_brand(2);
  message.set_max_per_category(3);
  SetPin("mug", 4, *message.add_pins());
  message.set_strict(true);
  message.set_page_token("a token");
  message.set_include_trace(true);

  const auto request = FromProto(message);

  ASSERT_THAT(request, IsOk());
  EXPECT_EQ(request->user_id, "ann");
  EXPECT_EQ(request->visitor_id, "browser-7");
  EXPECT_EQ(request->placement, "cart");
  EXPECT_THAT(request->context_item_ids, ElementsAre("mug"));
  EXPECT_THAT(request->cart_item_ids, ElementsAre("tea"));
  EXPECT_THAT(request->exclude_item_ids, ElementsAre("cup"));
  EXPECT_THAT(request->categories, ElementsAre("Home"));
  EXPECT_EQ(request->filter, "price < 20");
  EXPECT_EQ(request->page_size, 200U);
  EXPECT_EQ(request->seen, SeenPolicy::kAllowAll);
  EXPECT_EQ(request->explanation, ExplanationLevel::kContributions);
  EXPECT_EQ(request->min_sequence, 77U);
  EXPECT_EQ(request->controls, (ListControls{.diversity = {Diversity::Method::kDpp, 0.25},
                                             .max_per_brand = 2,
                                             .max_per_category = 3,
                                             .pins = {{"mug", 4}},
                                             .is_strict = true}));
  EXPECT_EQ(request->page_token, "a token");
  EXPECT_TRUE(request->wants_trace);
}

TEST(ConvertQueryTest, DiversityWithoutAMethodIsMmr) {
  v1::RecommendItemsRequest message;
  EXPECT_EQ(FromProto(message)->controls, ListControls());

  message.mutable_diversity()->set_lambda(0.5);

  EXPECT_EQ(FromProto(message)->controls.diversity, (Diversity{Diversity::Method::kMmr, 0.5}));
}

TEST(ConvertQueryTest, AnExplorationIsRead) {
  v1::RecommendItemsRequest message;
  message.mutable_exploration()->set_temperature(0.25);
  message.mutable_exploration()->set_seed(7);
  EXPECT_EQ(FromProto(message)->controls.exploration, (Exploration{0.25, 7}));

  message.mutable_exploration()->set_temperature(0);
  EXPECT_THAT(BadFields(message), ElementsAre("exploration.temperature"));
  message.mutable_exploration()->set_temperature(10.5);
  EXPECT_THAT(BadFields(message), ElementsAre("exploration.temperature"));
}

TEST(ConvertQueryTest, AListIsDrawnOrMadeVaried) {
  v1::RecommendItemsRequest message;
  message.mutable_exploration()->set_temperature(1);
  message.mutable_diversity()->set_lambda(0.5);

  EXPECT_THAT(BadFields(message), ElementsAre("exploration"));
}

TEST(ConvertQueryTest, EveryControlOutOfRangeIsNamed) {
  v1::RecommendItemsRequest message;
  message.mutable_diversity()->set_method(static_cast<v1::Diversity::Method>(9));
  message.mutable_diversity()->set_lambda(std::numeric_limits<double>::quiet_NaN());
  message.set_max_per_brand(-1);
  message.set_max_per_category(-7);
  SetPin("mug", 1, *message.add_pins());
  SetPin("mug", 1, *message.add_pins());
  SetPin("", 0, *message.add_pins());
  SetPin("cup", 1'001, *message.add_pins());

  EXPECT_THAT(BadFields(message), ::testing::UnorderedElementsAre(
                                      "diversity.method", "diversity.lambda", "max_per_brand",
                                      "max_per_category", "pins[1].item_id", "pins[1].position",
                                      "pins[2].item_id", "pins[2].position", "pins[3].position"));
}

TEST(ConvertQueryTest, BoostsRotationAndExposureAreReadAsTheyCome) {
  v1::RecommendItemsRequest message;
  message.add_boosts()->set_filter("price < 3");
  message.mutable_boosts(0)->set_strength(-0.5);
  message.set_rotation(0.25);
  message.mutable_exposure()->set_group(v1::Exposure::GROUP_LONG_TAIL);
  message.mutable_exposure()->set_share(0.2);

  const auto request = FromProto(message);

  ASSERT_THAT(request, IsOk());
  EXPECT_THAT(request->controls.boosts, ElementsAre(Boost{"price < 3", -0.5}));
  EXPECT_EQ(request->controls.rotation, 0.25);
  EXPECT_EQ(request->controls.exposure, (Exposure{Exposure::Group::kLongTail, 0.2}));
}

TEST(ConvertQueryTest, AnExposureOfAFilterHasTheFilterAndNoOtherHasOne) {
  v1::RecommendItemsRequest message;
  message.mutable_exposure()->set_group(v1::Exposure::GROUP_FILTER);
  message.mutable_exposure()->set_share(0.2);
  EXPECT_THAT(BadFields(message), ElementsAre("exposure.filter"));

  message.mutable_exposure()->set_filter("brand = (");
  EXPECT_THAT(BadFields(message), ElementsAre("exposure.filter"));

  message.mutable_exposure()->set_filter("brand = \"Acme\"");
  const auto request = FromProto(message);
  ASSERT_THAT(request, IsOk());
  EXPECT_EQ(request->controls.exposure,
            (Exposure{Exposure::Group::kFilter, 0.2, "brand = \"Acme\""}));

  message.mutable_exposure()->set_group(v1::Exposure::GROUP_NEW);
  EXPECT_THAT(BadFields(message), ElementsAre("exposure.filter"));
}

TEST(ConvertQueryTest, WhatIsWrongWithBoostsRotationAndExposureIsNamed) {
  v1::RecommendItemsRequest message;
  message.add_boosts()->set_filter("price < 3");
  message.add_boosts()->set_strength(1.5);
  message.add_boosts()->set_filter("price <");
  message.mutable_boosts(2)->set_strength(1);
  message.set_rotation(-0.1);
  message.mutable_exposure()->set_share(0);

  EXPECT_THAT(BadFields(message),
              ::testing::UnorderedElementsAre("boosts[0].strength", "boosts[1].filter",
                                              "boosts[1].strength", "boosts[2].filter", "rotation",
                                              "exposure.group", "exposure.share"));
}

TEST(ConvertQueryTest, AtMostTwentyBoostsAreTaken) {
  v1::RecommendItemsRequest message;
  for (int i = 0; i < 20; ++i) {
    v1::Boost& boost = *message.add_boosts();
    boost.set_filter("price < 3");
    boost.set_strength(1);
  }
  EXPECT_THAT(FromProto(message), IsOk());

  *message.add_boosts() = message.boosts(0);
  EXPECT_THAT(BadFields(message), ElementsAre("boosts"));
}

TEST(ConvertQueryTest, AtMostAHundredPinsAreTaken) {
  v1::RecommendItemsRequest message;
  for (int i = 1; i <= 100; ++i) SetPin(std::to_string(i), i, *message.add_pins());
  EXPECT_THAT(FromProto(message), IsOk());

  SetPin("one more", 101, *message.add_pins());
  EXPECT_THAT(BadFields(message), ElementsAre("pins"));
}

TEST(ConvertQueryTest, EveryFieldOverItsLimitIsNamed) {
  v1::RecommendItemsRequest message;
  message.set_placement(std::string(257, 'x'));
  message.set_page_size(201);
  for (int i = 0; i < 101; ++i) message.add_context_item_ids(kItem);
  for (int i = 0; i < 101; ++i) message.add_cart_item_ids(kItem);
  for (int i = 0; i < 1'001; ++i) message.add_exclude_item_ids(kItem);
  for (int i = 0; i < 21; ++i) message.add_categories(kItem);
  message.set_filter("price < cheap");
  message.set_seen_items_policy(static_cast<v1::SeenItemsPolicy>(99));
  message.set_explanation_level(static_cast<v1::ExplanationLevel>(99));
  message.set_view(static_cast<v1::ItemView>(99));
  message.set_min_consistency_token("not ours");

  EXPECT_THAT(BadFields(message),
              ::testing::UnorderedElementsAre("placement", "page_size", "context_item_ids",
                                              "cart_item_ids", "exclude_item_ids", "categories",
                                              "filter", "seen_items_policy", "explanation_level",
                                              "view", "min_consistency_token"));
}

TEST(ConvertQueryTest, ANegativePageSizeIsRefused) {
  v1::RecommendItemsRequest message;
  message.set_page_size(-1);

  EXPECT_THAT(BadFields(message), ElementsAre("page_size"));
}

TEST(ConvertQueryTest, AFilterThatCannotBeReadIsNamedWithTheColumn) {
  v1::SimilarItemsRequest message;
  message.set_item_id(kItem);
  message.set_filter("brand = \"Acme\" AND pirce < 20");

  EXPECT_THAT(BadFields(message), ElementsAre("filter"));
  EXPECT_THAT(std::string(FromProto(message).status().message()),
              ::testing::StartsWith("filter: column 20: \"pirce\"; expected a field: id, "));

  message.set_filter("brand = \"Acme\" AND price < 20");
  EXPECT_EQ(FromProto(message)->filter, message.filter());
}

TEST(ConvertQueryTest, SimilarItemsNeedsAnItem) {
  EXPECT_THAT(BadFields(v1::SimilarItemsRequest()), ElementsAre("item_id"));
}

TEST(ConvertQueryTest, RankItemsNeedsOneToAThousandDistinctItems) {
  v1::RankItemsRequest message;
  EXPECT_THAT(BadFields(message), ElementsAre("item_ids"));

  for (int i = 0; i < 1'000; ++i) message.add_item_ids(std::to_string(i));
  EXPECT_THAT(FromProto(message), IsOk());

  message.set_item_ids(7, message.item_ids(3));
  EXPECT_THAT(BadFields(message), ElementsAre("item_ids[7]"));

  message.set_item_ids(7, std::to_string(7));
  message.add_item_ids("1000");
  EXPECT_THAT(BadFields(message), ElementsAre("item_ids"));
}

}  // namespace
}  // namespace vitrine
