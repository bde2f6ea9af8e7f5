#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "feature_store/behaviour/user_features.h"

namespace vitrine {

// The parts of the registry of shoppers' features, in its order.
std::vector<UserFeature> VisitFeatures();
std::vector<UserFeature> ConductFeatures();
std::vector<UserFeature> SessionFeatures();
std::vector<UserFeature> MoneyFeatures();

// What an entry needs beside its name and its meaning.
struct FeatureKind {
  FeatureType type{};
  const char* unit = "";
  const char* window = "";
  unsigned parts = kActivityPart;
};

inline constexpr char kAllTime[] = "all";

// A count of nothing is 0; of anything else there is nothing to say where it is missing.
inline UserFeature Make(const char* name, const FeatureKind& kind, const char* description,
                        FeatureValue (*value)(const UserFacts& facts)) {
  const bool is_count = kind.type == FeatureType::kInteger && kind.unit != std::string_view("1");
  return {.spec = {.name = name,
                   .entity = FeatureEntity::kUser,
                   .type = kind.type,
                   .unit = kind.unit,
                   .window = kind.window,
                   .missing = is_count ? FeatureValue(std::int64_t{0}) : FeatureValue(),
                   .owner = "vitrine",
                   .description = description},
          .parts = kind.parts,
          .value = value};
}

inline std::int64_t Count(const UserFacts& facts, EventType type) {
  return facts.activity.num_events[static_cast<std::size_t>(type)];
}

inline FeatureValue Ratio(double part, double whole) {
  if (whole == 0) return {};
  return part / whole;
}

inline double Days(Micros span_us) { return static_cast<double>(span_us) / kMicrosPerDay; }

inline double DaysUntilNow(const UserFacts& facts, Micros time_us) {
  return Days(facts.now > time_us ? facts.now - time_us : 0);
}

}  // namespace vitrine
