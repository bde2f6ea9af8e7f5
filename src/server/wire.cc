#include "server/wire.h"

#include <charconv>
#include <variant>

#include "absl/strings/str_format.h"

namespace vitrine {
namespace {

constexpr std::int64_t kMaxSeconds = 253'402'300'799;  // 9999-12-31T23:59:59Z, as protobuf has it.

std::optional<std::uint64_t> ParseToken(char kind, const std::string& token) {
  if (token.empty()) return 0;
  if (token[0] != kind) return std::nullopt;
  std::uint64_t value = 0;
  const char* end = token.data() + token.size();
  const auto [stop, error] = std::from_chars(token.data() + 1, end, value, 16);
  if (stop != end || error != std::errc()) return std::nullopt;
  return value;
}

}  // namespace

std::string ConsistencyToken(std::uint64_t sequence) { return absl::StrFormat("c%x", sequence); }

std::optional<std::uint64_t> ParseConsistencyToken(const std::string& token) {
  return ParseToken('c', token);
}

std::string PageToken(std::uint64_t position) { return absl::StrFormat("p%x", position); }

std::optional<std::uint64_t> ParsePageToken(const std::string& token) {
  return ParseToken('p', token);
}

void CheckCount(const std::string& field, int count, CountLimits limits,
                std::vector<FieldViolation>& violations) {
  const auto seen = static_cast<std::size_t>(count);
  if (seen >= limits.minimum && seen <= limits.maximum) return;
  violations.push_back({.field = field,
                        .description = absl::StrFormat("has %d entries; must have %d to %d", count,
                                                       limits.minimum, limits.maximum)});
}

google::protobuf::Timestamp ToTimestamp(Micros time) {
  google::protobuf::Timestamp message;
  message.set_seconds(time / kMicrosPerSecond);
  message.set_nanos(static_cast<int>(time % kMicrosPerSecond * 1'000));
  return message;
}

std::optional<Micros> FromTimestamp(const google::protobuf::Timestamp& message) {
  if (message.seconds() < 0 || message.seconds() > kMaxSeconds || message.nanos() < 0 ||
      message.nanos() > 999'999'999) {
    return std::nullopt;
  }
  const Micros time = message.seconds() * kMicrosPerSecond + message.nanos() / 1'000;
  if (time == 0) return std::nullopt;  // In the store 0 means: not told.
  return time;
}

v1::Money ToProto(const Money& money) {
  v1::Money message;
  message.set_currency_code(money.currency);
  message.set_micros(money.micros);
  return message;
}

Money FromProto(const v1::Money& message) {
  return {.micros = message.micros(), .currency = message.currency_code()};
}

void SetAttributes(const std::map<std::string, AttributeValue>& attributes,
                   AttributeMessages& messages) {
  for (const auto& [name, value] : attributes) {
    if (const auto* text = std::get_if<std::string>(&value)) {
      messages[name].set_text(*text);
    } else {
      messages[name].set_number(std::get<double>(value));
    }
  }
}

std::map<std::string, AttributeValue> FromProto(const AttributeMessages& messages,
                                                std::vector<FieldViolation>& violations) {
  std::map<std::string, AttributeValue> attributes;
  for (const auto& [name, message] : messages) {
    switch (message.value_case()) {
      case v1::AttributeValue::kText:
        attributes.emplace(name, message.text());
        break;
      case v1::AttributeValue::kNumber:
        attributes.emplace(name, message.number());
        break;
      case v1::AttributeValue::VALUE_NOT_SET:
        violations.push_back({.field = "attributes." + name,
                              .description = "has no value; set its text or its number"});
        break;
    }
  }
  return attributes;
}

void AppendPrefixed(const std::string& prefix, const std::vector<FieldViolation>& inner,
                    std::vector<FieldViolation>& violations) {
  for (const FieldViolation& violation : inner) {
    violations.push_back({.field = prefix + violation.field, .description = violation.description});
  }
}

}  // namespace vitrine
