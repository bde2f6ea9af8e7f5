#include <gmock/gmock.h>

#include <optional>
#include <string>

#include "e2e/shop.h"
#include "testing/status_matchers.h"

namespace vitrine {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the tests' own words.
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class PlacementTest : public ::testing::Test {
 protected:
  PlacementTest() {
    shop_.Serve();
    client_ = shop_.Connect();
    EXPECT_THAT(client_->UpsertItems(MakeItems(5)), IsOk());
  }

  absl::StatusOr<v1::RecommendItemsResponse> Ask(const std::string& user,
                                                 const std::string& placement, int page_size = 0) {
    v1::RecommendItemsRequest request = For(user, page_size);
    request.set_placement(placement);
    return client_->RecommendItems(request);
  }

  std::optional<v1::Placement> Find(const std::string& name) {
    const auto listed = client_->ListPlacements();
    EXPECT_THAT(listed, IsOk());
    for (const v1::Placement& placement : listed->placements()) {
      if (placement.name() == name) return placement;
    }
    return std::nullopt;
  }

  Shop shop_;
  std::unique_ptr<Client> client_;
};

v1::PutPlacementRequest Whole(const std::string& name) {
  v1::PutPlacementRequest request;
  v1::Placement& placement = *request.mutable_placement();
  placement.set_name(name);
  placement.set_description("All of it");
  placement.set_subject(v1::Placement::SUBJECT_CART);
  (*placement.mutable_weights())["trending"] = 2;
  placement.set_filter("brand = Acme");
  placement.set_max_age_days(7);
  placement.set_of_categories(true);
  placement.set_of_bought(true);
  placement.set_page_size(3);
  placement.set_seen_items_policy(v1::SEEN_ITEMS_POLICY_EXCLUDE_SEEN);
  placement.mutable_diversity()->set_method(v1::Diversity::METHOD_DPP);
  placement.mutable_diversity()->set_lambda(0.25);
  placement.set_max_per_brand(2);
  placement.set_max_per_category(4);
  v1::Boost& boost = *placement.add_boosts();
  boost.set_filter("price < 20");
  boost.set_strength(-0.5);
  placement.set_rotation(0.25);
  placement.mutable_exposure()->set_group(v1::Exposure::GROUP_LONG_TAIL);
  placement.mutable_exposure()->set_share(0.5);
  placement.set_strict(true);
  placement.add_fallbacks("trending");
  return request;
}

TEST_F(PlacementTest, WhatIsPutComesBackInEveryFieldAndOutlivesARestart) {
  const auto put = client_->PutPlacement(Whole("mine"));
  ASSERT_THAT(put, IsOk());
  v1::Placement wanted = Whole("mine").placement();
  wanted.set_origin(v1::Placement::ORIGIN_SERVICE);
  EXPECT_EQ(put->placement().SerializeAsString(), wanted.SerializeAsString());

  shop_.Restart();
  client_ = shop_.Connect();
  const auto found = Find("mine");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->SerializeAsString(), wanted.SerializeAsString());
}

TEST_F(PlacementTest, EachReadyMadeOneAnswersWithAFullPage) {
  const auto listed = client_->ListPlacements();
  ASSERT_THAT(listed, IsOk());
  EXPECT_THAT(listed->placements(), SizeIs(10));
  for (const v1::Placement& placement : listed->placements()) {
    EXPECT_EQ(placement.origin(), v1::Placement::ORIGIN_BUILT_IN);
    const auto response = Ask("ann", placement.name(), 4);
    EXPECT_THAT(ItemIds(response), SizeIs(4)) << placement.name();
    EXPECT_EQ(response->placement(), placement.name());
  }
}

TEST_F(PlacementTest, AnEventAndAChangeCountInTheVeryNextAnswer) {
  EXPECT_THAT(
      client_->RecordEvents(Batch({MakeEvent(v1::EVENT_TYPE_DETAIL_PAGE_VIEW, "ann", "item-003")})),
      IsOk());
  EXPECT_THAT(ItemIds(Ask("ann", "recently-viewed", 1)), ElementsAre("item-003"));

  v1::PutPlacementRequest put;
  put.mutable_placement()->set_name("recently-viewed");
  (*put.mutable_placement()->mutable_weights())["recently_viewed"] = 1;
  put.mutable_placement()->set_filter("NOT id: \"item-003\"");
  EXPECT_THAT(client_->PutPlacement(put), IsOk());
  EXPECT_THAT(ItemIds(Ask("ann", "recently-viewed", 5)), ::testing::Not(Contains("item-003")));
  EXPECT_THAT(client_->DeletePlacement("recently-viewed"), IsOk());
  EXPECT_THAT(ItemIds(Ask("ann", "recently-viewed", 1)), ElementsAre("item-003"));
}

TEST_F(PlacementTest, WhatIsWrongNamesItsFields) {
  v1::PutPlacementRequest put = Whole("Mine");
  put.mutable_placement()->set_filter("brand <");
  (*put.mutable_placement()->mutable_weights())["nothing"] = 1;
  const auto refused = client_->PutPlacement(put);
  ASSERT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument));
  for (const char* field :
       {"placement.name", "placement.filter", "placement.weights[\"nothing\"]"}) {
    EXPECT_THAT(std::string(refused.status().message()), HasSubstr(field));
  }

  put = Whole("mine");
  put.mutable_placement()->mutable_boosts(0)->set_filter("");
  put.mutable_placement()->set_max_per_brand(-1);
  const auto controls = client_->PutPlacement(put);
  for (const char* field : {"placement.boosts[0].filter", "placement.max_per_brand"}) {
    EXPECT_THAT(std::string(controls.status().message()), HasSubstr(field));
  }

  put = Whole("mine");
  put.mutable_placement()->add_fallbacks("nothing");
  EXPECT_THAT(std::string(client_->PutPlacement(put).status().message()),
              HasSubstr("placement.fallbacks"));
  EXPECT_FALSE(Find("mine").has_value());
}

TEST_F(PlacementTest, DeletingSaysWhatStandsInTheWay) {
  const auto missing = client_->DeletePlacement("nothing");
  EXPECT_THAT(missing, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(ErrorReason(missing.status()), "PLACEMENT_NOT_FOUND");

  ASSERT_THAT(client_->PutPlacement(Whole("mine")), IsOk());
  v1::PutPlacementRequest other;
  other.mutable_placement()->set_name("other");
  other.mutable_placement()->add_fallbacks("mine");
  ASSERT_THAT(client_->PutPlacement(other), IsOk());
  const auto in_use = client_->DeletePlacement("mine");
  EXPECT_THAT(in_use, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(ErrorReason(in_use.status()), "PLACEMENT_IN_USE");
}

}  // namespace
}  // namespace vitrine
