#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <atomic>
#include <thread>

#include "e2e/shop.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "testing/eventually.h"
#include "testing/status_matchers.h"

namespace vitrine {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the tests' own words.
using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using ::testing::AnyOf;
using ::testing::HasSubstr;

const char* const kServices[] = {
    "vitrine.v1.RecommendationService", "vitrine.v1.EventService",
    "vitrine.v1.CatalogService",        "vitrine.v1.UserService",
    "vitrine.v1.FeatureService",        "vitrine.v1.InsightService",
    "vitrine.v1.ModelService",          "vitrine.v1.ServingConfigService",
    "vitrine.v1.StoreService",          "grpc.health.v1.Health"};

TEST(OperationTest, UntilItServesEveryRequestIsToldToWait) {
  Shop shop;
  const auto client = shop.Connect();

  const auto early = client->RecommendItems(For("ann"));

  EXPECT_THAT(early, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(ErrorReason(early.status()), "NOT_READY");
  EXPECT_FALSE(*client->CheckHealth(""));
  for (const char* service : kServices) EXPECT_FALSE(*client->CheckHealth(service)) << service;

  shop.Serve();

  EXPECT_THAT(client->RecommendItems(For("ann")), IsOk());
  EXPECT_TRUE(*client->CheckHealth(""));
  for (const char* service : kServices) EXPECT_TRUE(*client->CheckHealth(service)) << service;
}

TEST(OperationTest, AWatchSeesTheServerComeAndGo) {
  Shop shop;
  const auto channel = grpc::CreateChannel(shop.address(), grpc::InsecureChannelCredentials());
  grpc::ClientContext context;
  const auto watch = Health::NewStub(channel)->Watch(&context, HealthCheckRequest());
  HealthCheckResponse response;

  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  shop.Serve();
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
  std::thread stop([&shop] { shop.Stop(); });
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  EXPECT_FALSE(watch->Read(&response));
  EXPECT_EQ(watch->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  stop.join();
}

// The messages are written by hand: their generated code is inside gRPC's reflection library.
std::string AskReflection(const std::string& address, const std::string& request) {
  const auto channel = grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
  grpc::TemplatedGenericStub<grpc::ByteBuffer, grpc::ByteBuffer> stub(channel);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  void* tag = nullptr;
  bool is_ok = false;
  const auto call = stub.PrepareCall(
      &context, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &queue);
  call->StartCall(nullptr);
  queue.Next(&tag, &is_ok);
  const grpc::Slice slice(request);
  call->Write(grpc::ByteBuffer(&slice, 1), nullptr);
  queue.Next(&tag, &is_ok);
  grpc::ByteBuffer answer;
  call->Read(&answer, nullptr);
  queue.Next(&tag, &is_ok);
  context.TryCancel();
  queue.Shutdown();
  grpc::Slice whole;
  if (!is_ok || !answer.DumpToSingleSlice(&whole).ok()) return "";
  return {reinterpret_cast<const char*>(whole.begin()), whole.size()};
}

TEST(OperationTest, ReflectionListsAndDescribesEveryService) {
  Shop shop;
  const std::string list = AskReflection(shop.address(), std::string("\x3a\x00", 2));

  for (const std::string service : kServices) {
    EXPECT_THAT(list, HasSubstr(service));
    // Field 4, file_containing_symbol; the answer holds the file's descriptor.
    const std::string request =
        "\x22" + std::string(1, static_cast<char>(service.size())) + service;
    EXPECT_THAT(AskReflection(shop.address(), request), HasSubstr(".proto")) << service;
  }
}

// gRPC gives each of these calls a thread.
TEST(OperationTest, ReflectionThatIsLeftOpenTakesNoMoreThanAFewThreads) {
  Shop shop;
  shop.Serve();
  const auto num_threads = [] {
    const std::filesystem::directory_iterator tasks("/proc/self/task");
    return std::distance(begin(tasks), end(tasks));
  };
  const auto channel = grpc::CreateChannel(shop.address(), grpc::InsecureChannelCredentials());
  grpc::TemplatedGenericStub<grpc::ByteBuffer, grpc::ByteBuffer> stub(channel);
  grpc::CompletionQueue queue;
  const auto before = num_threads();
  constexpr int kCalls = 200;
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::unique_ptr<grpc::ClientAsyncReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>>>
      calls;
  for (int i = 0; i < kCalls; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    calls.push_back(
        stub.PrepareCall(contexts.back().get(),
                         "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &queue));
    calls.back()->StartCall(nullptr);
  }
  void* tag = nullptr;
  bool is_ok = false;
  for (int i = 0; i < kCalls; ++i) ASSERT_TRUE(queue.Next(&tag, &is_ok));

  EXPECT_THAT(shop.Connect()->RecommendItems(For("ann")), IsOk());  // Others are served.
  EXPECT_LT(num_threads(), before + 50);

  for (const auto& context : contexts) context->TryCancel();
  calls.clear();
  queue.Shutdown();
  while (queue.Next(&tag, &is_ok)) continue;
}

TEST(OperationTest, ASecondServerOnTheSamePortIsAClearError) {
  Shop shop;

  const auto second = Server::Create({.address = shop.address()}, SystemClock());

  EXPECT_THAT(second, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(shop.address()));
}

TEST(OperationTest, AnAddressWithoutAPortIsRefused) {
  for (const char* const address :
       {"localhost", "127.0.0.1:", "127.0.0.1:70000", "127.0.0.1:-1", "127.0.0.1:http"}) {
    EXPECT_THAT(Server::Create({.address = address}, SystemClock()),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << address;
  }
}

TEST(OperationTest, AUnixSocketServesToo) {
  TemporaryFolder folder;
  const std::string address = "unix:" + (folder / "vitrine.sock");
  const auto server = Server::Create({.address = address}, SystemClock());

  ASSERT_THAT(server, IsOk());
  EXPECT_EQ((*server)->port(), 0);
  EXPECT_FALSE(*Client::Connect(address)->CheckHealth(""));
}

TEST(OperationTest, WhereNoServerAnswersTheAddressIsNamed) {
  const auto client = Client::Connect("127.0.0.1:1");

  const auto response = client->RecommendItems(For("ann"));

  EXPECT_THAT(response, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(std::string(response.status().message()), HasSubstr("127.0.0.1:1"));
}

// Clients record events all the while; each event is either acknowledged, and then it is there
// after the restart, or it is not and the client knows.
TEST(OperationTest, ADrainLosesNothingThatWasAcknowledged) {
  Shop shop;
  shop.Serve();
  std::vector<std::vector<std::string>> acknowledged(4);
  std::atomic<int> num_told = 0;
  std::vector<std::thread> clients;
  for (std::size_t c = 0; c < acknowledged.size(); ++c) {
    clients.emplace_back([&num_told, &mine = acknowledged[c], c, client = shop.Connect()] {
      for (int i = 0; i < 100'000; ++i) {
        v1::Event event = MakeEvent(v1::EVENT_TYPE_DETAIL_PAGE_VIEW, "ann", "mug");
        event.set_event_id(absl::StrFormat("%d-%d", c, i));
        event.mutable_event_time()->set_seconds(1'700'000'000);
        const auto response = client->RecordEvents(Batch({event}));
        if (!response.ok()) {
          // Of the server, or of gRPC itself at the moment at which the server begins to close.
          EXPECT_THAT(response, AnyOf(StatusIs(absl::StatusCode::kUnavailable),
                                      StatusIs(absl::StatusCode::kCancelled)));
          return;
        }
        mine.push_back(event.event_id());
        ++num_told;
      }
    });
  }
  EXPECT_TRUE(Eventually([&] { return num_told >= 100; }));

  shop.Restart();
  for (std::thread& client : clients) client.join();

  const auto client = shop.Connect();
  std::size_t num_acknowledged = 0;
  std::size_t num_found = 0;
  for (const auto& ids : acknowledged) {
    num_acknowledged += ids.size();
    for (const std::string& id : ids) {
      v1::Event event = MakeEvent(v1::EVENT_TYPE_DETAIL_PAGE_VIEW, "ann", "mug");
      event.set_event_id(id);
      event.mutable_event_time()->set_seconds(1'700'000'000);
      const auto again = client->RecordEvents(Batch({event}));
      num_found += again.ok() && again->acks(0).duplicate() ? 1 : 0;
    }
  }
  EXPECT_GT(num_acknowledged, 0U);
  EXPECT_EQ(num_found, num_acknowledged);
}

TEST(OperationTest, ADrainEndsAnEventStreamAfterItsLastAcknowledgement) {
  Shop shop;
  shop.Serve();
  const auto client = shop.Connect();
  const auto stream = client->StreamEvents();
  ASSERT_TRUE(stream->Send(MakeEvent(v1::EVENT_TYPE_DETAIL_PAGE_VIEW, "ann", "mug")));
  v1::StreamEventsResponse response;
  ASSERT_TRUE(stream->Receive(&response));

  const Micros start = MonotonicNow();
  shop.Stop(10 * kMicrosPerSecond);

  EXPECT_LT(MonotonicNow() - start, 5 * kMicrosPerSecond);  // It did not wait for the client.
  EXPECT_FALSE(stream->Receive(&response));
  const absl::Status status = stream->Finish();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(ErrorReason(status), "DRAINING");
}

TEST(OperationTest, ATrainingIsStartedAndWatchedToItsEnd) {
  Shop shop;
  shop.Serve();
  const auto client = shop.Connect();
  const std::string id = client->TrainModels(/*skips_gate=*/false)->training().training_id();
  std::vector<std::string> stages;

  const absl::Status status = client->WatchTraining(id, [&](const v1::Training& training) {
    stages.push_back(training.stage());
    shop.models().Set({.id = id,
                       .state = TrainingProgress::State::kSucceeded,
                       .stage = "publish",
                       .version = "v1"});
    return true;
  });

  EXPECT_THAT(status, IsOk());
  EXPECT_THAT(stages, ::testing::ElementsAre("snapshot", "publish"));
  EXPECT_EQ(client->GetTraining(id)->training().model_version(), "v1");
}

TEST(OperationTest, ManyCallsMayBeInFlightFromOneThread) {
  Shop shop;
  shop.Serve();
  const auto client = shop.Connect();
  std::atomic<int> num_good = 0;
  std::atomic<int> num_done = 0;
  for (int i = 0; i < 200; ++i) {
    client->RecommendItems(For("ann"), [&](const absl::StatusOr<v1::RecommendItemsResponse>& r) {
      num_good += r.ok() ? 1 : 0;
      ++num_done;
    });
  }
  while (num_done < 200) std::this_thread::sleep_for(std::chrono::milliseconds(1));

  EXPECT_EQ(num_good, 200);
}

}  // namespace
}  // namespace vitrine
