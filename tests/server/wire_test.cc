#include "server/wire.h"

#include <gmock/gmock.h>

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TEST(WireTest, AConsistencyTokenComesBackAsTheSameState) {
  for (const std::uint64_t sequence : {0ULL, 1ULL, 16ULL, ~0ULL}) {
    EXPECT_EQ(ParseConsistencyToken(ConsistencyToken(sequence)), sequence);
  }
}

TEST(WireTest, AnEmptyTokenIsTheFirstState) {
  EXPECT_EQ(ParseConsistencyToken(""), 0U);
  EXPECT_EQ(ParsePageToken(""), 0U);
}

class ForeignTokenTest : public ::testing::TestWithParam<const char*> {};

TEST_P(ForeignTokenTest, IsRefused) { EXPECT_EQ(ParseConsistencyToken(GetParam()), std::nullopt); }

INSTANTIATE_TEST_SUITE_P(Tokens, ForeignTokenTest,
                         ::testing::Values("c", "p12", "12", "cxyz", "c-1", "c1 ",
                                           "c10000000000000000"));

TEST(WireTest, ATimeKeepsItsMicroseconds) {
  const Micros time = 1'767'225'600'123'456;

  EXPECT_EQ(ToTimestamp(time).nanos(), 123'456'000);
  EXPECT_EQ(FromTimestamp(ToTimestamp(time)), time);
}

TEST(WireTest, ATimeThatTheStoreCannotTellIsRefused) {
  google::protobuf::Timestamp message;  // 1970: in the store it means "not told".
  EXPECT_EQ(FromTimestamp(message), std::nullopt);
  message.set_seconds(-5);
  EXPECT_EQ(FromTimestamp(message), std::nullopt);
  message.set_seconds(5);
  message.set_nanos(-1);
  EXPECT_EQ(FromTimestamp(message), std::nullopt);
  message.set_nanos(1'000'000'000);
  EXPECT_EQ(FromTimestamp(message), std::nullopt);
  message.set_nanos(0);
  message.set_seconds(std::numeric_limits<std::int64_t>::max());  // Would overflow microseconds.
  EXPECT_EQ(FromTimestamp(message), std::nullopt);
}

TEST(WireTest, AttributesKeepTextAndNumbersApart) {
  const std::map<std::string, AttributeValue> attributes = {{"size", std::string("42")},
                                                            {"weight", 42.0}};
  AttributeMessages messages;
  SetAttributes(attributes, messages);
  std::vector<FieldViolation> violations;

  EXPECT_EQ(FromProto(messages, violations), attributes);
  EXPECT_THAT(violations, IsEmpty());
}

TEST(WireTest, AnAttributeWithoutAValueIsAViolation) {
  AttributeMessages messages;
  messages["colour"];
  std::vector<FieldViolation> violations;

  FromProto(messages, violations);

  EXPECT_THAT(violations, ElementsAre(Field(&FieldViolation::field, "attributes.colour")));
}

TEST(WireTest, CountsAtTheLimitsPass) {
  std::vector<FieldViolation> violations;
  CheckCount("events", 1, {.minimum = 1, .maximum = 3}, violations);
  CheckCount("events", 3, {.minimum = 1, .maximum = 3}, violations);
  EXPECT_THAT(violations, IsEmpty());

  CheckCount("few", 0, {.minimum = 1, .maximum = 3}, violations);
  CheckCount("many", 4, {.minimum = 1, .maximum = 3}, violations);
  EXPECT_THAT(violations, UnorderedElementsAre(Field(&FieldViolation::field, "few"),
                                               Field(&FieldViolation::field, "many")));
}

}  // namespace
}  // namespace vitrine
