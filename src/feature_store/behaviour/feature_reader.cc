#include "feature_store/behaviour/feature_reader.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <unordered_map>
#include <utility>

#include "feature_store/behaviour/item_features.h"
#include "feature_store/behaviour/user_features.h"
#include "vitrine/feature_store/behaviour/visits_and_orders.h"

namespace vitrine {
namespace {

std::vector<UserIndex> Distinct(std::vector<UserIndex> shoppers) {
  std::sort(shoppers.begin(), shoppers.end());
  shoppers.erase(std::unique(shoppers.begin(), shoppers.end()), shoppers.end());
  return shoppers;
}

// The values of a sorted list with how often each comes: those that may be among the kTopNames most
// frequent, whatever order is among equals.
std::vector<std::pair<ItemIndex, std::uint32_t>> MostFrequent(std::span<const ItemIndex> sorted) {
  std::vector<std::pair<ItemIndex, std::uint32_t>> counts;
  for (const ItemIndex item : sorted) {
    if (counts.empty() || counts.back().first != item) counts.emplace_back(item, 0);
    ++counts.back().second;
  }
  std::vector<double> weights;
  for (const auto& [item, count] : counts) weights.push_back(count);
  const double least = LeastOfTop(std::move(weights));
  std::erase_if(counts, [least](const auto& one) { return one.second < least; });
  return counts;
}

// The steps of the visit that goes on at `now`.
std::span<const ShopperActivity::Step> VisitAt(std::span<const ShopperActivity::Step> steps,
                                               Micros now) {
  std::size_t end = steps.size();
  while (end > 0 && steps[end - 1].time_us > now) --end;
  std::size_t begin = end;
  Micros next = now;
  while (begin > 0 && next - steps[begin - 1].time_us <= kSessionGapUs) {
    next = steps[--begin].time_us;
  }
  return steps.subspan(begin, end - begin);
}

}  // namespace

std::vector<SessionEvent> FeatureReader::ReadSession(const Shoppers::Parts& parts,
                                                     Micros now) const {
  static_assert(kMaxSessionEvents == ShopperActivity::kSteps);
  std::vector<SessionEvent> session;
  std::vector<std::uint64_t> offsets;
  const auto read = [&](const ShopperActivity& activity) {
    for (const ShopperActivity::Step& step : VisitAt(activity.steps.entries(), now)) {
      session.push_back({.time_us = step.time_us, .type = static_cast<EventType>(step.type)});
      offsets.push_back(step.offset);
    }
  };
  if (parts.user.has_value() && parts.visitor.has_value()) {
    ShopperActivity joined = behaviour.Shopper(*parts.user);
    joined.Merge(behaviour.Shopper(*parts.visitor));
    read(joined);
  } else if (const auto shopper = parts.user.has_value() ? parts.user : parts.visitor) {
    behaviour.ReadShopper(*shopper, read);
  }
  if (session.empty()) return session;
  std::unordered_map<std::uint64_t, ItemIndex> first_items;
  for (const HistoryEntry& entry : shoppers.Read(parts).history) {
    first_items.emplace(entry.offset, entry.item);
  }
  for (std::size_t i = 0; i < session.size(); ++i) {
    const auto found = first_items.find(offsets[i]);
    if (found != first_items.end()) session[i].item = found->second;
  }
  return session;
}

std::vector<Feature> FeatureReader::ReadUser(const Shoppers::Parts& parts,
                                             std::span<const std::string> names, Micros now) const {
  const UserSelection selection(names);
  std::vector<HistoryEntry> history;
  if ((selection.parts() & kAffinityPart) != 0) history = shoppers.Read(parts).history;
  const std::size_t kept = std::min(history.size(), shoppers.history_limit());
  const auto read = [&](const ShopperActivity& activity) {
    return selection.Read({.activity = activity,
                           .history = std::span(history).last(kept),
                           .weights = weights,
                           .facets = facets,
                           .catalogue = catalogue_use},
                          now);
  };
  if (parts.user.has_value() && parts.visitor.has_value()) {
    ShopperActivity joined = behaviour.Shopper(*parts.user);
    joined.Merge(behaviour.Shopper(*parts.visitor));
    return read(joined);
  }
  const auto shopper = parts.user.has_value() ? parts.user : parts.visitor;
  return shopper.has_value() ? behaviour.ReadShopper(*shopper, read) : read(ShopperActivity());
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
  std::vector<ItemIndex> touched;  // Once for each of the shoppers.
  for (const UserIndex owner : Distinct(std::move(owners))) {
    const std::vector<ItemIndex> items = shoppers.ItemsOf(owner, type);
    std::copy_if(items.begin(), items.end(), std::back_inserter(touched),
                 [item](ItemIndex other) { return other != item; });
  }
  std::sort(touched.begin(), touched.end());
  WeightedNames names;
  for (const auto& [other, count] : MostFrequent(touched)) {
    if (count >= min_group) names.emplace_back(catalogue.Id(other), count);
  }
  KeepTop(names);
  return names;
}

}  // namespace vitrine
