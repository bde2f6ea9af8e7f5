#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "feature_store/model_store.h"
#include "vitrine/feature_store/feature.h"

namespace vitrine::testing {

// What both sides of the oracle say often.

using Touch = ModelStore::Touch;

inline double Days(Micros span) { return static_cast<double>(span) / kMicrosPerDay; }

inline std::int64_t CountType(const std::vector<Event>& events, EventType type) {
  return std::count_if(events.begin(), events.end(),
                       [type](const Event& event) { return event.type == type; });
}

inline FeatureValue Divide(double part, double whole) {
  return whole == 0 ? FeatureValue() : FeatureValue(part / whole);
}

inline FeatureValue Top(const std::map<std::string, double>& weights) {
  WeightedNames names(weights.begin(), weights.end());
  std::stable_sort(names.begin(), names.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  if (names.size() > 5) names.resize(5);
  return names.empty() ? FeatureValue() : FeatureValue(names);
}

inline FeatureValue First(const FeatureValue& top) {
  const auto* names = std::get_if<WeightedNames>(&top);
  return names == nullptr ? FeatureValue() : FeatureValue(names->front().first);
}

// By time, those of one moment as in the log.
inline std::vector<Event> InOrder(std::vector<Event> events) {
  std::stable_sort(events.begin(), events.end(),
                   [](const Event& a, const Event& b) { return a.time_us < b.time_us; });
  return events;
}

}  // namespace vitrine::testing
