#include "server/shopper_fields.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.pb.h>

#include <string>
#include <vector>

#include "vitrine/v1/catalog_service.pb.h"
#include "vitrine/v1/event_service.pb.h"
#include "vitrine/v1/feature_service.pb.h"
#include "vitrine/v1/recommendation_service.pb.h"
#include "vitrine/v1/user_service.pb.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::vector<std::string> ShoppersOf(const google::protobuf::Message& request) {
  return ShopperFields(*request.GetDescriptor()).Read(request);
}

TEST(ShopperFieldsTest, AUserIsNotTheVisitorOfTheSameIdAndNobodyIsNobody) {
  v1::RecommendItemsRequest request;
  EXPECT_THAT(ShoppersOf(request), IsEmpty());

  request.set_user_id("ann");
  request.set_visitor_id("ann");

  EXPECT_THAT(ShoppersOf(request), UnorderedElementsAre("annuser_id", "annvisitor_id"));
}

TEST(ShopperFieldsTest, EachThingOfABatchIsFoundAsOftenAsItIsThere) {
  v1::BatchGetUserFeaturesRequest features;
  features.add_shoppers()->set_user_id("ann");
  features.add_shoppers()->set_user_id("ann");
  features.add_shoppers()->set_visitor_id("v");
  EXPECT_THAT(ShoppersOf(features),
              UnorderedElementsAre("annuser_id", "annuser_id", "vvisitor_id"));

  v1::UpsertUsersRequest users;
  users.add_users()->set_user_id("ann");
  users.add_users()->set_user_id("bob");
  EXPECT_THAT(ShoppersOf(users), ElementsAre("annuser_id", "bobuser_id"));

  v1::PutFeaturesRequest values;
  values.add_values()->set_user_id("ann");
  values.add_values()->set_item_id("cup");
  values.add_values()->set_user_id("ann");
  EXPECT_THAT(ShoppersOf(values), ElementsAre("annuser_id", "annuser_id"));
}

TEST(ShopperFieldsTest, MessagesWithinMessagesAreLookedInto) {
  v1::StreamEventsRequest event;
  event.mutable_event()->set_user_id("ann");
  EXPECT_THAT(ShoppersOf(event), ElementsAre("annuser_id"));

  v1::ExplainRecommendationRequest explanation;
  explanation.mutable_request()->set_visitor_id("v");
  EXPECT_THAT(ShoppersOf(explanation), ElementsAre("vvisitor_id"));
}

TEST(ShopperFieldsTest, WhatSpeaksOfItemsAloneNamesNobody) {
  v1::UpsertItemsRequest items;
  items.add_items()->set_item_id("cup");

  EXPECT_THAT(ShoppersOf(items), IsEmpty());
}

TEST(ShopperFieldsTest, AMessageThatHoldsItsOwnKindComesToAnEnd) {
  google::protobuf::DescriptorProto type;
  type.add_nested_type()->set_name("user_id");

  EXPECT_THAT(ShoppersOf(type), IsEmpty());
}

}  // namespace
}  // namespace vitrine
