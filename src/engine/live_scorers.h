#pragma once

#include <vector>

#include "vitrine/feature_store/feature_store.h"
#include "vitrine/models/model.h"

namespace vitrine {

// The scorers of what is going on now, by the names of placement.h, as models of which nothing was
// trained. They are as immutable as the store's views that they read: two calls may see two states.
//
//   live_popular     LivePopularity of the item; unscored where it is 0.
//   trending         LiveTrends of the item less 1; unscored where it does not rise.
//   recently_viewed  1 / (1 + r) for the r-th latest item that the shopper viewed, from 0.
//   recently_bought  The same of what they bought.
//
// `store` must outlive them.
std::vector<Model> LiveModels(const FeatureStore& store);

// Whether one of them has this name.
bool IsLiveModel(std::string_view name);

}  // namespace vitrine
