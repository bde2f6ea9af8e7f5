#include "engine/shopper_query.h"

#include <algorithm>
#include <iterator>

#include "vitrine/engine/seen_items.h"

namespace vitrine {

namespace {

void SortDistinct(std::vector<ItemIndex>& items) {
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
}

}  // namespace

Query ShopperQuery::View() const {
  return {.history = shopper.history,
          .context_items = context,
          .cart_items = cart,
          .categories = categories,
          .profile = shopper.profile.has_value() ? &shopper.profile->attributes : nullptr,
          .now_us = now_us,
          .excluded = excluded,
          .memo = &memo};
}

bool ShopperQuery::IsCold() const {
  const std::span<const Interaction> deeds = Past();
  return context.empty() && cart.empty() &&
         std::none_of(deeds.begin(), deeds.end(),
                      [](const Interaction& interaction) { return interaction.weight > 0; });
}

void ShopperQuery::Exclude(std::initializer_list<std::span<const ItemIndex>> lists) {
  for (const auto& items : lists) excluded.insert(excluded.end(), items.begin(), items.end());
  SortDistinct(excluded);
}

ShopperQuery ReadShopperQuery(const FeatureStore& store, const ShopperIds& ids, Micros now_us) {
  ShopperQuery query;
  query.sequence = store.sequence();  // Before the reads, which may see more but never less.
  query.shopper = store.ReadShopper(ids.user_id, ids.visitor_id);
  query.owned = OwnedItems(query.shopper.history);
  query.now_us = now_us;
  return query;
}

std::vector<ItemIndex> Resolve(const Catalogue& catalogue, std::span<const std::string> ids) {
  std::vector<ItemIndex> items;
  items.reserve(ids.size());
  for (const auto& item : catalogue.FindEach(ids)) {
    if (item.has_value()) items.push_back(*item);
  }
  return items;
}

}  // namespace vitrine
