#include "server/insight_reports.h"

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <string>
#include <thread>

#include "server/fake_backend.h"
#include "testing/eventually.h"
#include "testing/status_matchers.h"
#include "vitrine/base/clock.h"
#include "vitrine/server/server.h"
#include "vitrine/v1/insight_service.grpc.pb.h"

namespace vitrine {
namespace {

using testing::FakeStore;
using testing::IsOk;
using testing::StatusIs;

// A log that never ends: reading it takes as long as the reader wants.
class EndlessStore final : public FakeStore {
 public:
  absl::Status ReadEvents(
      std::uint64_t, const std::function<bool(std::uint64_t, const Event&)>& visit) const override {
    const Event event{.type = EventType::kDetailPageView, .user_id = "ann", .time_us = 1};
    std::uint64_t offset = 0;
    const Micros end = MonotonicNow() + kPatienceUs;
    while (MonotonicNow() < end) {
      if (!visit(offset, event)) {
        was_left_ = true;
        break;
      }
      if (++offset == 1) is_read_.set_value();
    }
    return absl::OkStatus();
  }

  void AwaitRead() const { is_read_.get_future().wait(); }
  bool was_left() const { return was_left_; }  // The reader had enough.

 private:
  static constexpr Micros kPatienceUs = 20 * kMicrosPerSecond;
  mutable std::promise<void> is_read_;
  mutable std::atomic<bool> was_left_ = false;
};

TEST(InsightReportsTest, StopGivesUpTheReportThatIsBeingMade) {
  const EndlessStore store;
  InsightReports reports(SystemClock(), kMicrosPerSecond);
  absl::Status answer;
  reports.Get(store, [&answer](const auto& report) { answer = report.status(); });
  store.AwaitRead();

  reports.Stop();
  reports.Wait();

  EXPECT_TRUE(store.was_left());
  EXPECT_THAT(answer, StatusIs(absl::StatusCode::kUnavailable));
  reports.Get(store, [&answer](const auto& report) { answer = report.status(); });
  EXPECT_THAT(answer, StatusIs(absl::StatusCode::kUnavailable));
}

TEST(InsightReportsTest, ADrainDoesNotWaitForAReport) {
  EndlessStore store;
  const auto server = Server::Create({.address = "127.0.0.1:0"}, SystemClock());
  ASSERT_THAT(server, IsOk());
  (*server)->Serve({.store = &store});
  const auto stub = v1::InsightService::NewStub(grpc::CreateChannel(
      "127.0.0.1:" + std::to_string((*server)->port()), grpc::InsecureChannelCredentials()));
  auto asked = std::async(std::launch::async, [&stub] {
    grpc::ClientContext context;
    v1::ListSegmentsResponse response;
    return stub->ListSegments(&context, v1::ListSegmentsRequest(), &response);
  });
  store.AwaitRead();

  const Micros start = MonotonicNow();
  (*server)->Drain(10 * kMicrosPerSecond);

  EXPECT_LT(MonotonicNow() - start, 5 * kMicrosPerSecond);
  EXPECT_TRUE(store.was_left());
  EXPECT_EQ(asked.get().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST(InsightReportsTest, ADrainGivesUpPlacementReportsTooThoseThatWaitAsWell) {
  EndlessStore store;
  const auto server = Server::Create({.address = "127.0.0.1:0"}, SystemClock());
  ASSERT_THAT(server, IsOk());
  (*server)->Serve({.store = &store});
  const auto stub = v1::InsightService::NewStub(grpc::CreateChannel(
      "127.0.0.1:" + std::to_string((*server)->port()), grpc::InsecureChannelCredentials()));
  const auto ask = [&stub] {
    grpc::ClientContext context;
    v1::GetPlacementReportResponse response;
    return stub->GetPlacementReport(&context, v1::GetPlacementReportRequest(), &response);
  };
  auto first = std::async(std::launch::async, ask);
  store.AwaitRead();
  auto second = std::async(std::launch::async, ask);

  const Micros start = MonotonicNow();
  (*server)->Drain(10 * kMicrosPerSecond);

  EXPECT_LT(MonotonicNow() - start, 5 * kMicrosPerSecond);
  EXPECT_EQ(first.get().error_code(), grpc::StatusCode::UNAVAILABLE);
  // It waits for the first, or comes while the server drains: then gRPC itself may refuse it.
  EXPECT_THAT(second.get().error_code(),
              ::testing::AnyOf(grpc::StatusCode::UNAVAILABLE, grpc::StatusCode::CANCELLED));
}

TEST(InsightReportsTest, OnlySoMuchWorkWaits) {
  InsightReports reports(SystemClock(), 0);
  std::promise<void> go_on;
  auto may_go_on = go_on.get_future().share();
  std::atomic<std::size_t> num_done = 0;
  const auto work = [&](const std::atomic<bool>&) {
    may_go_on.wait();
    ++num_done;
  };
  for (std::size_t i = 0; i < InsightReports::kMostWaiting; ++i) {
    EXPECT_THAT(reports.Submit(work), IsOk());
  }

  EXPECT_THAT(reports.Submit(work), StatusIs(absl::StatusCode::kResourceExhausted));
  go_on.set_value();
  EXPECT_TRUE(testing::Eventually([&] { return num_done == InsightReports::kMostWaiting; }));
  reports.Stop();
  EXPECT_THAT(reports.Submit(work), StatusIs(absl::StatusCode::kUnavailable));
  reports.Wait();
  EXPECT_EQ(num_done, InsightReports::kMostWaiting);
}

TEST(InsightReportsTest, APlacementReportThatNobodyWaitsForIsGivenUp) {
  EndlessStore store;
  const auto server = Server::Create({.address = "127.0.0.1:0"}, SystemClock());
  ASSERT_THAT(server, IsOk());
  (*server)->Serve({.store = &store});
  const auto stub = v1::InsightService::NewStub(grpc::CreateChannel(
      "127.0.0.1:" + std::to_string((*server)->port()), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(300));
  v1::GetPlacementReportResponse response;

  const grpc::Status status =
      stub->GetPlacementReport(&context, v1::GetPlacementReportRequest(), &response);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  for (int i = 0; i < 500 && !store.was_left(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_TRUE(store.was_left());
}

}  // namespace
}  // namespace vitrine
