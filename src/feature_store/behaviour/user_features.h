#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "feature_store/behaviour/facets.h"
#include "feature_store/behaviour/shopper_activity.h"
#include "feature_store/behaviour/user_facts.h"
#include "feature_store/shoppers.h"
#include "vitrine/base/clock.h"
#include "vitrine/feature_store/behaviour/as_of.h"
#include "vitrine/feature_store/event.h"
#include "vitrine/feature_store/feature.h"

namespace vitrine {

// All that is known of one shopper.
struct UserSources {
  const ShopperActivity& activity;
  std::span<const HistoryEntry> history{};  // Oldest first.
  const EventWeights& weights;
  const Facets& facets;
  CatalogueUse catalogue = CatalogueUse::kPresent;
};

// What features are read from: parts that cost something are there only when a feature needs them.
struct UserFacts {
  const ShopperActivity& activity;
  Micros now = 0;
  SessionFacts sessions{};
  OrderFacts orders{};
  AffinityFacts affinities{};
  WeightedNames words{};
};

enum UserParts : unsigned {
  kActivityPart = 0,
  kSessionPart = 1,
  kOrderPart = 2,
  kAffinityPart = 4,
  kWordPart = 8,
  kPricePart = 16,  // With CatalogueUse::kStableOnly there is none.
};

struct UserFeature {
  FeatureSpec spec{};
  unsigned parts = kActivityPart;
  FeatureValue (*value)(const UserFacts& facts) = nullptr;  // std::monostate: missing.
};

// The registry of shoppers' features: one entry each, with how it is computed.
std::span<const UserFeature> UserFeatures();

// The entries that `names` (as in FeatureStore::ReadUserFeatures) asks for; null where there is
// none of the name.
class UserSelection {
 public:
  explicit UserSelection(std::span<const std::string> names);

  unsigned parts() const { return parts_; }
  std::vector<Feature> Read(const UserSources& sources, Micros now) const;

 private:
  const std::span<const std::string> names_;
  std::vector<const UserFeature*> features_;
  unsigned parts_ = kActivityPart;
};

}  // namespace vitrine
