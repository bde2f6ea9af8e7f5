#include "feature_store/behaviour/feature_reader.h"

#include <algorithm>
#include <cstdint>
#include <unordered_map>

#include "feature_store/behaviour/item_features.h"
#include "feature_store/behaviour/user_features.h"

namespace vitrine {
namespace {

std::vector<UserIndex> Distinct(std::vector<UserIndex> shoppers) {
  std::sort(shoppers.begin(), shoppers.end());
  shoppers.erase(std::unique(shoppers.begin(), shoppers.end()), shoppers.end());
  return shoppers;
}

}  // namespace

std::vector<Feature> FeatureReader::ReadUser(const Shoppers::Parts& parts,
                                             std::span<const std::string> names, Micros now) const {
  ShopperActivity activity;
  if (parts.user.has_value()) activity = behaviour.Shopper(*parts.user);
  if (parts.visitor.has_value()) {
    ShopperActivity visitor = behaviour.Shopper(*parts.visitor);
    if (activity.has_events()) {
      activity.Merge(std::move(visitor));
    } else {
      activity = std::move(visitor);
    }
  }
  std::vector<HistoryEntry> history;
  if (NeedsHistory(names)) history = shoppers.Read(parts).history;
  const std::size_t kept = std::min(history.size(), shoppers.history_limit());
  return ReadFeatures(UserSources{.activity = activity,
                                  .history = std::span(history).last(kept),
                                  .weights = weights,
                                  .facets = facets,
                                  .catalogue = catalogue_use},
                      names, now);
}

std::vector<Feature> FeatureReader::ReadItem(const std::string& item_id,
                                             std::span<const std::string> names, Micros now) const {
  const auto index = catalogue.Find(item_id);
  const ItemActivity activity = index.has_value() ? behaviour.Item(*index) : ItemActivity();
  ItemSources sources{.activity = activity, .catalogue = catalogue_use};
  if (index.has_value()) {
    sources.item = catalogue.Get(*index);
    sources.median_price = facets.MedianPrice(*index);
    sources.companions = [this, item = *index](std::span<const ItemActivity::Visit> visits,
                                               EventType type) {
      return Companions(item, visits, type);
    };
  }
  return ReadFeatures(sources, names, now);
}

WeightedNames FeatureReader::Companions(ItemIndex item, std::span<const ItemActivity::Visit> visits,
                                        EventType type) const {
  std::vector<UserIndex> owners;
  for (const ItemActivity::Visit& visit : visits) {
    if (const auto owner = shoppers.Resolve(visit.shopper)) owners.push_back(*owner);
  }
  std::unordered_map<std::uint32_t, std::uint32_t> counts;
  for (const UserIndex owner : Distinct(std::move(owners))) {
    std::vector<ItemIndex> touched;
    for (const HistoryEntry& entry : shoppers.Read(owner).history) {
      if (static_cast<EventType>(entry.type) == type) touched.push_back(entry.item);
    }
    std::sort(touched.begin(), touched.end());
    touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
    for (const ItemIndex other : touched) {
      if (other != item) ++counts[static_cast<std::uint32_t>(other)];
    }
  }
  WeightedNames names;
  for (const auto& [other, count] : counts) {
    names.emplace_back(catalogue.Id(ItemIndex{other}), count);
  }
  KeepTop(names);
  return names;
}

}  // namespace vitrine
