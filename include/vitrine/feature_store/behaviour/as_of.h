#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "vitrine/base/clock.h"
#include "vitrine/feature_store/behaviour/session.h"
#include "vitrine/feature_store/feature.h"

namespace vitrine {

// A row of a training set that wants its features: who, when and, where the label is about one,
// which item. What the label itself is stays with the caller: rows come back in order.
struct FeatureQuestion {
  std::string user_id{};  // Either may be empty; both: the two as one, as when serving.
  std::string visitor_id{};
  std::string item_id{};  // Empty: no item features.
  Micros time_us = 0;     // The moment that a request would have asked at.
  bool operator==(const FeatureQuestion&) const = default;
};

struct FeatureRow {
  std::vector<Feature> user{};          // What ReadUserFeatures would have answered then.
  std::vector<Feature> item{};          // What ReadItemFeatures would have; empty without an item.
  std::vector<SessionEvent> session{};  // What ReadSession would have; where it was asked for.
  bool operator==(const FeatureRow&) const = default;
};

// When an event counts as known.
enum class KnownSince : std::uint8_t {
  // When it came into the store: what serving could have seen. A late event is unknown until it
  // comes, and a visitor is nobody's until the merge.
  kArrival = 1,
  // When it happened, as if none had been late: for a log that was imported after the fact, all
  // of which arrived today. Visitors count for the user that they were merged into ever since.
  kEventTime = 2,
};

// The catalogue is kept as it is now alone.
enum class CatalogueUse : std::uint8_t {
  // Features of price and stock are missing: tomorrow's would leak into the row. Categories, brands
  // and publish times are taken as they are now.
  kStableOnly = 1,
  // All of it, as it is now: the value recomputed from the log, to compare with the one served.
  kPresent = 2,
};

struct AsOfOptions {
  std::vector<std::string> user_features{};  // Names; empty: all of the registry.
  std::vector<std::string> item_features{};
  KnownSince known_since = KnownSince::kArrival;
  CatalogueUse catalogue = CatalogueUse::kStableOnly;
  bool has_sessions = false;  // Whether rows tell the visit under way.
};

}  // namespace vitrine
