#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "feature_store/behaviour/facets.h"
#include "feature_store/behaviour/item_activity.h"
#include "vitrine/base/clock.h"
#include "vitrine/base/ids.h"
#include "vitrine/feature_store/behaviour/as_of.h"
#include "vitrine/feature_store/feature.h"
#include "vitrine/feature_store/item.h"

namespace vitrine {

// All that is known of one item.
struct ItemSources {
  const ItemActivity& activity;
  std::shared_ptr<const Item> item{};          // Null: not described.
  std::optional<std::int64_t> median_price{};  // Facets::MedianPrice
  CatalogueUse catalogue = CatalogueUse::kPresent;
  // The items that most of `visits`' shoppers touched too by events of `type`, with how many did.
  std::function<WeightedNames(std::span<const ItemActivity::Visit> visits, EventType type)>
      companions{};
};

struct ItemFacts {
  const ItemSources& sources;
  const ItemActivity& activity;
  Micros now = 0;
};

struct ItemFeature {
  FeatureSpec spec{};
  enum class Source { kEvents, kStableCatalogue, kVolatileCatalogue, kBoth };
  Source source = Source::kEvents;
  FeatureValue (*value)(const ItemFacts& facts) = nullptr;  // std::monostate: missing.
};

// The registry of items' features: one entry each, with how it is computed.
std::span<const ItemFeature> ItemFeatures();

// `names` as in FeatureStore::ReadItemFeatures.
std::vector<Feature> ReadFeatures(const ItemSources& sources, std::span<const std::string> names,
                                  Micros now);

}  // namespace vitrine
