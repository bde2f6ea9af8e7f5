#include "client/error.h"

#include <gmock/gmock.h>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "testing/status_matchers.h"
#include "vitrine/client/client.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

grpc::Status Sent(const google::rpc::Status& rpc) {
  return {static_cast<grpc::StatusCode>(rpc.code()), rpc.message(), rpc.SerializeAsString()};
}

google::rpc::Status BadEvents() {
  google::rpc::Status rpc;
  rpc.set_code(3);
  rpc.set_message("2 fields are invalid");
  google::rpc::ErrorInfo info;
  info.set_reason("INVALID_FIELD");
  rpc.add_details()->PackFrom(info);
  google::rpc::BadRequest bad;
  for (const char* field : {"events[3].items[0].quantity", "events[4].type"}) {
    auto& violation = *bad.add_field_violations();
    violation.set_field(field);
    violation.set_description("is wrong");
  }
  rpc.add_details()->PackFrom(bad);
  return rpc;
}

TEST(ClientErrorTest, OkIsOk) { EXPECT_THAT(FromGrpcStatus(grpc::Status::OK, "here:1"), IsOk()); }

TEST(ClientErrorTest, EveryViolatedFieldIsALineOfTheMessage) {
  const absl::Status status = FromGrpcStatus(Sent(BadEvents()), "here:1");

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(std::string(status.message()),
            "2 fields are invalid\n"
            "  events[3].items[0].quantity: is wrong\n"
            "  events[4].type: is wrong");
}

TEST(ClientErrorTest, TheReasonIsThereForPrograms) {
  EXPECT_EQ(ErrorReason(FromGrpcStatus(Sent(BadEvents()), "here:1")), "INVALID_FIELD");
  EXPECT_EQ(ErrorReason(absl::InternalError("from elsewhere")), "");
}

TEST(ClientErrorTest, AMissingServerIsNamedWithTheCure) {
  const absl::Status status =
      FromGrpcStatus({grpc::StatusCode::UNAVAILABLE, "connection refused"}, "here:1");

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(std::string(status.message()), HasSubstr("here:1"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("connection refused"));
}

TEST(ClientErrorTest, AServerThatTakesTooLongIsNamed) {
  const absl::Status status =
      FromGrpcStatus({grpc::StatusCode::DEADLINE_EXCEEDED, "Deadline Exceeded"}, "here:1");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(std::string(status.message()), HasSubstr("here:1 did not answer in time"));
}

TEST(ClientErrorTest, AServerThatIsUnavailableItselfSaysWhy) {
  google::rpc::Status rpc;
  rpc.set_code(14);
  rpc.set_message("the server is starting");

  EXPECT_EQ(std::string(FromGrpcStatus(Sent(rpc), "here:1").message()), "the server is starting");
}

TEST(ClientErrorTest, DetailsThatAreNoDetailsAreIgnored) {
  const absl::Status status =
      FromGrpcStatus({grpc::StatusCode::NOT_FOUND, "no such thing", "\xff\xff"}, "here:1");

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(std::string(status.message()), "no such thing");
}

}  // namespace
}  // namespace vitrine
