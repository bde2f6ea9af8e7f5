#include "engine/rerank.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "vitrine/math/top_k.h"

namespace vitrine {

std::vector<BlendedItem> OneOfEachProduct(std::span<BlendedItem> ranked, const Catalogue& catalogue,
                                          std::span<const ItemIndex> elsewhere, std::size_t count,
                                          absl::flat_hash_set<ItemIndex>* variants) {
  absl::flat_hash_set<ItemIndex> shown;
  shown.reserve(elsewhere.size() + count);
  for (const ItemIndex item : elsewhere) shown.insert(catalogue.Primary(item));
  std::vector<BlendedItem> products;
  products.reserve(std::min(count, ranked.size()));
  for (BlendedItem& item : ranked) {
    if (products.size() == count) break;
    if (shown.insert(catalogue.Primary(item.item)).second) {
      products.push_back(std::move(item));
    } else if (variants != nullptr) {
      variants->insert(item.item);
    }
  }
  return products;
}

std::vector<BlendedItem> MostPopularOf(const ItemBitmap& allowed, std::span<const float> popularity,
                                       std::size_t k) {
  TopK best(k);
  for (std::size_t row = 0; row < allowed.size(); ++row) {
    const ItemIndex item{static_cast<std::uint32_t>(row)};
    if (!allowed.Contains(item)) continue;
    const float score = row < popularity.size() ? popularity[row] : 0;
    best.Offer(item, std::isfinite(score) ? score : 0);
  }
  std::vector<BlendedItem> items;
  items.reserve(k);
  for (const ScoredItem& scored : best.Take()) items.push_back({.item = scored.item});
  return items;
}

std::size_t PutInOrder(std::vector<BlendedItem>& list, std::span<const float> popularity) {
  const auto is_scored = [](const BlendedItem& item) { return item.score != kUnscored; };
  const auto popularity_of = [&](const BlendedItem& item) {
    return Row(item.item) < popularity.size() ? popularity[Row(item.item)] : 0;
  };
  const auto unscored = std::stable_partition(list.begin(), list.end(), is_scored);
  std::sort(list.begin(), unscored, [](const BlendedItem& a, const BlendedItem& b) {
    return a.score != b.score ? a.score > b.score : a.item < b.item;
  });
  std::stable_sort(unscored, list.end(), [&](const BlendedItem& a, const BlendedItem& b) {
    return popularity_of(a) > popularity_of(b);
  });
  for (auto item = unscored; item != list.end(); ++item) *item = {.item = item->item};
  return static_cast<std::size_t>(unscored - list.begin());
}

}  // namespace vitrine
