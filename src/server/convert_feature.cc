#include "server/convert_feature.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "server/wire.h"

namespace vitrine {
namespace {

// A value and its type; UNSPECIFIED is neither.
struct TypedValue {
  FeatureType type{};
  FeatureValue value{};
};

TypedValue FromProto(const std::string& field, const v1::FeatureValue& message,
                     std::vector<FieldViolation>& violations) {
  switch (message.kind_case()) {
    case v1::FeatureValue::kInteger:
      return {FeatureType::kInteger, message.integer()};
    case v1::FeatureValue::kNumber:
      return {FeatureType::kNumber, message.number()};
    case v1::FeatureValue::kTime: {
      const auto time = FromTimestamp(message.time());
      if (!time) {
        violations.push_back({.field = field + ".time",
                              .description = "is no valid time after 1970-01-01T00:00:00Z"});
      }
      return {FeatureType::kTime, time.value_or(0)};
    }
    case v1::FeatureValue::kText:
      return {FeatureType::kText, message.text()};
    case v1::FeatureValue::kWeights: {
      WeightedNames names;
      for (const v1::WeightedName& one : message.weights().names()) {
        names.emplace_back(one.name(), one.weight());
      }
      return {FeatureType::kWeights, std::move(names)};
    }
    case v1::FeatureValue::KIND_NOT_SET:
      break;
  }
  return {};
}

struct SetKind {
  FeatureType type{};
  v1::FeatureValue& message;
  void operator()(std::monostate) const {}
  void operator()(std::int64_t value) const {
    if (type == FeatureType::kTime) {
      *message.mutable_time() = ToTimestamp(value);
    } else {
      message.set_integer(value);
    }
  }
  void operator()(double value) const { message.set_number(value); }
  void operator()(const std::string& value) const { message.set_text(value); }
  void operator()(const WeightedNames& value) const {
    message.mutable_weights();  // Set even if it holds no name.
    for (const auto& [name, weight] : value) {
      v1::WeightedName& one = *message.mutable_weights()->add_names();
      one.set_name(name);
      one.set_weight(weight);
    }
  }
};

void Set(const FeatureValue& value, FeatureType type, v1::FeatureValue& message) {
  std::visit(SetKind{type, message}, value);
}

bool IsSet(const FeatureValue& value) { return !std::holds_alternative<std::monostate>(value); }

}  // namespace

Converted<FeatureSpec> FromProto(const v1::FeatureDefinition& message) {
  Converted<FeatureSpec> converted;
  auto& [spec, violations] = converted;
  spec.name = message.name();
  // The numbers of both enums are the same; one that this API does not have is refused below.
  if (v1::FeatureEntity_IsValid(message.entity())) {
    spec.entity = static_cast<FeatureEntity>(message.entity());
  }
  if (v1::FeatureType_IsValid(message.type())) spec.type = static_cast<FeatureType>(message.type());
  spec.unit = message.unit();
  spec.owner = message.owner();
  spec.description = message.description();
  const TypedValue missing = FromProto("default_value", message.default_value(), violations);
  spec.missing = missing.value;
  if (IsSet(missing.value) && missing.type != spec.type) {
    violations.push_back(
        {.field = "default_value", .description = "is of another type than the definition says"});
    spec.missing = std::monostate();
  }
  AppendPrefixed("", Validate(spec), violations);
  return converted;
}

Converted<PutFeatures::Value> FromProto(const v1::PutFeatureValue& message, Micros now) {
  Converted<PutFeatures::Value> converted;
  auto& [put, violations] = converted;
  put.name = message.name();
  switch (message.id_case()) {
    case v1::PutFeatureValue::kUserId:
      put.entity = FeatureEntity::kUser;
      put.id = message.user_id();
      break;
    case v1::PutFeatureValue::kItemId:
      put.entity = FeatureEntity::kItem;
      put.id = message.item_id();
      break;
    case v1::PutFeatureValue::ID_NOT_SET:
      violations.push_back(
          {.field = "user_id", .description = "neither user_id nor item_id is set"});
      return converted;
  }
  TypedValue value = FromProto("value", message.value(), violations);
  put.type = value.type;
  put.value = std::move(value.value);
  if (message.has_time()) {
    const auto time = FromTimestamp(message.time());
    if (!time) {
      violations.push_back(
          {.field = "time", .description = "is no valid time after 1970-01-01T00:00:00Z"});
    }
    put.time_us = time.value_or(0);
  }
  if (message.has_time_to_live()) {
    const auto& ttl = message.time_to_live();
    // What is beyond the limit in seconds is not multiplied: the product might not fit.
    put.ttl_us =
        ttl.seconds() < 0 || ttl.nanos() < 0 || ttl.seconds() > kMaxTtlUs / kMicrosPerSecond
            ? -1
            : ttl.seconds() * kMicrosPerSecond + ttl.nanos() / 1'000;
    if (put.ttl_us <= 0) {
      violations.push_back(
          {.field = "time_to_live",
           .description = absl::StrFormat("is %d seconds; must be above 0 and at most %d days, or "
                                          "unset for good",
                                          ttl.seconds(), kMaxTtlUs / kMicrosPerDay)});
      put.ttl_us = 0;
    }
  }
  AppendPrefixed("", Validate(put, now), violations);
  return converted;
}

v1::FeatureDefinition ToProto(const FeatureSpec& spec) {
  v1::FeatureDefinition message;
  message.set_name(spec.name);
  message.set_entity(static_cast<v1::FeatureEntity>(spec.entity));
  message.set_type(static_cast<v1::FeatureType>(spec.type));
  message.set_unit(spec.unit);
  message.set_window(spec.window);
  if (IsSet(spec.missing)) Set(spec.missing, spec.type, *message.mutable_default_value());
  message.set_owner(spec.owner);
  message.set_description(spec.description);
  return message;
}

void SetFeature(const Feature& feature, FeatureType type, v1::Feature& message) {
  message.set_name(feature.name);
  if (IsSet(feature.value)) Set(feature.value, type, *message.mutable_value());
  message.set_status(static_cast<v1::Feature::Status>(feature.status));
  if (feature.time_us != 0) *message.mutable_time() = ToTimestamp(feature.time_us);
}

}  // namespace vitrine
