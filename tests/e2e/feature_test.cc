#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "e2e/shop.h"
#include "testing/status_matchers.h"

namespace vitrine {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the tests' own words.
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kPresent = v1::Feature::STATUS_PRESENT;
constexpr auto kMissing = v1::Feature::STATUS_MISSING;
constexpr auto kStale = v1::Feature::STATUS_STALE;

v1::FeatureDefinition MakeDefinition(const std::string& name, v1::FeatureEntity entity,
                                     v1::FeatureType type) {
  v1::FeatureDefinition definition;
  definition.set_name(name);
  definition.set_entity(entity);
  definition.set_type(type);
  definition.set_unit("1");
  definition.set_owner("crm");
  definition.set_description("What the test says.");
  return definition;
}

class FeatureTest : public ::testing::Test {
 protected:
  FeatureTest() { shop_.Serve(); }

  // One feature of users, one of items, and a value of the first.
  static v1::PutFeaturesRequest Tier(const std::string& user_id, const std::string& tier) {
    v1::PutFeaturesRequest request;
    *request.add_definitions() =
        MakeDefinition("tier", v1::FEATURE_ENTITY_USER, v1::FEATURE_TYPE_TEXT);
    request.mutable_definitions(0)->mutable_default_value()->set_text("none");
    *request.add_definitions() =
        MakeDefinition("shelf", v1::FEATURE_ENTITY_ITEM, v1::FEATURE_TYPE_INTEGER);
    v1::PutFeatureValue& value = *request.add_values();
    value.set_user_id(user_id);
    value.set_name("tier");
    value.mutable_value()->set_text(tier);
    return request;
  }

  v1::Feature TierOf(const std::string& user_id) {
    v1::GetUserFeaturesRequest request;
    request.set_user_id(user_id);
    request.add_feature_names("tier");
    const auto response = client_->GetUserFeatures(request);
    EXPECT_THAT(response, IsOk());
    return response.ok() ? response->features(0) : v1::Feature();
  }

  // Every page, `page_size` at a time.
  std::vector<std::string> List(v1::FeatureEntity entity, int page_size) {
    std::vector<std::string> names;
    v1::ListFeaturesRequest request;
    request.set_entity(entity);
    request.set_page_size(page_size);
    do {
      const auto response = client_->ListFeatures(request);
      EXPECT_THAT(response, IsOk());
      if (!response.ok()) break;
      EXPECT_LE(response->features_size(), page_size);
      for (const auto& feature : response->features()) names.push_back(feature.name());
      request.set_page_token(response->next_page_token());
    } while (!request.page_token().empty());
    return names;
  }

  Shop shop_;
  std::unique_ptr<Client> client_ = shop_.Connect();
};

TEST_F(FeatureTest, WhatIsPutIsReadInTheVeryNextCallAndAfterARestart) {
  const auto put = client_->PutFeatures(Tier("ann", "gold"));
  ASSERT_THAT(put, IsOk());
  EXPECT_EQ(put->stored_count(), 1);

  EXPECT_EQ(TierOf("ann").value().text(), "gold");
  EXPECT_EQ(TierOf("ann").status(), kPresent);
  EXPECT_GT(TierOf("ann").time().seconds(), 1'700'000'000);

  shop_.Restart();
  client_ = shop_.Connect();
  EXPECT_EQ(TierOf("ann").value().text(), "gold");
}

TEST_F(FeatureTest, OfAnUnknownUserEveryValueIsMissingAndTheDefaultStandsIn) {
  ASSERT_THAT(client_->PutFeatures(Tier("ann", "gold")), IsOk());

  const v1::Feature tier = TierOf("nobody");

  EXPECT_EQ(tier.status(), kMissing);
  EXPECT_EQ(tier.value().text(), "none");
  EXPECT_FALSE(tier.has_time());
}

TEST_F(FeatureTest, AValueGoesStaleByTheServersClock) {
  v1::PutFeaturesRequest request = Tier("ann", "gold");
  v1::PutFeatureValue& value = *request.mutable_values(0);
  const auto age = [&](Micros seconds) {
    value.mutable_time()->set_seconds(SystemClock().Now() / kMicrosPerSecond - seconds);
    EXPECT_THAT(client_->PutFeatures(request), IsOk());
    return TierOf("ann");
  };
  value.mutable_time_to_live()->set_seconds(3'600);

  // Each newer than the one before, so that it is taken.
  EXPECT_EQ(age(3 * 3'600).status(), kMissing);
  EXPECT_EQ(age(5'400).status(), kStale);
  EXPECT_EQ(TierOf("ann").value().text(), "gold");
  EXPECT_EQ(age(1'800).status(), kPresent);
  value.mutable_value()->set_text("older");
  EXPECT_EQ(age(2'000).value().text(), "gold");
}

TEST_F(FeatureTest, EventsAndWhatTheShopPutsComeTogether) {
  ASSERT_THAT(client_->PutFeatures(Tier("ann", "gold")), IsOk());
  ASSERT_THAT(
      client_->RecordEvents(Batch({MakeEvent(v1::EVENT_TYPE_DETAIL_PAGE_VIEW, "ann", "mug")})),
      IsOk());
  v1::GetUserFeaturesRequest request;
  request.set_user_id("ann");
  request.add_feature_names("views");
  request.add_feature_names("tier");

  const auto response = client_->GetUserFeatures(request);

  ASSERT_THAT(response, IsOk());
  ASSERT_EQ(response->features_size(), 2);
  EXPECT_EQ(response->features(0).name(), "views");
  EXPECT_EQ(response->features(0).value().integer(), 1);
  EXPECT_EQ(response->features(0).status(), kPresent);
  EXPECT_EQ(response->features(1).value().text(), "gold");
}

TEST_F(FeatureTest, WithoutNamesAllOfTheEntityComeInTheRegistrysOrder) {
  ASSERT_THAT(client_->PutFeatures(Tier("ann", "gold")), IsOk());
  v1::GetItemFeaturesRequest request;
  request.set_item_id("nothing");

  const auto response = client_->GetItemFeatures(request);

  ASSERT_THAT(response, IsOk());
  std::vector<std::string> names;
  for (const auto& feature : response->features()) {
    names.push_back(feature.name());
    EXPECT_EQ(feature.status(), kMissing) << feature.name();
  }
  EXPECT_EQ(names, List(v1::FEATURE_ENTITY_ITEM, 100));
  EXPECT_EQ(names.back(), "shelf");
}

TEST_F(FeatureTest, TheRegistryIsListedPageByPageAndByEntity) {
  ASSERT_THAT(client_->PutFeatures(Tier("ann", "gold")), IsOk());

  const auto all = List(v1::FEATURE_ENTITY_UNSPECIFIED, 7);
  const auto users = List(v1::FEATURE_ENTITY_USER, 7);
  const auto items = List(v1::FEATURE_ENTITY_ITEM, 7);

  EXPECT_EQ(all, List(v1::FEATURE_ENTITY_UNSPECIFIED, 1'000));
  EXPECT_EQ(all.size(), users.size() + items.size());
  EXPECT_THAT(users, Contains("tier"));
  EXPECT_THAT(users, Not(Contains("shelf")));
  EXPECT_EQ(all.back(), "shelf");
}

TEST_F(FeatureTest, ADefinitionSaysAllThatAReaderMustKnow) {
  ASSERT_THAT(client_->PutFeatures(Tier("ann", "gold")), IsOk());

  const auto response = client_->ListFeatures(v1::ListFeaturesRequest());

  ASSERT_THAT(response, IsOk());
  for (const v1::FeatureDefinition& feature : response->features()) {
    SCOPED_TRACE(feature.name());
    EXPECT_NE(feature.entity(), v1::FEATURE_ENTITY_UNSPECIFIED);
    EXPECT_NE(feature.type(), v1::FEATURE_TYPE_UNSPECIFIED);
    EXPECT_TRUE(feature.unit() != "" || feature.type() == v1::FEATURE_TYPE_TEXT);
    EXPECT_NE(feature.window(), "");
    EXPECT_NE(feature.owner(), "");
    EXPECT_NE(feature.description(), "");
    if (feature.name() != "tier") continue;
    EXPECT_EQ(feature.window(), "put");
    EXPECT_EQ(feature.owner(), "crm");
    EXPECT_EQ(feature.default_value().text(), "none");
  }
}

TEST_F(FeatureTest, AnUnknownNameIsRefusedWithItsPathAndTheNearest) {
  ASSERT_THAT(client_->PutFeatures(Tier("ann", "gold")), IsOk());
  v1::GetUserFeaturesRequest request;
  request.set_user_id("ann");
  request.add_feature_names("tier");
  request.add_feature_names("tiers");

  const auto response = client_->GetUserFeatures(request);

  EXPECT_THAT(response, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(ErrorReason(response.status()), "INVALID_FIELD");
  EXPECT_THAT(
      std::string(response.status().message()),
      HasSubstr("feature_names[1]: \"tiers\" is no feature of users; the nearest are tier"));
}

TEST_F(FeatureTest, AFeatureOfItemsIsNoFeatureOfUsers) {
  ASSERT_THAT(client_->PutFeatures(Tier("ann", "gold")), IsOk());
  v1::GetUserFeaturesRequest request;
  request.set_user_id("ann");
  request.add_feature_names("shelf");

  EXPECT_THAT(client_->GetUserFeatures(request), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(FeatureTest, SomebodyMustBeAskedFor) {
  EXPECT_THAT(client_->GetUserFeatures(v1::GetUserFeaturesRequest()),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(client_->GetItemFeatures(v1::GetItemFeaturesRequest()),
              StatusIs(absl::StatusCode::kInvalidArgument));
  v1::BatchGetUserFeaturesRequest users;
  EXPECT_THAT(client_->BatchGetUserFeatures(users), StatusIs(absl::StatusCode::kInvalidArgument));
  users.add_shoppers()->set_visitor_id("phone");
  users.add_shoppers();
  const auto response = client_->BatchGetUserFeatures(users);
  EXPECT_THAT(std::string(response.status().message()), HasSubstr("shoppers[1].user_id"));
  v1::BatchGetItemFeaturesRequest items;
  items.add_item_ids("");
  EXPECT_THAT(client_->BatchGetItemFeatures(items), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(FeatureTest, ABatchAnswersForEachInOrder) {
  ASSERT_THAT(client_->PutFeatures(Tier("ann", "gold")), IsOk());
  ASSERT_THAT(client_->PutFeatures(Tier("bob", "silver")), IsOk());
  v1::BatchGetUserFeaturesRequest request;
  for (const char* user : {"bob", "nobody", "ann"}) request.add_shoppers()->set_user_id(user);
  request.add_feature_names("tier");

  const auto response = client_->BatchGetUserFeatures(request);

  ASSERT_THAT(response, IsOk());
  std::vector<std::string> tiers;
  for (const auto& entry : response->entries()) tiers.push_back(entry.features(0).value().text());
  EXPECT_THAT(tiers, ElementsAre("silver", "none", "gold"));
  EXPECT_EQ(response->entries(2).user_id(), "ann");
}

TEST_F(FeatureTest, ABatchOfItemsAnswersToo) {
  v1::PutFeaturesRequest put = Tier("ann", "gold");
  v1::PutFeatureValue& value = *put.add_values();
  value.set_item_id("mug");
  value.set_name("shelf");
  value.mutable_value()->set_integer(7);
  ASSERT_THAT(client_->PutFeatures(put), IsOk());
  v1::BatchGetItemFeaturesRequest request;
  request.add_item_ids("cup");
  request.add_item_ids("mug");
  request.add_feature_names("shelf");

  const auto response = client_->BatchGetItemFeatures(request);

  ASSERT_THAT(response, IsOk());
  EXPECT_FALSE(response->entries(0).features(0).has_value());
  EXPECT_EQ(response->entries(1).features(0).value().integer(), 7);
}

TEST_F(FeatureTest, AnAnswerThatWouldBeTooLargeIsRefused) {
  v1::BatchGetUserFeaturesRequest request;
  for (int i = 0; i < 1'000; ++i) request.add_shoppers()->set_user_id(absl::StrFormat("u%d", i));
  for (int i = 0; i < 51; ++i) request.add_feature_names("views");

  const auto response = client_->BatchGetUserFeatures(request);

  EXPECT_THAT(response, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(response.status().message()), HasSubstr("50000 values at most"));
}

TEST_F(FeatureTest, EveryFaultOfAPutIsNamedAndNothingIsStored) {
  v1::PutFeaturesRequest request = Tier("ann", "gold");
  v1::PutFeatureValue& no_id = *request.add_values();
  no_id.set_name("tier");
  no_id.mutable_value()->set_text("x");
  v1::PutFeatureValue& unknown = *request.add_values();
  unknown.set_user_id("ann");
  unknown.set_name("teir");
  unknown.mutable_value()->set_text("x");
  v1::PutFeatureValue& computed = *request.add_values();
  computed.set_user_id("ann");
  computed.set_name("views");
  computed.mutable_value()->set_integer(3);
  v1::PutFeatureValue& other_type = *request.add_values();
  other_type.set_item_id("mug");
  other_type.set_name("shelf");
  other_type.mutable_value()->set_number(1.5);
  v1::PutFeatureValue& bad_ttl = *request.add_values();
  bad_ttl.set_item_id("mug");
  bad_ttl.set_name("shelf");
  bad_ttl.mutable_value()->set_integer(1);
  bad_ttl.mutable_time_to_live()->set_seconds(-1);

  const auto response = client_->PutFeatures(request);

  EXPECT_THAT(response, StatusIs(absl::StatusCode::kInvalidArgument));
  const std::string message(response.status().message());
  for (const char* part :
       {"values[1].user_id: ",
        "values[2].name: \"teir\" is no feature of users; the nearest are tier",
        "values[3].name: \"views\" is computed", "values[4].value: ", "values[5].time_to_live: "}) {
    EXPECT_THAT(message, HasSubstr(part));
  }
  EXPECT_THAT(List(v1::FEATURE_ENTITY_USER, 1'000), Not(Contains("tier")));
}

TEST_F(FeatureTest, AnEmptyPutIsRefused) {
  EXPECT_THAT(client_->PutFeatures(v1::PutFeaturesRequest()),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(FeatureTest, TheTypeOfAFeatureIsForGood) {
  ASSERT_THAT(client_->PutFeatures(Tier("ann", "gold")), IsOk());
  v1::PutFeaturesRequest request;
  *request.add_definitions() =
      MakeDefinition("tier", v1::FEATURE_ENTITY_USER, v1::FEATURE_TYPE_NUMBER);

  const auto response = client_->PutFeatures(request);

  EXPECT_THAT(response, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(ErrorReason(response.status()), "FEATURE_TYPE_FIXED");
  EXPECT_TRUE(*client_->CheckHealth("vitrine.v1.UserService"));  // The disk is fine.
}

TEST_F(FeatureTest, AnErasedUserIsMissingAndMayNotComeBack) {
  ASSERT_THAT(client_->PutFeatures(Tier("ann", "gold")), IsOk());
  v1::EraseUserRequest erase;
  erase.set_user_id("ann");
  ASSERT_THAT(client_->EraseUser(erase), IsOk());

  EXPECT_EQ(TierOf("ann").status(), kMissing);
  EXPECT_EQ(ErrorReason(client_->PutFeatures(Tier("ann", "gold")).status()), "USER_ERASED");
}

TEST_F(FeatureTest, ATokenOfAPutIsReached) {
  const auto put = client_->PutFeatures(Tier("ann", "gold"));
  ASSERT_THAT(put, IsOk());
  v1::GetUserFeaturesRequest request;
  request.set_user_id("ann");
  request.set_min_consistency_token(put->consistency_token());
  EXPECT_THAT(client_->GetUserFeatures(request), IsOk());

  request.set_min_consistency_token("cffff");
  EXPECT_EQ(ErrorReason(client_->GetUserFeatures(request).status()), "STATE_NOT_REACHED");
  request.set_min_consistency_token("rubbish");
  EXPECT_THAT(client_->GetUserFeatures(request), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace vitrine
