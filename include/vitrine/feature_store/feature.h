#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "vitrine/base/clock.h"

namespace vitrine {

// What a feature speaks of.
enum class FeatureEntity : std::uint8_t { kUser = 1, kItem = 2 };

// The type of a feature's values. What each holds: FeatureValue.
enum class FeatureType : std::uint8_t {
  kInteger = 1,  // A count, or a number of days.
  kNumber = 2,
  kTime = 3,  // Microseconds since 1970.
  kText = 4,
  kWeights = 5,  // Names with a weight each, the heaviest first; equal ones by name.
};

using WeightedNames = std::vector<std::pair<std::string, double>>;

// std::monostate: there is no value.
using FeatureValue = std::variant<std::monostate, std::int64_t, double, std::string, WeightedNames>;

// One entry of the registry: all that a reader must know to use the feature.
struct FeatureSpec {
  std::string name{};  // "orders_30d": lower case, digits, underscores.
  FeatureEntity entity{};
  FeatureType type{};
  std::string unit{};         // "days", "events", "currency units"; "1" for a share.
  std::string window{};       // What it looks back on: "all", "30 days", "half-life 30 days".
  FeatureValue missing{};     // Stands in where nothing is known: 0 orders; else std::monostate.
  std::string owner{};        // Who answers for it: "vitrine", or who put it there.
  std::string description{};  // One sentence.
};

enum class FeatureStatus : std::uint8_t {
  kPresent = 1,
  kMissing = 2,  // Never known, or past its time to live and forgotten.
  kStale = 3,    // Known, but past its time to live.
};

// The value of one feature at one moment.
struct Feature {
  std::string name{};
  FeatureValue value{};  // The spec's `missing` where it is missing.
  FeatureStatus status = FeatureStatus::kMissing;
  Micros time_us =
      0;  // What it is as of: the newest event behind it, or when it was put; 0: never.
  bool operator==(const Feature&) const = default;
};

}  // namespace vitrine
