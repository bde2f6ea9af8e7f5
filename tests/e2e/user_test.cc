#include <gmock/gmock.h>

#include "e2e/user_shop.h"
#include "testing/status_matchers.h"
#include "vitrine/client/json_form.h"

namespace vitrine {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the tests' own words.
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class UserTest : public UserShop {};

TEST_F(UserTest, AProfileComesBackWithWhatIsKnown) {
  ASSERT_THAT(Store("ann"), IsOk());
  ASSERT_THAT(Buy("ann", ""), IsOk());

  const auto response = Get("ann");

  ASSERT_THAT(response, IsOk());
  EXPECT_EQ(response->user().user_id(), "ann");
  EXPECT_EQ(response->user().attributes().at("country").text(), "DE");
  EXPECT_EQ(response->user().interaction_count(), 1);
  EXPECT_GT(response->user().last_interaction_time().seconds(), 1'700'000'000);
}

TEST_F(UserTest, AUserOfWhomNothingIsKnownIsNotFound) {
  EXPECT_THAT(Get("nobody"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(ErrorReason(Get("nobody").status()), "USER_NOT_FOUND");
  EXPECT_THAT(Get(""), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(UserTest, ABadUserIsNamed) {
  const absl::Status status = Store(std::string(300, 'x'));

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(status.message()), HasSubstr("users[0].user_id"));
}

TEST_F(UserTest, AVisitorWhoLogsInBringsTheirHistory) {
  ASSERT_THAT(Buy("", "browser-7"), IsOk());
  EXPECT_THAT(ItemIds(client_->RecommendItems(For("ann"))), Contains("item-003"));

  ASSERT_THAT(Merge("browser-7", "ann"), IsOk());
  ASSERT_THAT(Merge("browser-7", "ann"), IsOk());  // A repeat does not matter.

  EXPECT_THAT(ItemIds(client_->RecommendItems(For("ann"))), Not(Contains("item-003")));
}

TEST_F(UserTest, AVisitorBelongsToOneUser) {
  ASSERT_THAT(Merge("browser-7", "ann"), IsOk());

  const absl::Status status = Merge("browser-7", "bob");

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(ErrorReason(status), "VISITOR_TAKEN");
  EXPECT_TRUE(*client_->CheckHealth("vitrine.v1.UserService"));  // The disk is fine.
}

TEST_F(UserTest, AMergeNeedsBothIds) {
  const absl::Status status = Merge("", "");

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(status.message()), HasSubstr("\n  visitor_id: "));
  EXPECT_THAT(std::string(status.message()), HasSubstr("\n  user_id: "));
}

TEST_F(UserTest, AnErasedUserIsGoneAndDoesNotComeBack) {
  ASSERT_THAT(Store("ann"), IsOk());
  ASSERT_THAT(Buy("ann", ""), IsOk());

  const auto erased = Erase("ann");

  ASSERT_THAT(erased, IsOk());
  EXPECT_NE(erased->receipt().receipt_id(), "");
  EXPECT_EQ(erased->receipt().erased_event_count(), 1);
  EXPECT_GT(erased->receipt().erase_time().seconds(), 1'700'000'000);
  EXPECT_THAT(Get("ann"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(ItemIds(client_->RecommendItems(For("ann"))), Contains("item-003"));

  const auto late = Buy("ann", "");
  ASSERT_THAT(late, IsOk());
  EXPECT_TRUE(late->acks(0).dropped());
  EXPECT_EQ(ErrorReason(Store("ann")), "USER_ERASED");
  EXPECT_EQ(ErrorReason(Merge("browser-7", "ann")), "USER_ERASED");
  EXPECT_THAT(Get("ann"), StatusIs(absl::StatusCode::kNotFound));

  shop_.Restart();
  client_ = shop_.Connect();
  EXPECT_THAT(Get("ann"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_TRUE(Buy("ann", "")->acks(0).dropped());
}

TEST_F(UserTest, AReceiptSaysWhatWentAndWhichModelsWereTrainedBefore) {
  ASSERT_THAT(Store("ann"), IsOk());
  ASSERT_THAT(Buy("ann", ""), IsOk());
  ModelControl::Versions versions;
  versions.bundles = {{.version = "v2"}, {.version = "v1"}};
  shop_.models().Set(versions);

  const auto erased = Erase("ann");

  ASSERT_THAT(erased, IsOk());
  EXPECT_TRUE(erased->receipt().profile_erased());
  EXPECT_GT(erased->receipt().erased_feature_count(), 0);
  EXPECT_THAT(erased->receipt().model_versions_with_traces(), ElementsAre("v2", "v1"));
  const auto nobody = Erase("nobody");
  ASSERT_THAT(nobody, IsOk());
  EXPECT_FALSE(nobody->receipt().profile_erased());
  EXPECT_EQ(nobody->receipt().erased_feature_count(), 0);
  EXPECT_THAT(nobody->receipt().model_versions_with_traces(), IsEmpty());
}

// Of a shop with a version that is three days old, and one of now.
class TracesTest : public UserTest {
 protected:
  TracesTest() {
    ModelControl::Versions versions;
    versions.bundles = {{.version = "new", .trained_us = SystemClock().Now()},
                        {.version = "old", .trained_us = DaysAgo(3)}};
    shop_.models().Set(versions);
  }

  static Micros DaysAgo(double days) {
    return SystemClock().Now() - static_cast<Micros>(days * static_cast<double>(kMicrosPerDay));
  }

  absl::Status View(const std::string& user_id, const std::string& visitor_id, double days_ago) {
    v1::Event event = MakeEvent(v1::EVENT_TYPE_DETAIL_PAGE_VIEW, user_id, "item-001");
    event.set_visitor_id(visitor_id);
    event.mutable_event_time()->set_seconds(DaysAgo(days_ago) / kMicrosPerSecond);
    return client_->RecordEvents(Batch({event})).status();
  }

  // The versions that the receipt names.
  std::vector<std::string> TracesOf(const v1::EraseUserRequest& request) {
    const auto erased = client_->EraseUser(request);
    if (!erased.ok()) return {erased.status().ToString()};
    const auto& versions = erased->receipt().model_versions_with_traces();
    return {versions.begin(), versions.end()};
  }
  std::vector<std::string> TracesOfUser(const std::string& user_id) {
    v1::EraseUserRequest request;
    request.set_user_id(user_id);
    return TracesOf(request);
  }
  std::vector<std::string> TracesOfVisitor(const std::string& visitor_id) {
    v1::EraseUserRequest request;
    request.set_visitor_id(visitor_id);
    return TracesOf(request);
  }
};

TEST_F(TracesTest, AVersionFromBeforeThePersonHasNoneOfThem) {
  ASSERT_THAT(View("bob", "", 10), IsOk());
  ASSERT_THAT(View("ann", "", 0), IsOk());
  ASSERT_THAT(View("", "phone", 0), IsOk());

  EXPECT_THAT(TracesOfUser("ann"), ElementsAre("new"));
  EXPECT_THAT(TracesOfVisitor("phone"), ElementsAre("new"));
  EXPECT_THAT(TracesOfUser("bob"), ElementsAre("new", "old"));
}

TEST_F(TracesTest, AnEventMayHaveBeenDatedADayAhead) {
  ASSERT_THAT(View("ann", "", 2.5), IsOk());

  EXPECT_THAT(TracesOfUser("ann"), ElementsAre("new", "old"));
}

TEST_F(TracesTest, AVisitorWhoBecameTheUserCountsToo) {
  ASSERT_THAT(View("", "phone", 10), IsOk());
  ASSERT_THAT(View("ann", "", 0), IsOk());
  ASSERT_THAT(Merge("phone", "ann"), IsOk());

  EXPECT_THAT(TracesOfUser("ann"), ElementsAre("new", "old"));
}

// Such events go with both, and are in the past of one of them alone.
TEST_F(TracesTest, SoDoesWhatAnotherUserDidOnTheVisitorsDevice) {
  ASSERT_THAT(View("bob", "phone", 10), IsOk());
  ASSERT_THAT(View("bob", "tablet", 10), IsOk());
  ASSERT_THAT(View("ann", "", 0), IsOk());
  ASSERT_THAT(View("", "tablet", 0), IsOk());
  ASSERT_THAT(Merge("phone", "ann"), IsOk());

  EXPECT_THAT(TracesOfVisitor("tablet"), ElementsAre("new", "old"));
  EXPECT_THAT(TracesOfUser("ann"), ElementsAre("new", "old"));
}

TEST_F(TracesTest, WhereEventsWereForgottenForTheirAgeAllVersionsAreNamed) {
  ASSERT_THAT(View("ann", "", 10), IsOk());
  ASSERT_THAT(View("bob", "", 4), IsOk());
  v1::ForgetOldEventsRequest old;
  old.mutable_before_time()->set_seconds(DaysAgo(5) / kMicrosPerSecond);
  ASSERT_THAT(client_->ForgetOldEvents(old), IsOk());
  ASSERT_THAT(View("ann", "", 0), IsOk());

  EXPECT_THAT(TracesOfUser("ann"), ElementsAre("new", "old"));
}

TEST_F(TracesTest, SomebodyElseWhoWasErasedIsNoReasonToNameAll) {
  ASSERT_THAT(View("bob", "", 10), IsOk());
  ASSERT_THAT(View("carl", "", 9), IsOk());
  ASSERT_THAT(View("ann", "", 0), IsOk());
  ASSERT_THAT(Erase("carl"), IsOk());

  EXPECT_THAT(TracesOfUser("ann"), ElementsAre("new"));
}

TEST_F(UserTest, ATrainingUnderWayIsNamedSinceItMayHaveReadThePerson) {
  TrainingProgress training{.id = "training-7", .state = TrainingProgress::State::kRunning};
  shop_.models().Set(training);
  ASSERT_THAT(Buy("ann", ""), IsOk());
  ASSERT_THAT(Buy("bob", ""), IsOk());

  const auto erased = Erase("ann");

  ASSERT_THAT(erased, IsOk());
  EXPECT_THAT(erased->receipt().training_ids(), ElementsAre("training-7"));
  EXPECT_THAT(ToJson(erased->receipt()), HasSubstr("\"training-7\""));
  EXPECT_THAT(Erase("nobody")->receipt().training_ids(), IsEmpty());
  training.state = TrainingProgress::State::kSucceeded;
  shop_.models().Set(training);
  EXPECT_THAT(Erase("bob")->receipt().training_ids(), IsEmpty());
}

TEST_F(UserTest, ErasingSomebodyUnknownIsAReceiptOfNothing) {
  const auto first = Erase("nobody");
  const auto second = Erase("nobody");

  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(first->receipt().erased_event_count(), 0);
  EXPECT_NE(first->receipt().receipt_id(), second->receipt().receipt_id());
}

TEST_F(UserTest, AnErasureNeedsAnId) {
  EXPECT_THAT(client_->EraseUser(v1::EraseUserRequest()),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Erase(""), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace vitrine
