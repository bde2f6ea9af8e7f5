#include "server/status.h"

#include <gmock/gmock.h>

#include "server/rpc_errors.h"
#include "testing/status_matchers.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using testing::RpcError;
using testing::StatusIs;
using testing::Unpack;

TEST(StatusTest, OkStaysOk) {
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok());
  EXPECT_EQ(ToRpcStatus(absl::OkStatus()).details_size(), 0);
}

class StatusCodeTest : public ::testing::TestWithParam<int> {};

TEST_P(StatusCodeTest, CrossesUnchangedWithExactlyOneReason) {
  const absl::Status status(static_cast<absl::StatusCode>(GetParam()), "what happened");

  const grpc::Status sent = ToGrpcStatus(status);

  EXPECT_EQ(static_cast<int>(sent.error_code()), GetParam());
  EXPECT_EQ(sent.error_message(), "what happened");
  const RpcError error = Unpack(sent);
  EXPECT_EQ(error.num_infos, 1);
  EXPECT_EQ(error.domain, "vitrine.dev");
  EXPECT_EQ(error.reason, absl::StatusCodeToString(status.code()));
}

INSTANTIATE_TEST_SUITE_P(EveryCode, StatusCodeTest, ::testing::Range(1, 17));

TEST(StatusTest, AReasonReplacesTheDefaultOneAndKeepsItsMetadata) {
  const auto status =
      WithReason(absl::NotFoundError("no item A1"), "ITEM_NOT_FOUND", {{"item_id", "A1"}});

  const RpcError error = Unpack(ToGrpcStatus(status));

  EXPECT_EQ(error.num_infos, 1);
  EXPECT_EQ(error.reason, "ITEM_NOT_FOUND");
  EXPECT_THAT(error.metadata, ElementsAre(Pair("item_id", "A1")));
}

TEST(StatusTest, EveryViolationIsNamedByItsPath) {
  const auto status =
      BadRequestStatus({{.field = "events[3].items[0].quantity", .description = "is -1"},
                        {.field = "events[4].type", .description = "is unset"}});

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(status.message()), HasSubstr("events[3].items[0].quantity: is -1"));
  const RpcError error = Unpack(ToGrpcStatus(status));
  EXPECT_EQ(error.reason, "INVALID_FIELD");
  EXPECT_THAT(error.fields, ElementsAre("events[3].items[0].quantity", "events[4].type"));
}

// Bytes that an error takes in the trailer: details in base64, the message with each byte that is
// not plain text as three.
std::size_t TrailerBytes(const grpc::Status& status) {
  std::size_t bytes = (status.error_details().size() + 2) / 3 * 4;
  for (const char c : status.error_message()) bytes += c >= ' ' && c <= '~' ? 1 : 3;
  return bytes;
}

TEST(StatusTest, ManyViolationsAreCutSoThatTheErrorFitsIntoTheTrailer) {
  const std::vector<FieldViolation> many(5'000, {.field = "events[0].type", .description = "bad"});

  const grpc::Status sent = ToGrpcStatus(BadRequestStatus(many));

  EXPECT_GT(Unpack(sent).fields.size(), 50U);
  EXPECT_LT(TrailerBytes(sent), 8'000U);
  EXPECT_THAT(sent.error_message(), HasSubstr("5000 fields"));
}

TEST(StatusTest, LongTextsAreCutBetweenCharactersSoThatTheErrorFitsIntoTheTrailer) {
  std::string tea;
  for (int i = 0; i < 5'000; ++i) tea += "茶";
  const std::vector<FieldViolation> violations(100, {.field = tea, .description = tea});

  const grpc::Status sent =
      ToGrpcStatus(WithReason(BadRequestStatus(violations), "INVALID_FIELD", {{"item_id", tea}}));

  EXPECT_LT(TrailerBytes(sent), 8'000U);
  const RpcError error = Unpack(sent);
  ASSERT_FALSE(error.fields.empty());
  EXPECT_EQ((error.fields[0].size() - 3) % 3, 0U);  // Whole characters, and three dots.
}

TEST(StatusTest, NoViolationIsOk) { EXPECT_TRUE(BadRequestStatus({}).ok()); }

TEST(StatusTest, ARetryDelayKeepsItsFraction) {
  const auto status = WithRetry(absl::UnavailableError("starting"), 1'250'000);

  EXPECT_DOUBLE_EQ(Unpack(ToGrpcStatus(status)).retry_seconds, 1.25);
}

}  // namespace
}  // namespace vitrine
