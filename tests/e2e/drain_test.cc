// What a drain owes to those who came before it, and what it says to those who come too late.

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <httplib.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#undef _res  // A macro of the resolver, which httplib.h brings; Eigen names parameters so.

#include "cli/open_call.h"
#include "e2e/shop.h"
#include "e2e/slow_scorer.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "testing/eventually.h"
#include "testing/status_matchers.h"
#include "vitrine/v1/event_service.grpc.pb.h"

namespace vitrine {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the tests' own words.
using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr Micros kMillisecond = 1'000;
constexpr Micros kLong = 60 * kMicrosPerSecond;  // No test takes so long.

// A drain on a thread of its own.
class Draining {
 public:
  Draining(Server& server, Micros limit)
      : ended_(std::async(std::launch::async, [&server, limit] { server.Drain(limit); })) {}

  bool HasEndedWithin(std::chrono::milliseconds time) const {
    return ended_.wait_for(time) == std::future_status::ready;
  }

 private:
  const std::future<void> ended_;  // Waits for the end when it goes.
};

// A shop of three items, whose lists are held until the test lets them go.
class DrainTest : public ::testing::Test {
 protected:
  DrainTest() {
    shop_.Serve();
    EXPECT_THAT(shop_.Connect()->UpsertItems(MakeItems(3)), IsOk());
    ModelSet set;
    set.version = "held";
    set.models.push_back(SlowModel("most_popular", {3, 2, 1}, [this] {
      ++num_begun_;
      may_go_on_.wait();
    }));
    shop_.Publish(std::move(set));
  }
  ~DrainTest() override { LetGo(); }  // Whatever has failed: nothing hangs.

  // Asks for a list; returns once it is being made.
  void HoldList() {
    const int num_before = num_begun_;
    lists_.push_back(std::async(std::launch::async, [client = shop_.Connect()] {
      return client->RecommendItems(For("ann"));
    }));
    EXPECT_TRUE(Eventually([&] { return num_begun_ > num_before; }));
  }
  void LetGo() {
    if (!std::exchange(is_let_go_, true)) go_on_.set_value();
  }

  bool is_let_go_ = false;
  std::promise<void> go_on_;
  const std::shared_future<void> may_go_on_ = go_on_.get_future().share();
  std::atomic<int> num_begun_ = 0;
  Shop shop_{ServerOptions{.metrics_address = "127.0.0.1:0"}};
  std::vector<std::future<absl::StatusOr<v1::RecommendItemsResponse>>> lists_;
  std::unique_ptr<Draining> drain_;
};

TEST_F(DrainTest, WhatIsInFlightIsAnsweredAndNothingElseIsTakenIn) {
  const auto channel = grpc::CreateChannel(shop_.address(), grpc::InsecureChannelCredentials());
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(1));
  const auto watch = Health::NewStub(channel)->Watch(&context, HealthCheckRequest());
  HealthCheckResponse health;
  ASSERT_TRUE(watch->Read(&health));
  ASSERT_EQ(health.status(), HealthCheckResponse::SERVING);
  HoldList();  // Mostly by the thread that brought it,
  HoldList();  // and by one of the pool.

  drain_ = std::make_unique<Draining>(shop_.server(), kLong);

  ASSERT_TRUE(watch->Read(&health));
  EXPECT_EQ(health.status(), HealthCheckResponse::NOT_SERVING);
  // At the moment at which the server begins to close, gRPC itself refuses it, by either code.
  EXPECT_THAT(
      shop_.Connect()->RecommendItems(For("bob")),
      AnyOf(StatusIs(absl::StatusCode::kUnavailable), StatusIs(absl::StatusCode::kCancelled)));
  EXPECT_FALSE(drain_->HasEndedWithin(std::chrono::milliseconds(0))) << "two calls are in flight";
  EXPECT_EQ(num_begun_, 2);
  LetGo();
  for (auto& answer : lists_) {
    const auto list = answer.get();
    ASSERT_THAT(list, IsOk());
    EXPECT_THAT(ItemIds(list), SizeIs(3));
    EXPECT_EQ(list->model_version(), "held");
  }
  EXPECT_TRUE(drain_->HasEndedWithin(std::chrono::seconds(10))) << "nothing is in flight";
  EXPECT_FALSE(watch->Read(&health));
  EXPECT_EQ(watch->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(DrainTest, ReadyzAnswers503MeanwhileAndHealthz200) {
  httplib::Client pages("127.0.0.1", shop_.server().metrics_port());
  ASSERT_EQ(pages.Get("/readyz")->status, 200);
  HoldList();

  drain_ = std::make_unique<Draining>(shop_.server(), kLong);

  ASSERT_TRUE(Eventually([&pages] {
    const httplib::Result ready = pages.Get("/readyz");
    return ready && ready->status == 503;
  }));
  EXPECT_THAT(pages.Get("/readyz")->body, HasSubstr("draining"));
  EXPECT_EQ(pages.Get("/healthz")->status, 200);
  EXPECT_FALSE(drain_->HasEndedWithin(std::chrono::milliseconds(0)));
}

TEST_F(DrainTest, ACallThatDoesNotEndIsCutOffSoonAfterTheTimeIsUp) {
  constexpr Micros kLimit = kMicrosPerSecond;
  const OpenCall call(shop_.address());
  ASSERT_TRUE(call.is_open());
  const Micros start = MonotonicNow();

  shop_.server().Drain(kLimit);

  const Micros took = MonotonicNow() - start;
  EXPECT_GE(took, kLimit * 9 / 10) << "the call had no time to end";
  EXPECT_LT(took, 5 * kLimit);  // A sanitizer and a busy machine take their time too.
}

// As behind an erasure, or where the disk is slow.
TEST(DrainOfWritesTest, AWriteThatTheStoreHasTakenIsWaitedForBeyondTheTime) {
  FakeStore store;
  const auto server = Server::Create({.address = "127.0.0.1:0"}, SystemClock());
  ASSERT_THAT(server, IsOk());
  (*server)->Serve({.store = &store});
  const auto stub = v1::EventService::NewStub(grpc::CreateChannel(
      absl::StrFormat("127.0.0.1:%d", (*server)->port()), grpc::InsecureChannelCredentials()));
  auto written = std::async(std::launch::async, [&stub] {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    v1::RecordEventsResponse response;
    return stub->RecordEvents(
        &context, Batch({MakeEvent(v1::EVENT_TYPE_DETAIL_PAGE_VIEW, "ann", "mug")}), &response);
  });
  ASSERT_TRUE(store.AwaitWrites(1));

  const Draining drain(**server, kMillisecond);

  EXPECT_FALSE(written.get().ok()) << "its caller was cut off";
  EXPECT_FALSE(drain.HasEndedWithin(std::chrono::milliseconds(50))) << "the store has no answer";
  store.Answer(WriteResult{.sequence = 1, .outcomes = {EventOutcome::kRecorded}});
  EXPECT_TRUE(drain.HasEndedWithin(std::chrono::seconds(10)));
}

}  // namespace
}  // namespace vitrine
