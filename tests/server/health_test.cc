#include "server/health.h"

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>

#include <thread>

#include "server/local_server.h"
#include "server/rpc_errors.h"

namespace vitrine {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using grpc::health::v1::HealthListRequest;
using grpc::health::v1::HealthListResponse;
using ::testing::Key;
using testing::LocalServer;
using ::testing::UnorderedElementsAre;
using testing::Unpack;

class HealthTest : public ::testing::Test {
 protected:
  static HealthCheckRequest For(const std::string& service) {
    HealthCheckRequest request;
    request.set_service(service);
    return request;
  }

  grpc::Status Check(const std::string& service, HealthCheckResponse* response) {
    grpc::ClientContext context;
    return stub_->Check(&context, For(service), response);
  }

  HealthCheckResponse::ServingStatus StatusOf(const std::string& service) {
    HealthCheckResponse response;
    EXPECT_TRUE(Check(service, &response).ok());
    return response.status();
  }

  HealthService health_{{"shop.Search", "shop.Basket"}};
  LocalServer server_{&health_};
  std::unique_ptr<Health::Stub> stub_ = Health::NewStub(server_.channel());
};

TEST_F(HealthTest, EverythingStartsNotServing) {
  EXPECT_EQ(StatusOf(""), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(StatusOf("shop.Search"), HealthCheckResponse::NOT_SERVING);
}

TEST_F(HealthTest, OneServiceChangesAlone) {
  EXPECT_TRUE(health_.Set("shop.Search", HealthCheckResponse::SERVING));

  EXPECT_EQ(StatusOf("shop.Search"), HealthCheckResponse::SERVING);
  EXPECT_EQ(StatusOf("shop.Basket"), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(StatusOf(""), HealthCheckResponse::NOT_SERVING);
}

TEST_F(HealthTest, AnUnknownServiceIsNotFound) {
  HealthCheckResponse response;

  const grpc::Status status = Check("shop.Nothing", &response);

  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Unpack(status).reason, "SERVICE_NOT_FOUND");
  EXPECT_EQ(Unpack(status).metadata["service"], "shop.Nothing");
  EXPECT_FALSE(health_.Set("shop.Nothing", HealthCheckResponse::SERVING));
}

TEST_F(HealthTest, ListNamesEveryServiceAndTheWholeServer) {
  health_.SetAll(HealthCheckResponse::SERVING);
  grpc::ClientContext context;
  HealthListResponse response;

  ASSERT_TRUE(stub_->List(&context, HealthListRequest(), &response).ok());

  EXPECT_THAT(response.statuses(),
              UnorderedElementsAre(Key(""), Key("shop.Search"), Key("shop.Basket")));
  EXPECT_EQ(response.statuses().at("shop.Basket").status(), HealthCheckResponse::SERVING);
}

TEST_F(HealthTest, WatchTellsTheStatusNowAndEachChange) {
  grpc::ClientContext context;
  const auto watch = stub_->Watch(&context, For("shop.Search"));
  HealthCheckResponse response;

  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  health_.Set("shop.Basket", HealthCheckResponse::SERVING);  // Another one: not told.
  health_.Set("shop.Search", HealthCheckResponse::SERVING);
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
  health_.Set("shop.Search", HealthCheckResponse::SERVING);  // No change: not told.
  health_.Set("shop.Search", HealthCheckResponse::NOT_SERVING);
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  context.TryCancel();
}

TEST_F(HealthTest, WatchOfAnUnknownServiceSaysSoAndStaysOpen) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(100));
  const auto watch = stub_->Watch(&context, For("shop.Nothing"));
  HealthCheckResponse response;

  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVICE_UNKNOWN);
  EXPECT_FALSE(watch->Read(&response));
  EXPECT_EQ(watch->Finish().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(HealthTest, ShutdownTellsEveryWatchAndEndsIt) {
  health_.SetAll(HealthCheckResponse::SERVING);
  grpc::ClientContext context;
  const auto watch = stub_->Watch(&context, For(""));
  HealthCheckResponse response;
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);

  health_.Shutdown();

  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  EXPECT_FALSE(watch->Read(&response));
  EXPECT_EQ(watch->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_FALSE(health_.Set("", HealthCheckResponse::SERVING));  // For good.
}

TEST_F(HealthTest, WatchesThatComeAndGoWhileTheStatusChangesDoNoHarm) {
  std::thread changes([this] {
    for (int i = 0; i < 2'000; ++i) {
      health_.SetAll(i % 2 == 0 ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING);
    }
  });
  for (int i = 0; i < 50; ++i) {
    grpc::ClientContext context;
    const auto watch = stub_->Watch(&context, For(""));
    HealthCheckResponse response;
    EXPECT_TRUE(watch->Read(&response));
    context.TryCancel();
    watch->Finish();
  }
  changes.join();

  EXPECT_EQ(StatusOf(""), HealthCheckResponse::NOT_SERVING);
}

}  // namespace
}  // namespace vitrine
