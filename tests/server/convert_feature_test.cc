#include "server/convert_feature.h"

#include <gmock/gmock.h>

#include <limits>
#include <string>
#include <vector>

#include "testing/fake_clock.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using testing::FakeClock;
using ::testing::IsEmpty;

constexpr Micros kNow = FakeClock::kStart;

template <typename T>
std::vector<std::string> Fields(const Converted<T>& converted) {
  std::vector<std::string> fields;
  for (const FieldViolation& violation : converted.violations) fields.push_back(violation.field);
  return fields;
}

v1::PutFeatureValue MakePut() {
  v1::PutFeatureValue put;
  put.set_user_id("ann");
  put.set_name("tier");
  put.mutable_value()->set_text("gold");
  return put;
}

v1::FeatureDefinition MakeDefinition() {
  v1::FeatureDefinition definition;
  definition.set_name("tier");
  definition.set_entity(v1::FEATURE_ENTITY_USER);
  definition.set_type(v1::FEATURE_TYPE_TEXT);
  return definition;
}

TEST(ConvertFeatureTest, EveryFieldOfAPutArrives) {
  v1::PutFeatureValue put = MakePut();
  put.mutable_time()->set_seconds(1'700'000'000);
  put.mutable_time_to_live()->set_seconds(60);
  put.mutable_time_to_live()->set_nanos(5'000);

  const auto converted = FromProto(put, kNow);

  EXPECT_THAT(converted.violations, IsEmpty());
  EXPECT_EQ(converted.value, (PutFeatures::Value{.entity = FeatureEntity::kUser,
                                                 .id = "ann",
                                                 .name = "tier",
                                                 .type = FeatureType::kText,
                                                 .value = "gold",
                                                 .time_us = 1'700'000'000 * kMicrosPerSecond,
                                                 .ttl_us = 60 * kMicrosPerSecond + 5}));
}

TEST(ConvertFeatureTest, AnUnsetValueTakesBack) {
  v1::PutFeatureValue put = MakePut();
  put.clear_value();

  const auto converted = FromProto(put, kNow);

  EXPECT_THAT(converted.violations, IsEmpty());
  EXPECT_EQ(converted.value.value, FeatureValue());
}

TEST(ConvertFeatureTest, APutWithoutAnIdIsRefused) {
  v1::PutFeatureValue put = MakePut();
  put.clear_id();

  EXPECT_THAT(Fields(FromProto(put, kNow)), ElementsAre("user_id"));
}

TEST(ConvertFeatureTest, ATimeToLiveIsOfUseOrUnset) {
  const auto fields_at = [](std::int64_t seconds, int nanos) {
    v1::PutFeatureValue put = MakePut();
    put.mutable_time_to_live()->set_seconds(seconds);
    put.mutable_time_to_live()->set_nanos(nanos);
    return Fields(FromProto(put, kNow));
  };
  EXPECT_THAT(fields_at(0, 0), ElementsAre("time_to_live"));
  EXPECT_THAT(fields_at(-1, 0), ElementsAre("time_to_live"));
  EXPECT_THAT(fields_at(0, -1), ElementsAre("time_to_live"));
  EXPECT_THAT(fields_at(3'650 * 86'400LL + 1, 0), ElementsAre("time_to_live"));
  EXPECT_THAT(fields_at(std::numeric_limits<std::int64_t>::max(), 0), ElementsAre("time_to_live"));
  EXPECT_THAT(fields_at(154'522'974'026'725, 0), ElementsAre("time_to_live"));
  EXPECT_THAT(fields_at(3'650 * 86'400LL, 0), IsEmpty());
  EXPECT_THAT(fields_at(0, 1'000), IsEmpty());
}

TEST(ConvertFeatureTest, ADefinitionComesBackAsItWasSent) {
  v1::FeatureDefinition definition = MakeDefinition();
  definition.set_unit("1");
  definition.set_owner("crm");
  definition.set_description("Rank in the club.");
  definition.mutable_default_value()->set_text("none");

  const auto converted = FromProto(definition);

  EXPECT_THAT(converted.violations, IsEmpty());
  EXPECT_EQ(ToProto(converted.value).SerializeAsString(), definition.SerializeAsString());
}

TEST(ConvertFeatureTest, NumbersOfAnotherApiAreRefused) {
  v1::FeatureDefinition definition = MakeDefinition();
  definition.set_entity(static_cast<v1::FeatureEntity>(257));  // 1 in the last byte.
  EXPECT_THAT(Fields(FromProto(definition)), ElementsAre("entity"));
  definition = MakeDefinition();
  definition.set_type(static_cast<v1::FeatureType>(260));
  EXPECT_THAT(Fields(FromProto(definition)), ElementsAre("type"));
}

TEST(ConvertFeatureTest, ADefaultIsOfTheFeaturesType) {
  v1::FeatureDefinition definition = MakeDefinition();
  definition.set_type(v1::FEATURE_TYPE_INTEGER);
  definition.mutable_default_value()->mutable_time()->set_seconds(5);  // Held as an integer too.

  EXPECT_THAT(Fields(FromProto(definition)), ElementsAre("default_value"));
}

TEST(ConvertFeatureTest, EveryKindOfValueComesBack) {
  const std::vector<std::pair<FeatureType, FeatureValue>> values = {
      {FeatureType::kInteger, std::int64_t{-5}},
      {FeatureType::kNumber, 0.5},
      {FeatureType::kTime, std::int64_t{kNow + 7}},
      {FeatureType::kText, "gold"},
      {FeatureType::kWeights, WeightedNames{{"mugs", 0.75}, {"cups", 0.25}}}};
  for (const auto& [type, value] : values) {
    v1::Feature message;
    SetFeature({"feature", value, FeatureStatus::kStale, kNow}, type, message);
    v1::PutFeatureValue put = MakePut();
    *put.mutable_value() = message.value();

    const auto converted = FromProto(put, kNow);

    EXPECT_THAT(converted.violations, IsEmpty());
    EXPECT_EQ(converted.value.type, type);
    EXPECT_EQ(converted.value.value, value);
    EXPECT_EQ(message.status(), v1::Feature::STATUS_STALE);
    EXPECT_EQ(message.time().seconds(), kNow / kMicrosPerSecond);
  }
}

TEST(ConvertFeatureTest, WhatIsMissingHasNeitherValueNorTime) {
  v1::Feature message;

  SetFeature({.name = "tier"}, FeatureType::kText, message);

  EXPECT_FALSE(message.has_value());
  EXPECT_FALSE(message.has_time());
  EXPECT_EQ(message.status(), v1::Feature::STATUS_MISSING);
}

}  // namespace
}  // namespace vitrine
