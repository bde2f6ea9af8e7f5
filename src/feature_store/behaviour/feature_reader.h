#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "feature_store/behaviour/behaviour.h"
#include "feature_store/behaviour/facets.h"
#include "feature_store/shoppers.h"
#include "vitrine/base/clock.h"
#include "vitrine/feature_store/behaviour/as_of.h"
#include "vitrine/feature_store/behaviour/session.h"
#include "vitrine/feature_store/catalogue.h"
#include "vitrine/feature_store/event.h"
#include "vitrine/feature_store/feature.h"

namespace vitrine {

// Reads behaviour features from views, those that serve or those of a replay: the one place where a
// value is computed. Keeps references alone; thread-safe as the views are.
struct FeatureReader {
  const Shoppers& shoppers;
  const Behaviour& behaviour;
  const Facets& facets;
  const Catalogue& catalogue;
  const EventWeights& weights;
  CatalogueUse catalogue_use = CatalogueUse::kPresent;
  std::size_t min_group = 1;  // Fewer shoppers make no companion of an item.

  // As FeatureStore::ReadUserFeatures and ReadItemFeatures. No merge or erasure may come between.
  std::vector<Feature> ReadUser(const Shoppers::Parts& parts, std::span<const std::string> names,
                                Micros now) const;
  std::vector<Feature> ReadItem(const std::string& item_id, std::span<const std::string> names,
                                Micros now) const;

  // As FeatureStore::ReadSession.
  std::vector<SessionEvent> ReadSession(const Shoppers::Parts& parts, Micros now) const;

 private:
  WeightedNames Companions(ItemIndex item, std::span<const ItemActivity::Visit> visits,
                           EventType type) const;
};

}  // namespace vitrine
