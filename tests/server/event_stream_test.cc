#include "server/event_stream.h"

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>

#include <thread>

#include "absl/strings/str_format.h"
#include "server/event_service.h"
#include "server/fake_backend.h"
#include "server/local_server.h"
#include "server/rpc_errors.h"
#include "testing/fake_clock.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using testing::FakeClock;
using testing::FakeStore;
using testing::LocalServer;
using testing::Unpack;

constexpr std::size_t kMaxUnacknowledged = 4;

v1::StreamEventsRequest View(const std::string& event_id) {
  v1::StreamEventsRequest request;
  v1::Event& event = *request.mutable_event();
  event.set_event_id(event_id);
  event.set_type(v1::EVENT_TYPE_DETAIL_PAGE_VIEW);
  event.set_user_id("ann");
  event.add_items()->set_item_id("mug");
  return request;
}

WriteResult Recorded(std::uint64_t sequence, EventOutcome outcome = EventOutcome::kRecorded) {
  return {.sequence = sequence, .outcomes = {outcome}};
}

class EventStreamTest : public ::testing::Test {
 protected:
  EventStreamTest() { pool_.Open({.store = &store_}); }

  void Open() { stream_ = stub_->StreamEvents(&context_); }

  v1::StreamEventsResponse Read() {
    v1::StreamEventsResponse response;
    EXPECT_TRUE(stream_->Read(&response));
    return response;
  }

  // Reads to the end, and returns how the stream ended.
  grpc::Status Drain() {
    v1::StreamEventsResponse response;
    while (stream_->Read(&response)) continue;
    return stream_->Finish();
  }

  FakeClock clock_;
  FakeStore store_;
  RequestPool pool_{2, 100};
  EventService service_{
      pool_, clock_, {.max_unacknowledged = kMaxUnacknowledged, .max_streams = 2}};
  LocalServer server_{&service_};
  std::unique_ptr<v1::EventService::Stub> stub_ = v1::EventService::NewStub(server_.channel());
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::StreamEventsRequest, v1::StreamEventsResponse>>
      stream_;
};

TEST_F(EventStreamTest, AnEventIsAcknowledgedOnceItIsOnDisk) {
  Open();
  stream_->Write(View("e1"));
  ASSERT_TRUE(store_.AwaitWrites(1));

  const Mutation mutation = store_.Answer(Recorded(5));

  EXPECT_EQ(std::get<RecordEvents>(mutation).events[0].event_id, "e1");
  const v1::StreamEventsResponse response = Read();
  EXPECT_EQ(response.sequence(), 0);
  EXPECT_EQ(response.ack().event_id(), "e1");
  EXPECT_FALSE(response.ack().duplicate());
  EXPECT_EQ(response.consistency_token(), "c5");
  stream_->WritesDone();
  EXPECT_TRUE(Drain().ok());
}

TEST_F(EventStreamTest, MoreStreamsThanMayBeOpenAreRefusedUntilOneEnds) {
  Open();
  stream_->Write(View("e1"));
  grpc::ClientContext second_context;
  const auto second = stub_->StreamEvents(&second_context);
  second->Write(View("e2"));
  ASSERT_TRUE(store_.AwaitWrites(2));  // Both are open.

  grpc::ClientContext third_context;
  const auto third = stub_->StreamEvents(&third_context);
  v1::StreamEventsResponse response;
  EXPECT_FALSE(third->Read(&response));
  const grpc::Status refused = third->Finish();

  EXPECT_EQ(refused.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(Unpack(refused).reason, "TOO_MANY_STREAMS");
  EXPECT_GT(Unpack(refused).retry_seconds, 0);
  store_.Answer(Recorded(1));
  store_.Answer(Recorded(2));
  second->WritesDone();
  while (second->Read(&response)) continue;
  EXPECT_TRUE(second->Finish().ok());
  stream_->WritesDone();
  EXPECT_TRUE(Drain().ok());
}

TEST_F(EventStreamTest, AnswersComeInTheOrderOfTheStreamWhateverTheStoreDoes) {
  Open();
  for (const char* id : {"e0", "e1", "e2"}) stream_->Write(View(id));
  ASSERT_TRUE(store_.AwaitWrites(3));

  store_.Answer(Recorded(3), 2);
  store_.Answer(Recorded(2, EventOutcome::kDuplicate), 1);
  store_.Answer(Recorded(1, EventOutcome::kErased), 0);

  const v1::StreamEventsResponse first = Read();
  const v1::StreamEventsResponse second = Read();
  const v1::StreamEventsResponse third = Read();
  EXPECT_THAT((std::vector{first.sequence(), second.sequence(), third.sequence()}),
              ElementsAre(0, 1, 2));
  EXPECT_TRUE(first.ack().dropped());
  EXPECT_TRUE(second.ack().duplicate());
  EXPECT_EQ(third.ack().event_id(), "e2");
  stream_->WritesDone();
  EXPECT_TRUE(Drain().ok());
}

TEST_F(EventStreamTest, AnEventThatBreaksARuleIsAnsweredAndTheStreamGoesOn) {
  Open();
  v1::StreamEventsRequest bad = View("bad");
  bad.mutable_event()->mutable_items(0)->set_quantity(-1);
  stream_->Write(bad);
  stream_->Write(v1::StreamEventsRequest());
  stream_->Write(View("good"));
  ASSERT_TRUE(store_.AwaitWrites(1));
  store_.Answer(Recorded(1));

  const auto broken = Unpack(Read().error());
  EXPECT_EQ(broken.reason, "INVALID_FIELD");
  EXPECT_THAT(broken.fields, ElementsAre("event.items[0].quantity"));
  EXPECT_THAT(Unpack(Read().error()).fields, ElementsAre("event"));
  EXPECT_EQ(Read().ack().event_id(), "good");
}

TEST_F(EventStreamTest, AnErrorOfTheStoreIsTheEventsOwn) {
  Open();
  stream_->Write(View("e1"));
  stream_->Write(View("e2"));
  ASSERT_TRUE(store_.AwaitWrites(2));
  store_.Answer(absl::AlreadyExistsError("e1 has other content"));
  store_.Answer(Recorded(2));

  const v1::StreamEventsResponse response = Read();
  EXPECT_EQ(response.error().code(), static_cast<int>(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(Unpack(response.error()).reason, "EVENT_ID_REUSED");
  EXPECT_EQ(response.consistency_token(), "");
  EXPECT_TRUE(Read().has_ack());
}

TEST_F(EventStreamTest, ReadingPausesWhileTooManyEventsWaitForTheDisk) {
  Open();
  std::thread sender([this] {
    for (int i = 0; i < 20; ++i) stream_->Write(View(absl::StrFormat("e%d", i)));
    stream_->WritesDone();
  });
  ASSERT_TRUE(store_.AwaitWrites(kMaxUnacknowledged));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(store_.num_waiting(), kMaxUnacknowledged);

  for (std::uint64_t i = 0; i < 20; ++i) {
    ASSERT_TRUE(store_.AwaitWrites(1));
    store_.Answer(Recorded(i + 1));
    EXPECT_EQ(Read().sequence(), static_cast<std::int64_t>(i));
  }
  sender.join();
  EXPECT_TRUE(Drain().ok());
}

TEST_F(EventStreamTest, EndAnswersWhatWasReadAndThenSaysUnavailable) {
  Open();
  stream_->Write(View("e1"));
  ASSERT_TRUE(store_.AwaitWrites(1));

  service_.EndStreams();
  store_.Answer(Recorded(1));

  EXPECT_EQ(Read().ack().event_id(), "e1");
  const grpc::Status status = Drain();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(Unpack(status).reason, "DRAINING");
}

TEST_F(EventStreamTest, EndFinishesAStreamThatWaitsForItsClient) {
  Open();
  stream_->Write(View("e1"));
  ASSERT_TRUE(store_.AwaitWrites(1));
  store_.Answer(Recorded(1));
  Read();  // Now the server waits in a read.

  service_.EndStreams();

  EXPECT_EQ(Drain().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(EventStreamTest, AClientThatLeavesHarmsNobody) {
  Open();
  for (const char* id : {"e0", "e1"}) stream_->Write(View(id));
  ASSERT_TRUE(store_.AwaitWrites(2));
  context_.TryCancel();
  EXPECT_EQ(Drain().error_code(), grpc::StatusCode::CANCELLED);

  store_.Answer(Recorded(2), 1);
  store_.Answer(Recorded(1), 0);  // The server's end waits for both: see LocalServer.
}

TEST_F(EventStreamTest, ADrainingServerTakesNoStream) {
  pool_.Close();
  Open();

  EXPECT_EQ(Drain().error_code(), grpc::StatusCode::UNAVAILABLE);
}

}  // namespace
}  // namespace vitrine
