#include "server/held_reply.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "server/fake_backend.h"
#include "server/local_server.h"
#include "server/measured_messages.h"
#include "server/model_service.h"
#include "server/request_pool.h"
#include "vitrine/base/counters.h"

namespace vitrine {
namespace {

using testing::FakeModelControl;
using testing::FakeStore;
using testing::LocalServer;

constexpr std::size_t kBundles = 1'000;  // A list of them is about 100 kB.

// A call whose reply is finished, and stays with the server until Read.
class UnreadCall {
 public:
  explicit UnreadCall(v1::ModelService::Stub& stub)
      : reply_(stub.AsyncListModelVersions(&context_, v1::ListModelVersionsRequest(), &queue_)) {
    reply_->ReadInitialMetadata(this);
    Await();
  }
  ~UnreadCall() {
    context_.TryCancel();
    if (!is_read_) Read();
    queue_.Shutdown();
    EXPECT_FALSE(Await());
  }

  grpc::Status Read() {
    is_read_ = true;
    grpc::Status status;
    reply_->Finish(&response_, &status, this);
    Await();
    return status;
  }
  const v1::ListModelVersionsResponse& response() const { return response_; }

 private:
  // Until the latest step is done; false: there will be none any more.
  bool Await() {
    void* tag = nullptr;
    bool is_ok = false;
    return queue_.Next(&tag, &is_ok);
  }

  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  v1::ListModelVersionsResponse response_;
  bool is_read_ = false;
  std::unique_ptr<grpc::ClientAsyncResponseReader<v1::ListModelVersionsResponse>> reply_;
};

// A server whose replies are large, and that holds two of them but not three.
class HeldReplyTest : public ::testing::Test {
 protected:
  HeldReplyTest() {
    SetBundles(kBundles);
    pool_.Open({.store = &store_, .models = &models_, .counters = &counters_});
  }

  void SetBundles(std::size_t count) {
    ModelControl::Versions versions;
    versions.bundles.resize(count, {.version = std::string(100, 'v')});
    models_.Set(versions);
  }

  // False: some are after 10 s.
  bool AwaitNoneUnsent() const {
    for (int i = 0; i < 2'000 && pool_.unsent().bytes() > 0; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return pool_.unsent().bytes() == 0;
  }

  FakeStore store_;
  FakeModelControl models_;
  Counters counters_;
  RequestPool pool_{{.num_threads = 2, .max_waiting = 10, .max_unsent_bytes = 500'000}};
  ModelService service_{pool_};
  MeasuredMessages messages_ = [this] {
    MeasuredMessages messages;
    messages.SetFor(service_);
    return messages;
  }();
  LocalServer server_{&service_};
  std::unique_ptr<v1::ModelService::Stub> stub_ = v1::ModelService::NewStub(server_.channel());
};

TEST_F(HeldReplyTest, OneIsUnsentUntilItIsRead) {
  UnreadCall call(*stub_);
  const std::size_t unsent = pool_.unsent().bytes();

  EXPECT_TRUE(call.Read().ok());

  EXPECT_EQ(unsent, 2 * call.response().ByteSizeLong());
  EXPECT_EQ(call.response().versions_size(), static_cast<int>(kBundles));
  EXPECT_TRUE(AwaitNoneUnsent());
}

TEST_F(HeldReplyTest, OneIsUnsentUntilItsCallerGoes) {
  {
    const UnreadCall call(*stub_);
    EXPECT_GT(pool_.unsent().bytes(), 0U);
  }

  EXPECT_TRUE(AwaitNoneUnsent());
}

TEST_F(HeldReplyTest, TheOldestIsGivenUpAndItsCallerIsToldWhy) {
  UnreadCall first(*stub_);
  UnreadCall second(*stub_);
  EXPECT_EQ(counters_.Read()["server.unread_replies"], 0U);

  UnreadCall third(*stub_);
  EXPECT_TRUE(third.Read().ok());

  const grpc::Status given_up = first.Read();
  EXPECT_EQ(given_up.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(given_up.error_message(), ::testing::HasSubstr("the reply was not read"));
  EXPECT_TRUE(second.Read().ok());
  EXPECT_EQ(counters_.Read()["server.unread_replies"], 1U);
  EXPECT_TRUE(AwaitNoneUnsent());
}

TEST_F(HeldReplyTest, ASmallOneIsNotCounted) {
  SetBundles(kBundles / 10);
  UnreadCall call(*stub_);

  EXPECT_EQ(pool_.unsent().bytes(), 0U);
  EXPECT_TRUE(call.Read().ok());
  EXPECT_LT(call.response().ByteSizeLong(), UnsentReplies::kLeastBytes);
}

// Replies end on some threads while others give them up.
TEST_F(HeldReplyTest, ManyCallersWhoGoAndWhoReadGetInNobodysWay) {
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([this, caller] {
      for (int i = 0; i < 50; ++i) {
        UnreadCall call(*stub_);
        const UnreadCall another(*stub_);
        if ((i + caller) % 2 == 0) call.Read();  // It may be given up, or not.
      }
    });
  }
  for (std::thread& caller : callers) caller.join();

  EXPECT_TRUE(AwaitNoneUnsent());
  EXPECT_GT(counters_.Read()["server.unread_replies"], 0U);
  EXPECT_TRUE(UnreadCall(*stub_).Read().ok());
}

// Of all services of the API.
int NumUnaryMethods() {
  const google::protobuf::FileDescriptor* files[] = {
      v1::ListItemsRequest::descriptor()->file(),
      v1::RecordEventsRequest::descriptor()->file(),
      v1::ListFeaturesRequest::descriptor()->file(),
      v1::GetFunnelRequest::descriptor()->file(),
      v1::TrainModelsRequest::descriptor()->file(),
      v1::RecommendItemsRequest::descriptor()->file(),
      v1::ListPlacementsRequest::descriptor()->file(),
      v1::BackUpStoreRequest::descriptor()->file(),
      v1::GetUserRequest::descriptor()->file()};
  int count = 0;
  for (const auto* file : files) {
    for (int i = 0; i < file->service(0)->method_count(); ++i) {
      const auto* method = file->service(0)->method(i);
      if (!method->client_streaming() && !method->server_streaming()) ++count;
    }
  }
  return count;
}

TEST(MeasuredMessagesTest, EveryUnaryMethodHasThem) {
  v1::CatalogService::CallbackService catalog;
  v1::EventService::CallbackService events;
  v1::FeatureService::CallbackService features;
  v1::InsightService::CallbackService insight;
  v1::ModelService::CallbackService models;
  v1::RecommendationService::CallbackService recommendations;
  v1::ServingConfigService::CallbackService placements;
  v1::StoreService::CallbackService store;
  v1::UserService::CallbackService users;
  MeasuredMessages messages;

  messages.SetFor(catalog);
  messages.SetFor(events);
  messages.SetFor(features);
  messages.SetFor(insight);
  messages.SetFor(models);
  messages.SetFor(recommendations);
  messages.SetFor(placements);
  messages.SetFor(store);
  messages.SetFor(users);

  EXPECT_EQ(static_cast<int>(messages.num_methods()), NumUnaryMethods());
}

}  // namespace
}  // namespace vitrine
