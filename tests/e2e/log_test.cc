#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>

#include <map>
#include <optional>

#include "e2e/shop.h"
#include "testing/status_matchers.h"
#include "vitrine/v1/event_service.grpc.pb.h"
#include "vitrine/v1/recommendation_service.grpc.pb.h"
#include "vitrine/v1/user_service.grpc.pb.h"

namespace vitrine {
namespace {

using namespace testing;  // NOLINT(google-build-using-namespace): the tests' own words.
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

// Every call has a line.
ServerOptions Talkative(double slow_ms = 0) {
  return {.request_log = {.slow_ms = slow_ms, .slow_per_second = 0, .sample_share = 1}};
}

std::string IdIn(const grpc::ClientContext& context) {
  const auto& metadata = context.GetServerTrailingMetadata();
  const auto found = metadata.find("x-request-id");
  return found == metadata.end() ? "" : std::string(found->second.data(), found->second.size());
}

// Asks for a list with `given` as the id, or none where it is empty; returns the id that came back.
std::string IdOfCall(const Shop& shop, const std::string& given) {
  const auto stub = v1::RecommendationService::NewStub(
      grpc::CreateChannel(shop.address(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  if (!given.empty()) context.AddMetadata("x-request-id", given);
  v1::RecommendItemsResponse response;
  const grpc::Status status = stub->RecommendItems(&context, For("ann"), &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return IdIn(context);
}

TEST(LogTest, AStreamHasAnIdWhateverBecomesOfIt) {
  Shop shop;
  shop.Serve();
  const auto stub = v1::EventService::NewStub(
      grpc::CreateChannel(shop.address(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext given;
  given.AddMetadata("x-request-id", "nightly-1");
  const auto stream = stub->StreamEvents(&given);
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(IdIn(given), "nightly-1");

  const auto users = v1::UserService::NewStub(
      grpc::CreateChannel(shop.address(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext refused;
  v1::ExportUserDataResponse part;
  const auto no_id = users->ExportUserData(&refused, v1::ExportUserDataRequest());
  EXPECT_FALSE(no_id->Read(&part));
  EXPECT_FALSE(no_id->Finish().ok());
  EXPECT_THAT(IdIn(refused), MatchesRegex("[0-9a-f]{15}"));
}

TEST(LogTest, AnIdThatIsGivenComesBackAndNamesTheLine) {
  Shop shop(Talkative());
  shop.Serve();
  SetLogLevel(LogLevel::kInfo);

  ::testing::internal::CaptureStderr();
  const std::string id = IdOfCall(shop, "checkout-7.f_3");
  const std::string lines = ::testing::internal::GetCapturedStderr();

  EXPECT_EQ(id, "checkout-7.f_3");
  EXPECT_THAT(lines, HasSubstr("request.sampled id=checkout-7.f_3 method=RecommendItems code=OK"));
}

TEST(LogTest, WithoutAnIdOrWithOneThatIsNoneTheServerMakesIt) {
  Shop shop;
  shop.Serve();

  const std::string made = IdOfCall(shop, "");
  const std::string instead = IdOfCall(shop, "ann@example.com");

  EXPECT_THAT(made, MatchesRegex("[0-9a-f]{15}"));
  EXPECT_THAT(instead, MatchesRegex("[0-9a-f]{15}"));
  EXPECT_NE(made, instead);
}

TEST(LogTest, ASlowListSaysWhatItSpentItsTimeOn) {
  Shop shop(Talkative(1e-3));  // Every call is slow.
  shop.Serve();

  ::testing::internal::CaptureStderr();
  IdOfCall(shop, "first");
  IdOfCall(shop, "second");
  const std::string lines = ::testing::internal::GetCapturedStderr();

  for (const std::string id : {"first", "second"}) {
    const std::size_t at = lines.find("request.slow id=" + id);
    ASSERT_NE(at, std::string::npos) << lines;
    EXPECT_THAT(lines.substr(at, lines.find('\n', at) - at),
                AllOf(HasSubstr("placement=recommended-for-you"), HasSubstr("stages=\"query 0 ")));
  }
}

}  // namespace
}  // namespace vitrine
