#include "server/request_pool.h"

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>

#include <atomic>
#include <future>
#include <thread>

#include "absl/strings/cord.h"
#include "server/fake_backend.h"
#include "server/local_server.h"
#include "server/model_service.h"
#include "server/rpc_errors.h"
#include "server/status.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using testing::FakeModelControl;
using testing::FakeStore;
using testing::LocalServer;
using testing::Unpack;

// Knows which thread asked last.
class Witness final : public FakeModelControl {
 public:
  absl::StatusOr<Versions> ListVersions() const override {
    asked_by_ = std::this_thread::get_id();
    return Versions{};
  }
  std::thread::id asked_by() const { return asked_by_; }

 private:
  mutable std::atomic<std::thread::id> asked_by_;
};

class RequestPoolTest : public ::testing::Test {
 protected:
  grpc::Status Ask() {
    grpc::ClientContext context;
    v1::ListModelVersionsResponse response;
    return stub_->ListModelVersions(&context, v1::ListModelVersionsRequest(), &response);
  }

  // Keeps the pool's only thread busy until `release_` is set.
  void Occupy() {
    std::promise<void> started;
    pool_.Submit([&started, wait = release_.get_future().share()] {
      started.set_value();
      wait.wait();
    });
    started.get_future().wait();
  }

  FakeStore store_;
  std::promise<void> release_;
  RequestPool pool_{1, 2};
  ModelService service_{pool_};
  LocalServer server_{&service_};
  std::unique_ptr<v1::ModelService::Stub> stub_ = v1::ModelService::NewStub(server_.channel());
};

TEST_F(RequestPoolTest, BeforeItIsOpenTheCallerIsToldToRetry) {
  const grpc::Status status = Ask();

  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(Unpack(status).reason, "NOT_READY");
  EXPECT_GT(Unpack(status).retry_seconds, 0);
}

TEST_F(RequestPoolTest, OnceOpenItAnswersAndOnceClosedItSaysDraining) {
  pool_.Open({.store = &store_});
  EXPECT_TRUE(Ask().ok());

  pool_.Close();
  EXPECT_EQ(Unpack(Ask()).reason, "DRAINING");
}

TEST_F(RequestPoolTest, ARequestThatComesAloneIsAnsweredByTheThreadThatBroughtIt) {
  Witness witness;
  pool_.Open({.store = &store_, .models = &witness});
  std::promise<std::thread::id> of_pool;
  pool_.Submit([&of_pool] { of_pool.set_value(std::this_thread::get_id()); });
  const std::thread::id pools_thread = of_pool.get_future().get();

  ASSERT_TRUE(Ask().ok());
  for (int i = 0; i < 1000 && witness.asked_by() == pools_thread; ++i) {
    ASSERT_TRUE(Ask().ok());  // The pool was not quite done yet.
  }

  EXPECT_NE(witness.asked_by(), pools_thread);
}

TEST_F(RequestPoolTest, WhileAnotherIsWorkedOnThePoolAnswers) {
  Witness witness;
  RequestPool pool(2, 2);
  ModelService service(pool);
  const LocalServer server{&service};
  const auto stub = v1::ModelService::NewStub(server.channel());
  pool.Open({.store = &store_, .models = &witness});
  std::promise<std::thread::id> of_first;
  pool.Submit([&of_first, wait = release_.get_future().share()] {
    of_first.set_value(std::this_thread::get_id());
    wait.wait();
  });
  const std::thread::id first = of_first.get_future().get();

  grpc::ClientContext context;
  v1::ListModelVersionsResponse response;
  EXPECT_TRUE(stub->ListModelVersions(&context, v1::ListModelVersionsRequest(), &response).ok());
  std::promise<std::thread::id> of_second;
  pool.Submit([&of_second] { of_second.set_value(std::this_thread::get_id()); });
  const std::thread::id second = of_second.get_future().get();
  release_.set_value();

  EXPECT_NE(first, second);
  EXPECT_EQ(witness.asked_by(), second);
}

TEST_F(RequestPoolTest, MoreRequestsThanMayWaitAreRefusedAtOnce) {
  pool_.Open({.store = &store_});
  Occupy();
  std::vector<std::future<grpc::Status>> waiting;
  for (int i = 0; i < 3; ++i)
    waiting.push_back(std::async(std::launch::async, [&] { return Ask(); }));

  std::vector<std::string> refused;  // One of the three: two may wait.
  while (refused.empty()) {
    for (auto& answer : waiting) {
      if (answer.valid() &&
          answer.wait_for(std::chrono::milliseconds(1)) == std::future_status::ready) {
        refused.push_back(Unpack(answer.get()).reason);
      }
    }
  }
  release_.set_value();

  EXPECT_THAT(refused, ElementsAre("OVERLOADED"));
  for (auto& answer : waiting) {
    if (!answer.valid()) continue;
    EXPECT_TRUE(answer.get().ok());
  }
}

// A pool of one thread that knows the methods, and what a call of one costs.
class AdmissionTest : public RequestPoolTest {
 protected:
  AdmissionTest() { admitting_.Open({.store = &store_}); }

  Method& method() { return methods_.Of(v1::ListModelVersionsRequest()); }

  // Sends a call that waits for the pool's only thread, which is busy; returns once it waits.
  std::future<grpc::Status> AskAndWait(std::int64_t in_flight) {
    auto answer = std::async(std::launch::async, [this] { return AskWithin(60); });
    while (method().in_flight < in_flight) std::this_thread::yield();
    return answer;
  }

  void OccupyAdmitting() {
    std::promise<void> started;
    admitting_.Submit([&started, wait = release_.get_future().share()] {
      started.set_value();
      wait.wait();
    });
    started.get_future().wait();
  }

  grpc::Status AskWithin(int seconds) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(seconds));
    v1::ListModelVersionsResponse response;
    return admitting_stub_->ListModelVersions(&context, v1::ListModelVersionsRequest(), &response);
  }

  Methods methods_{{"vitrine.v1.ModelService"}};
  RequestPool admitting_{{.num_threads = 1,
                          .max_waiting = 100,
                          .max_wait_us = 30 * kMicrosPerSecond,
                          .methods = &methods_}};
  ModelService admitting_service_{admitting_};
  LocalServer admitting_server_{&admitting_service_};
  std::unique_ptr<v1::ModelService::Stub> admitting_stub_ =
      v1::ModelService::NewStub(admitting_server_.channel());
};

TEST_F(AdmissionTest, NoMoreCallsOfAMethodAreInFlightThanMayBe) {
  methods_.SetLimits({{"ListModelVersions", 2}});
  OccupyAdmitting();
  std::future<grpc::Status> first = AskAndWait(1);
  std::future<grpc::Status> second = AskAndWait(2);

  const grpc::Status third = AskWithin(60);
  release_.set_value();

  EXPECT_EQ(third.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(Unpack(third).reason, "OVERLOADED");
  EXPECT_GT(Unpack(third).retry_seconds, 0);
  EXPECT_TRUE(first.get().ok());
  EXPECT_TRUE(second.get().ok());
  EXPECT_TRUE(AskWithin(60).ok());
  EXPECT_EQ(method().in_flight, 0);
}

TEST_F(AdmissionTest, ACallThatWouldWaitTooLongIsToldForHowLong) {
  method().AddCost(40 * kMicrosPerSecond);
  OccupyAdmitting();
  std::future<grpc::Status> first = AskAndWait(1);  // Nothing waits yet: it may.

  const grpc::Status second = AskWithin(3600);
  release_.set_value();

  EXPECT_EQ(Unpack(second).reason, "OVERLOADED");
  EXPECT_EQ(Unpack(second).retry_seconds, 40);
  EXPECT_TRUE(first.get().ok());
}

TEST_F(AdmissionTest, ACallThatWouldBeLateAnywayIsRefusedAtOnce) {
  method().AddCost(10 * kMicrosPerSecond);
  OccupyAdmitting();
  std::future<grpc::Status> first = AskAndWait(1);

  const grpc::Status hurried = AskWithin(30);
  std::future<grpc::Status> patient = AskAndWait(2);
  release_.set_value();

  EXPECT_EQ(hurried.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(first.get().ok());
  EXPECT_TRUE(patient.get().ok());
}

TEST(MethodTest, TheCostFollowsTheCallsSlowly) {
  Method method;
  method.AddCost(160);
  EXPECT_EQ(method.cost_us, 160);

  method.AddCost(320);
  EXPECT_EQ(method.cost_us, 170);
}

TEST_F(RequestPoolTest, ARequestPastItsDeadlineIsNotWorkedOn) {
  pool_.Open({.store = &store_});
  Occupy();
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(20));
  v1::ListModelVersionsResponse response;

  const grpc::Status status =
      stub_->ListModelVersions(&context, v1::ListModelVersionsRequest(), &response);
  release_.set_value();

  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST(RequestPoolRefusalTest, ARefusalForWhatTheRequestSaysIsNoDiskFailure) {
  FakeStore store;
  RequestPool pool(1, 2);
  bool is_told = false;
  pool.OnDiskChange([&is_told](bool is_writable) { is_told = !is_writable; });
  pool.Open({.store = &store});
  std::promise<absl::Status> answered;
  absl::Status erased = absl::FailedPreconditionError("erased");
  erased.SetPayload(kReasonPayload, absl::Cord(kReasonUserErased));

  pool.Write(MergeUsers(), [&answered](const absl::StatusOr<WriteResult>& result) {
    answered.set_value(result.status());
  });
  store.Answer(erased);

  const google::rpc::Status sent = ToRpcStatus(answered.get_future().get());
  EXPECT_EQ(Unpack(sent).reason, "USER_ERASED");
  EXPECT_EQ(sent.details_size(), 1);
  EXPECT_FALSE(is_told);
}

struct StoreErrorCase {
  absl::StatusCode code{};
  std::string reason{};
  bool is_disk_failure = false;
};

class StoreErrorTest : public ::testing::TestWithParam<StoreErrorCase> {};

TEST_P(StoreErrorTest, HasItsReasonAndTellsOfAFailedDisk) {
  FakeStore store;
  RequestPool pool(1, 2);
  bool is_told = false;
  pool.OnDiskChange([&is_told](bool is_writable) { is_told = !is_writable; });
  pool.Open({.store = &store});
  std::promise<absl::Status> answered;

  pool.Write(RecordEvents(), [&answered](const absl::StatusOr<WriteResult>& result) {
    answered.set_value(result.status());
  });
  store.Answer(absl::Status(GetParam().code, "no"));

  const absl::Status status = answered.get_future().get();
  EXPECT_EQ(status.code(), GetParam().code);
  EXPECT_EQ(Unpack(ToGrpcStatus(status)).reason, GetParam().reason);
  EXPECT_EQ(is_told, GetParam().is_disk_failure);
}

INSTANTIATE_TEST_SUITE_P(
    EveryErrorOfTheStore, StoreErrorTest,
    ::testing::Values(StoreErrorCase{absl::StatusCode::kAlreadyExists, "EVENT_ID_REUSED"},
                      StoreErrorCase{absl::StatusCode::kNotFound, "ITEM_NOT_FOUND"},
                      StoreErrorCase{absl::StatusCode::kUnavailable, "DISK_FAILED", true},
                      StoreErrorCase{absl::StatusCode::kFailedPrecondition, "STORE_READ_ONLY",
                                     true},
                      StoreErrorCase{absl::StatusCode::kResourceExhausted, "RESOURCE_EXHAUSTED"},
                      StoreErrorCase{absl::StatusCode::kDataLoss, "DATA_LOSS"}));

TEST(RequestPoolDiskTest, AFullDiskSaysSoUntilAWriteTakesEffectAgain) {
  FakeStore store;
  RequestPool pool(1, 2);
  std::vector<bool> told;
  pool.OnDiskChange([&told](bool is_writable) { told.push_back(is_writable); });
  pool.Open({.store = &store});
  absl::Status full = absl::ResourceExhaustedError("the disk is full");
  full.SetPayload(kReasonPayload, absl::Cord(kReasonDiskFull));
  const auto write = [&](const absl::StatusOr<WriteResult>& answer) {
    std::promise<absl::Status> answered;
    pool.Write(RecordEvents(), [&answered](const absl::StatusOr<WriteResult>& result) {
      answered.set_value(result.status());
    });
    store.Answer(answer);
    return answered.get_future().get();
  };

  const absl::Status refused = write(full);
  EXPECT_TRUE(write(WriteResult()).ok());
  EXPECT_TRUE(write(WriteResult()).ok());

  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Unpack(ToGrpcStatus(refused)).reason, "DISK_FULL");
  EXPECT_EQ(told, (std::vector<bool>{false, true}));
}

}  // namespace
}  // namespace vitrine
