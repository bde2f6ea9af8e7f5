#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "google/protobuf/timestamp.pb.h"
#include "vitrine/base/clock.h"
#include "vitrine/feature_store/validate.h"
#include "vitrine/v1/common.pb.h"

// The small parts that messages are made of.
namespace vitrine {

// A state of the store as an opaque string, and back; an empty one is state 0. Nothing when it is
// not one of ours.
std::string ConsistencyToken(std::uint64_t sequence);
std::optional<std::uint64_t> ParseConsistencyToken(const std::string& token);

// The same for where a list goes on.
std::string PageToken(std::uint64_t position);
std::optional<std::uint64_t> ParsePageToken(const std::string& token);

inline constexpr char kBadToken[] =
    "is none of this server's tokens; hand one back as it came, or leave the field empty";

// Adds a violation where a list is longer than `maximum` or shorter than `minimum`.
struct CountLimits {
  std::size_t minimum = 0;
  std::size_t maximum = 0;
};
void CheckCount(const std::string& field, int count, CountLimits limits,
                std::vector<FieldViolation>& violations);

google::protobuf::Timestamp ToTimestamp(Micros time);

// Nothing when the message is no valid time after 1970.
std::optional<Micros> FromTimestamp(const google::protobuf::Timestamp& message);

v1::Money ToProto(const Money& money);
Money FromProto(const v1::Money& message);

using AttributeMessages = google::protobuf::Map<std::string, v1::AttributeValue>;
void SetAttributes(const std::map<std::string, AttributeValue>& attributes,
                   AttributeMessages& messages);
std::map<std::string, AttributeValue> FromProto(const AttributeMessages& messages,
                                                std::vector<FieldViolation>& violations);

// Appends `inner` with `prefix` before each path.
void AppendPrefixed(const std::string& prefix, const std::vector<FieldViolation>& inner,
                    std::vector<FieldViolation>& violations);

}  // namespace vitrine
