#include <gmock/gmock.h>

#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "e2e/user_shop.h"
#include "testing/status_matchers.h"

namespace vitrine {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the tests' own words.
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

// What an export came to, put together.
struct Exported {
  v1::User user{};
  std::vector<std::string> visitors{};
  std::vector<std::string> features{};
  std::vector<v1::Event> events{};
  int num_parts = 0;
};

class ExportTest : public UserShop {
 protected:
  absl::StatusOr<Exported> Export(const std::string& user_id, const std::string& visitor_id) {
    v1::ExportUserDataRequest request;
    if (!user_id.empty()) request.set_user_id(user_id);
    if (!visitor_id.empty()) request.set_visitor_id(visitor_id);
    Exported all;
    const absl::Status status =
        client_->ExportUserData(request, [&all](const v1::ExportUserDataResponse& part) {
          ++all.num_parts;
          if (part.has_user()) all.user = part.user();
          for (const auto& visitor : part.merged_visitor_ids()) all.visitors.push_back(visitor);
          for (const auto& feature : part.features()) all.features.push_back(feature.name());
          for (const auto& event : part.events()) all.events.push_back(event);
          return true;
        });
    if (!status.ok()) return status;
    return all;
  }
};

TEST_F(ExportTest, HasTheProfileTheFeaturesAndAllEventsOfTheUserAndTheirVisitors) {
  ASSERT_THAT(Store("ann"), IsOk());
  ASSERT_THAT(Buy("", "phone"), IsOk());
  ASSERT_THAT(Buy("ann", ""), IsOk());
  ASSERT_THAT(Buy("bob", "another-phone"), IsOk());
  ASSERT_THAT(Merge("phone", "ann"), IsOk());

  const auto ann = Export("ann", "");

  ASSERT_THAT(ann, IsOk());
  EXPECT_EQ(ann->user.attributes().at("country").text(), "DE");
  EXPECT_THAT(ann->visitors, ElementsAre("phone"));
  EXPECT_THAT(ann->features, Not(IsEmpty()));
  ASSERT_EQ(ann->events.size(), 2);
  EXPECT_EQ(ann->events[0].visitor_id(), "phone");
  EXPECT_EQ(ann->events[1].user_id(), "ann");
  EXPECT_EQ(ann->events[1].items(0).item_id(), "item-003");
  const auto phone = Export("", "another-phone");
  ASSERT_THAT(phone, IsOk());
  ASSERT_EQ(phone->events.size(), 1);
  EXPECT_EQ(phone->events[0].user_id(), "bob");
}

TEST_F(ExportTest, NamesMergedVisitorsOfWhomNoEventIsLeftOrEverWas) {
  ASSERT_THAT(Store("ann"), IsOk());
  v1::Event old = MakeEvent(v1::EVENT_TYPE_DETAIL_PAGE_VIEW, "", "item-001");
  old.set_visitor_id("phone");
  const Micros now = SystemClock().Now();
  old.mutable_event_time()->set_seconds((now - 10 * kMicrosPerDay) / kMicrosPerSecond);
  ASSERT_THAT(client_->RecordEvents(Batch({old})), IsOk());
  ASSERT_THAT(Merge("tablet", "ann"), IsOk());
  ASSERT_THAT(Merge("phone", "ann"), IsOk());
  ASSERT_THAT(Merge("another-phone", "bob"), IsOk());
  v1::ForgetOldEventsRequest forget;
  forget.mutable_before_time()->set_seconds((now - 5 * kMicrosPerDay) / kMicrosPerSecond);
  ASSERT_THAT(client_->ForgetOldEvents(forget), IsOk());

  const auto ann = Export("ann", "");

  ASSERT_THAT(ann, IsOk());
  EXPECT_THAT(ann->visitors, ElementsAre("phone", "tablet"));
  EXPECT_THAT(ann->events, IsEmpty());
}

TEST_F(ExportTest, AMergeIsAllThatIsKnownOfSome) {
  ASSERT_THAT(Merge("phone", "ann"), IsOk());

  const auto ann = Export("ann", "");
  ASSERT_THAT(ann, IsOk());
  EXPECT_THAT(ann->visitors, ElementsAre("phone"));
  const auto phone = Export("", "phone");
  ASSERT_THAT(phone, IsOk());
  EXPECT_EQ(phone->user.user_id(), "ann");
}

TEST_F(ExportTest, MoreEventsThanOneMessageHoldsComeInOrder) {
  v1::RecordEventsRequest batch;
  for (int i = 0; i < 501; ++i) {
    *batch.add_events() = MakeEvent(v1::EVENT_TYPE_DETAIL_PAGE_VIEW, "ann", "item-001");
    batch.mutable_events(i)->set_event_id(absl::StrFormat("e%03d", i));
  }
  ASSERT_THAT(client_->RecordEvents(batch), IsOk());

  const auto ann = Export("ann", "");

  ASSERT_THAT(ann, IsOk());
  EXPECT_EQ(ann->num_parts, 3);
  ASSERT_EQ(ann->events.size(), 501);
  EXPECT_EQ(ann->events[500].event_id(), "e500");
}

TEST_F(ExportTest, OfAnErasedOrUnknownPersonThereIsNothing) {
  ASSERT_THAT(Buy("ann", ""), IsOk());
  ASSERT_THAT(Erase("ann"), IsOk());

  EXPECT_EQ(ErrorReason(Export("ann", "").status()), "USER_NOT_FOUND");
  EXPECT_EQ(ErrorReason(Export("nobody", "").status()), "USER_NOT_FOUND");
  EXPECT_THAT(Export("", "").status(), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace vitrine
