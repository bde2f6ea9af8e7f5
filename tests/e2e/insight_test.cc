#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <string>
#include <thread>
#include <vector>

#include "e2e/shop.h"
#include "testing/status_matchers.h"
#include "vitrine/base/random.h"
#include "vitrine/scorers/dnn/session_predictor.h"

namespace vitrine {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the tests' own words.
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kStart = 1'767'225'600;  // 2026-01-01T00:00:00Z

v1::Event At(v1::Event event, std::int64_t seconds) {
  event.mutable_event_time()->set_seconds(seconds);
  return event;
}

v1::Event Order(const std::string& user_id, const std::string& item_id, std::int64_t seconds) {
  v1::Event event = At(MakeEvent(v1::EVENT_TYPE_PURCHASE_COMPLETE, user_id, item_id), seconds);
  event.mutable_revenue()->set_currency_code("EUR");
  event.mutable_revenue()->set_micros(20'000'000);
  return event;
}

class InsightTest : public ::testing::Test {
 protected:
  InsightTest() : shop_({.report_max_age_seconds = 0, .min_group = 1}) { shop_.Serve(); }

  // Ann buys the same every ten days, each time after a view and the cart; ten others only look.
  void FillShop() {
    ASSERT_THAT(client_->UpsertItems(MakeItems(3)), IsOk());
    v1::RecordEventsRequest batch;
    for (int i = 0; i < 4; ++i) {
      const std::int64_t time = kStart + i * 10 * kDay;
      *batch.add_events() = At(MakeEvent(v1::EVENT_TYPE_DETAIL_PAGE_VIEW, "ann", "item-001"), time);
      *batch.add_events() = At(MakeEvent(v1::EVENT_TYPE_ADD_TO_CART, "ann", "item-001"), time + 60);
      *batch.add_events() = Order("ann", "item-001", time + 120);
    }
    for (int i = 0; i < 10; ++i) {
      *batch.add_events() = At(
          MakeEvent(v1::EVENT_TYPE_DETAIL_PAGE_VIEW, absl::StrFormat("looker-%d", i), "item-002"),
          kStart + i * kDay);
    }
    ASSERT_THAT(client_->RecordEvents(batch), IsOk());
  }

  absl::StatusOr<v1::GetUserProfileResponse> Profile(const std::string& user_id) {
    v1::GetUserProfileRequest request;
    request.set_user_id(user_id);
    return client_->GetUserProfile(request);
  }

  absl::StatusOr<v1::GetFunnelResponse> FunnelBy(v1::GetFunnelRequest::Dimension dimension) {
    v1::GetFunnelRequest request;
    request.set_dimension(dimension);
    return client_->GetFunnel(request);
  }

  Shop shop_;
  std::unique_ptr<Client> client_ = shop_.Connect();
};

TEST_F(InsightTest, AProfileSaysWhatAShopperLikesAndWillNeedAgain) {
  FillShop();

  const auto profile = Profile("ann");

  ASSERT_THAT(profile, IsOk());
  EXPECT_NE(profile->segment(), "");
  EXPECT_EQ(profile->rfm().recency(), 5);  // Nobody bought later.
  ASSERT_EQ(profile->favourite_categories_size(), 1);
  EXPECT_EQ(profile->favourite_categories(0).category(), "Home > Kitchen");
  EXPECT_DOUBLE_EQ(profile->favourite_categories(0).share(), 1);
  ASSERT_EQ(profile->needs_size(), 1);
  EXPECT_EQ(profile->needs(0).item_id(), "item-001");
  EXPECT_EQ(profile->needs(0).title(), "The item-001");
  EXPECT_EQ(profile->needs(0).purchase_count(), 4);
  EXPECT_DOUBLE_EQ(profile->needs(0).gap_days(), 10);
  EXPECT_EQ(profile->needs(0).due_time().seconds(), kStart + 120 + 40 * kDay);
  EXPECT_EQ(profile->next_order_time().seconds(), kStart + 120 + 40 * kDay);
  EXPECT_EQ(profile->report().as_of_time().seconds(), kStart + 120 + 30 * kDay);
  EXPECT_EQ(profile->report().currency_code(), "EUR");
  for (const v1::Feature& feature : profile->features()) {
    if (feature.name() != "carts") continue;
    EXPECT_EQ(feature.value().integer(), 4);
  }
  EXPECT_GT(profile->features_size(), 20);
}

TEST_F(InsightTest, NobodyHasNoProfile) {
  FillShop();

  EXPECT_THAT(Profile("nobody"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(ErrorReason(Profile("nobody").status()), "USER_NOT_FOUND");
  EXPECT_THAT(Profile(""), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(InsightTest, SegmentsHoldEveryShopperOnce) {
  FillShop();

  const auto response = client_->ListSegments();

  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->report().shopper_count(), 11);
  EXPECT_EQ(response->report().event_count(), 22);
  std::int64_t num_shoppers = 0;
  double share = 0;
  std::vector<std::string> names;
  for (const v1::Segment& segment : response->segments()) {
    num_shoppers += segment.shopper_count();
    share += segment.share();
    names.push_back(segment.name());
    EXPECT_EQ(segment.has_average_order(), segment.buyer_count() > 0) << segment.name();
    EXPECT_NE(segment.description(), "");
  }
  EXPECT_EQ(num_shoppers, 11);
  EXPECT_NEAR(share, 1, 1e-12);
  EXPECT_THAT(names, Contains(Profile("ann")->segment()));
}

TEST_F(InsightTest, TheFunnelCountsVisitsByStepAndByDimension) {
  FillShop();

  const auto by_day = FunnelBy(v1::GetFunnelRequest::DIMENSION_DAY);

  ASSERT_THAT(by_day, IsOk());
  EXPECT_EQ(by_day->total().visit_count(), 14);
  EXPECT_EQ(by_day->total().viewed_count(), 14);
  EXPECT_EQ(by_day->total().carted_count(), 4);
  EXPECT_EQ(by_day->total().ordered_count(), 4);
  EXPECT_DOUBLE_EQ(by_day->total().cart_to_order(), 1);
  std::int64_t num_visits = 0;
  for (const v1::FunnelRow& row : by_day->rows()) num_visits += row.visit_count();
  EXPECT_EQ(num_visits, 14);
  EXPECT_EQ(FunnelBy(v1::GetFunnelRequest::DIMENSION_CATEGORY)->rows(0).name(), "Home > Kitchen");
  EXPECT_EQ(FunnelBy(v1::GetFunnelRequest::DIMENSION_SEGMENT)->rows_size(),
            client_->ListSegments()->segments_size());
  EXPECT_EQ(FunnelBy(v1::GetFunnelRequest::DIMENSION_UNSPECIFIED)->rows_size(), 0);
  EXPECT_THAT(FunnelBy(static_cast<v1::GetFunnelRequest::Dimension>(9)),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(InsightTest, PathsSayWhatCameBeforeAnOrder) {
  FillShop();

  const auto response = client_->GetPaths(v1::GetPathsRequest());

  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->order_count(), 4);
  ASSERT_EQ(response->paths_size(), 1);
  EXPECT_THAT(response->paths(0).steps(),
              ElementsAre(v1::EVENT_TYPE_DETAIL_PAGE_VIEW, v1::EVENT_TYPE_ADD_TO_CART));
  EXPECT_DOUBLE_EQ(response->paths(0).share(), 1);
  EXPECT_DOUBLE_EQ(response->paths(0).median_minutes(), 2);
  v1::GetPathsRequest too_many;
  too_many.set_max_paths(101);
  EXPECT_THAT(client_->GetPaths(too_many), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(InsightTest, WithoutEventsThereIsNoReport) {
  EXPECT_EQ(ErrorReason(client_->ListSegments().status()), "NO_EVENTS");
  EXPECT_EQ(ErrorReason(client_->GetPaths(v1::GetPathsRequest()).status()), "NO_EVENTS");

  v1::UpsertUsersRequest users;
  users.add_users()->set_user_id("ann");
  ASSERT_THAT(client_->UpsertUsers(users), IsOk());
  const auto profile = Profile("ann");
  ASSERT_THAT(profile, IsOk());
  EXPECT_FALSE(profile->has_report());

  FillShop();
  EXPECT_THAT(client_->ListSegments(), IsOk());
}

TEST_F(InsightTest, AnOldReportAnswersWhileANewOneIsMade) {
  FillShop();
  ASSERT_THAT(client_->ListSegments(), IsOk());
  ASSERT_THAT(client_->RecordEvents(Batch({Order("bob", "item-002", kStart + 40 * kDay)})), IsOk());

  std::int64_t num_shoppers = client_->ListSegments()->report().shopper_count();

  EXPECT_EQ(num_shoppers, 11);  // It did not wait.
  for (int i = 0; i < 500 && num_shoppers == 11; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    num_shoppers = client_->ListSegments()->report().shopper_count();
  }
  EXPECT_EQ(num_shoppers, 12);
}

TEST_F(InsightTest, AnErasedShopperIsInNoReportThatAnswersAfterIt) {
  FillShop();
  ASSERT_THAT(Profile("ann"), IsOk());
  v1::EraseUserRequest erase;
  erase.set_user_id("ann");

  ASSERT_THAT(client_->EraseUser(erase), IsOk());

  EXPECT_THAT(Profile("ann"), StatusIs(absl::StatusCode::kNotFound));
  const auto segments = client_->ListSegments();
  ASSERT_THAT(segments, IsOk());
  EXPECT_EQ(segments->report().shopper_count(), 10);
  EXPECT_EQ(client_->GetPaths(v1::GetPathsRequest())->order_count(), 0);
}

class PredictPurchaseTest : public InsightTest {
 protected:
  // Any weights: what a prediction hangs on is the same.
  void PublishPredictor(std::array<bool, kNumPurchaseHeads> is_live = {true, true, true}) {
    Random random(1);
    const std::vector<std::string> features = {"orders", "carts", "days_since_last_order"};
    SessionPredictor::Parts parts{
        .features = features,
        .scale = {.means = {0, 0, 0}, .deviations = {1, 1, 1}},
        .horizon_days = 7,
        .is_live = is_live,
        .network = SessionNetwork({.num_features = 3, .hidden = 8, .dimensions = 8}, random)};
    ModelSet models{.version = "v1"};
    models.purchases.predictor = SessionPredictor::Create(std::move(parts)).value();
    shop_.Publish(std::move(models));
  }

  absl::StatusOr<v1::PredictPurchaseResponse> Predict(const std::string& user_id,
                                                      const std::string& token = "") {
    v1::PredictPurchaseRequest request;
    request.set_user_id(user_id);
    request.set_max_reasons(100);
    request.set_min_consistency_token(token);
    return client_->PredictPurchase(request);
  }

  static void ExpectSums(const v1::PurchaseForecast& forecast) {
    double log_odds = forecast.base_log_odds() + forecast.other_log_odds();
    for (const v1::PurchaseReason& reason : forecast.reasons()) log_odds += reason.log_odds();
    EXPECT_NEAR(1 / (1 + std::exp(-log_odds)), forecast.probability(), 1e-5);
  }
};

TEST_F(PredictPurchaseTest, AnAddedCartChangesTheNextAnswer) {
  PublishPredictor();
  ASSERT_THAT(client_->UpsertItems(MakeItems(3)), IsOk());
  ASSERT_THAT(
      client_->RecordEvents(Batch({MakeEvent(v1::EVENT_TYPE_DETAIL_PAGE_VIEW, "ann", "item-001")})),
      IsOk());
  const auto before = Predict("ann");
  ASSERT_THAT(before, IsOk());
  EXPECT_EQ(before->session_event_count(), 1);

  const auto recorded =
      client_->RecordEvents(Batch({MakeEvent(v1::EVENT_TYPE_ADD_TO_CART, "ann", "item-001")}));
  ASSERT_THAT(recorded, IsOk());
  const auto after = Predict("ann", recorded->consistency_token());

  ASSERT_THAT(after, IsOk());
  EXPECT_EQ(after->session_event_count(), 2);
  EXPECT_EQ(after->model_version(), "v1");
  EXPECT_EQ(after->horizon_days(), 7);
  EXPECT_NE(after->session().probability(), before->session().probability());
  EXPECT_NE(after->shopper().probability(), before->shopper().probability());
  EXPECT_EQ(after->consistency_token(), recorded->consistency_token());
  ExpectSums(after->session());
  ExpectSums(after->shopper());
  std::vector<std::string> causes;
  for (const v1::PurchaseReason& reason : after->session().reasons()) {
    if (reason.has_feature()) causes.push_back(reason.feature().name());
    if (reason.has_pause_since()) causes.emplace_back("pause");
    if (reason.has_event()) {
      EXPECT_EQ(reason.event().item_id(), "item-001");
      causes.push_back(v1::EventType_Name(reason.event().type()));
    }
  }
  EXPECT_THAT(causes,
              UnorderedElementsAre("orders", "carts", "days_since_last_order", "pause",
                                   "EVENT_TYPE_DETAIL_PAGE_VIEW", "EVENT_TYPE_ADD_TO_CART"));
  ASSERT_EQ(after->next_events_size(), 4);
  double sum = 0;
  for (const auto& next : after->next_events()) sum += next.probability();
  EXPECT_NEAR(sum, 1, 1e-9);
  EXPECT_GE(after->next_events(0).probability(), after->next_events(1).probability());
}

TEST_F(PredictPurchaseTest, AnUnknownShopperIsANewcomer) {
  PublishPredictor();

  const auto nobody = Predict("nobody");

  ASSERT_THAT(nobody, IsOk());
  EXPECT_EQ(nobody->session_event_count(), 0);
  EXPECT_GT(nobody->session().probability(), 0);
  EXPECT_LT(nobody->session().probability(), 1);
  ExpectSums(nobody->session());
  ExpectSums(nobody->shopper());
}

TEST_F(PredictPurchaseTest, FewReasonsLeaveTheRestInSum) {
  PublishPredictor();
  FillShop();
  v1::PredictPurchaseRequest request;
  request.set_user_id("ann");
  for (const int count : {-1, 1, 2}) {
    request.set_max_reasons(count);

    const auto answer = client_->PredictPurchase(request);

    ASSERT_THAT(answer, IsOk());
    EXPECT_EQ(answer->session().reasons_size(), std::max(count, 0));
    ExpectSums(answer->session());
  }
}

TEST_F(PredictPurchaseTest, WhatTheModelCannotSayIsUnset) {
  PublishPredictor({false, true, false});

  const auto answer = Predict("ann");

  ASSERT_THAT(answer, IsOk());
  EXPECT_FALSE(answer->has_session());
  EXPECT_TRUE(answer->has_shopper());
  EXPECT_EQ(answer->next_events_size(), 0);
}

TEST_F(PredictPurchaseTest, SaysWhatIsWrong) {
  const auto without_model = Predict("ann");
  EXPECT_THAT(without_model, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(ErrorReason(without_model.status()), "PURCHASE_PREDICTOR_NOT_FOUND");

  PublishPredictor();
  v1::PredictPurchaseRequest request;
  request.set_max_reasons(101);
  request.set_min_consistency_token("mine");
  const auto wrong = client_->PredictPurchase(request);
  EXPECT_THAT(wrong, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(ErrorReason(wrong.status()), "INVALID_FIELD");
  const std::string text(wrong.status().message());
  for (const char* field : {"user_id", "max_reasons", "min_consistency_token"}) {
    EXPECT_THAT(text, HasSubstr(field));
  }

  EXPECT_EQ(ErrorReason(Predict("ann", "cffff").status()), "STATE_NOT_REACHED");
}

}  // namespace
}  // namespace vitrine
