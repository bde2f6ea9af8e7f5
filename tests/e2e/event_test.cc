#include <gmock/gmock.h>

#include <thread>

#include "e2e/shop.h"
#include "testing/status_matchers.h"

namespace vitrine {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the tests' own words.
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

v1::Event View(const std::string& event_id) {
  v1::Event event = MakeEvent(v1::EVENT_TYPE_DETAIL_PAGE_VIEW, "ann", "mug");
  event.set_event_id(event_id);
  event.mutable_event_time()->set_seconds(1'700'000'000);
  return event;
}

class EventTest : public ::testing::Test {
 protected:
  EventTest() { shop_.Serve(); }

  std::int64_t InteractionCount(const std::string& user_id) {
    v1::GetUserRequest request;
    request.set_user_id(user_id);
    const auto response = client_->GetUser(request);
    return response.ok() ? response->user().interaction_count() : 0;
  }

  Shop shop_;
  std::unique_ptr<Client> client_ = shop_.Connect();
};

TEST_F(EventTest, ARepeatIsNoOp) {
  const auto first = client_->RecordEvents(Batch({View("e1")}));
  const auto second = client_->RecordEvents(Batch({View("e1")}));

  ASSERT_THAT(second, IsOk());
  EXPECT_FALSE(first->acks(0).duplicate());
  EXPECT_TRUE(second->acks(0).duplicate());
  EXPECT_EQ(second->acks(0).event_id(), "e1");
  EXPECT_EQ(InteractionCount("ann"), 1);
}

TEST_F(EventTest, TheSameIdWithOtherContentIsRefused) {
  ASSERT_THAT(client_->RecordEvents(Batch({View("e1")})), IsOk());
  v1::Event other = View("e1");
  other.mutable_items(0)->set_item_id("tea");

  const auto response = client_->RecordEvents(Batch({other}));

  EXPECT_THAT(response, StatusIs(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(ErrorReason(response.status()), "EVENT_ID_REUSED");
}

TEST_F(EventTest, ABatchWithOneBadEventRecordsNone) {
  v1::RecordEventsRequest request = Batch({View("e0"), View("e1"), View("e2"), View("e3")});
  request.mutable_events(3)->mutable_items(0)->set_quantity(-1);
  request.mutable_events(1)->clear_user_id();

  const auto response = client_->RecordEvents(request);

  EXPECT_THAT(response, StatusIs(absl::StatusCode::kInvalidArgument));
  const std::string message(response.status().message());
  EXPECT_THAT(message, HasSubstr("\n  events[3].items[0].quantity: is -1"));
  EXPECT_THAT(message, HasSubstr("\n  events[1].user_id: "));
  EXPECT_EQ(InteractionCount("ann"), 0);
}

TEST_F(EventTest, AnEventMoreThanADayAheadIsRefused) {
  v1::Event event = View("e1");
  event.mutable_event_time()->set_seconds(SystemClock().Now() / kMicrosPerSecond + 90'000);

  const auto response = client_->RecordEvents(Batch({event}));

  EXPECT_THAT(response, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(response.status().message()), HasSubstr("events[0].event_time"));
}

TEST_F(EventTest, ABatchHasOneToAThousandEvents) {
  v1::RecordEventsRequest request;
  EXPECT_THAT(client_->RecordEvents(request), StatusIs(absl::StatusCode::kInvalidArgument));

  for (int i = 0; i < 1'000; ++i) *request.add_events() = View(absl::StrFormat("e%d", i));
  EXPECT_THAT(client_->RecordEvents(request), IsOk());

  *request.add_events() = View("one too many");
  EXPECT_THAT(client_->RecordEvents(request), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(EventTest, WhatWasAcknowledgedIsThereAfterARestart) {
  ASSERT_THAT(client_->RecordEvents(Batch({View("e1")})), IsOk());

  shop_.Restart();

  client_ = shop_.Connect();
  EXPECT_EQ(InteractionCount("ann"), 1);
  EXPECT_TRUE(client_->RecordEvents(Batch({View("e1")}))->acks(0).duplicate());
}

TEST_F(EventTest, AStreamAcknowledgesEachEventInItsOrder) {
  constexpr int kEvents = 2'000;
  const auto stream = client_->StreamEvents();
  std::thread sender([&stream] {
    for (int i = 0; i < kEvents; ++i) {
      // Every tenth is a repeat of the one before.
      if (!stream->Send(View(absl::StrFormat("e%d", i % 10 == 9 ? i - 1 : i)))) break;
    }
    stream->SendNoMore();
  });

  int num_answers = 0;
  int num_duplicates = 0;
  bool is_in_order = true;
  v1::StreamEventsResponse response;
  while (stream->Receive(&response)) {
    is_in_order &= response.sequence() == num_answers++ && response.has_ack();
    num_duplicates += response.ack().duplicate() ? 1 : 0;
  }
  sender.join();

  EXPECT_THAT(stream->Finish(), IsOk());
  EXPECT_EQ(num_answers, kEvents);
  EXPECT_EQ(num_duplicates, kEvents / 10);
  EXPECT_TRUE(is_in_order);
}

TEST_F(EventTest, AMessageOverTheLimitIsRefusedBeforeItIsRead) {
  Shop small({.max_message_bytes = 10'000});
  small.Serve();
  v1::Event event = View("e1");
  event.set_search_query(std::string(20'000, 'x'));

  EXPECT_THAT(small.Connect()->RecordEvents(Batch({event})),
              StatusIs(absl::StatusCode::kResourceExhausted));
}

TEST_F(EventTest, AfterAFailedSyncTheStoreTakesNoWritesAndSaysSoWhileReadsGoOn) {
  ASSERT_THAT(client_->UpsertItems(MakeItems(3)), IsOk());
  shop_.files().FailSync(1);

  const auto failed = client_->RecordEvents(Batch({View("e1")}));
  const auto refused = client_->RecordEvents(Batch({View("e2")}));

  EXPECT_THAT(failed, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(ErrorReason(failed.status()), "DISK_FAILED");
  EXPECT_THAT(refused, Not(IsOk()));
  EXPECT_FALSE(*client_->CheckHealth("vitrine.v1.EventService"));
  EXPECT_TRUE(*client_->CheckHealth("vitrine.v1.RecommendationService"));
  EXPECT_THAT(ItemIds(client_->RecommendItems(For("ann"))), SizeIs(3));
}

TEST_F(EventTest, AFullDiskRefusesWritesWithTheCureAndTakesThemAgainOnceThereIsRoom) {
  ASSERT_THAT(client_->UpsertItems(MakeItems(3)), IsOk());
  shop_.files().FillDiskAfter(10);

  const auto refused = client_->RecordEvents(Batch({View("e1")}));

  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(ErrorReason(refused.status()), "DISK_FULL");
  EXPECT_FALSE(*client_->CheckHealth("vitrine.v1.EventService"));
  EXPECT_THAT(ItemIds(client_->RecommendItems(For("ann"))), SizeIs(3));
  shop_.files().MakeRoom();
  auto accepted = client_->RecordEvents(Batch({View("e1")}));
  while (absl::IsResourceExhausted(accepted.status())) {
    accepted = client_->RecordEvents(Batch({View("e1")}));
  }
  ASSERT_THAT(accepted, IsOk());
  EXPECT_FALSE(accepted->acks(0).duplicate());
  EXPECT_TRUE(*client_->CheckHealth("vitrine.v1.EventService"));
}

}  // namespace
}  // namespace vitrine
