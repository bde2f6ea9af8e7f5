#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "vitrine/feature_store/event.h"
#include "vitrine/feature_store/item.h"
#include "vitrine/feature_store/mutation.h"
#include "vitrine/feature_store/user.h"

namespace vitrine {

// One thing wrong with one field of a request or a row.
struct FieldViolation {
  std::string field{};        // Path in the API's names, such as "items[0].quantity".
  std::string description{};  // What was seen, what is wanted.
  bool operator==(const FieldViolation&) const = default;
};

// The limits, the same for the API and the importer.
inline constexpr std::size_t kMaxIdBytes = 256;
inline constexpr std::size_t kMaxTextBytes = 20'000;
inline constexpr std::size_t kMaxEventItems = 500;
inline constexpr std::size_t kMaxAttributes = 100;
inline constexpr std::size_t kMaxCategories = 50;
inline constexpr Micros kMaxFutureUs = kMicrosPerDay;  // Events further ahead are refused.

inline constexpr std::size_t kMaxFeatureNameBytes = 64;
inline constexpr std::size_t kMaxFeatureTextBytes = 2'000;  // Of a value, or a description.
inline constexpr std::size_t kMaxFeatureWeights = 100;      // Of one value.
inline constexpr Micros kMaxTtlUs = 3'650 * kMicrosPerDay;

// All that is wrong; empty means it may be written. Rules per event type are in the API's
// documentation (proto/vitrine/v1/event_service.proto). Ids and texts must be UTF-8 without control
// characters; texts may have line breaks and tabs.
std::vector<FieldViolation> Validate(const Event& event, Micros now);
std::vector<FieldViolation> Validate(const Item& item);
std::vector<FieldViolation> Validate(const User& user);
// Of a definition of PutFeatures. A built-in feature's name may not be taken.
std::vector<FieldViolation> Validate(const FeatureSpec& definition);
std::vector<FieldViolation> Validate(const PutFeatures::Value& put, Micros now);

// OK, or INVALID_ARGUMENT whose message lists the violations.
absl::Status ToStatus(const std::vector<FieldViolation>& violations);

}  // namespace vitrine
