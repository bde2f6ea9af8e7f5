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

std::vector<BlendedItem> MostPopularOf(const ItemBitmap& allowed, const RankedValues& popularity,
                                       std::size_t k) {
  std::vector<BlendedItem> items;
  for (const ItemIndex item : popularity.largest) {
    if (items.size() == k) break;
    if (allowed.Contains(item)) items.push_back({.item = item});
  }
  if (items.size() == k) return items;
  items.clear();
  TopK best(k);
  allowed.ForEach([&](ItemIndex item) {
    const std::size_t row = Row(item);
    const float score = row < popularity.values.size() ? popularity.values[row] : 0;
    best.Offer(item, std::isfinite(score) ? score : 0);
  });
  for (const ScoredItem& scored : best.Take()) items.push_back({.item = scored.item});
  return items;
}

std::size_t PutInOrder(std::vector<BlendedItem>& list, std::span<const float> popularity) {
  struct Place {  // What is sorted is small, and each item moves once.
    float worth = 0;
    std::size_t from = 0;
  };
  std::vector<Place> scored;
  std::vector<Place> unscored;
  scored.reserve(list.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::size_t row = Row(list[i].item);
    if (list[i].score != kUnscored) {
      scored.push_back({list[i].score, i});
    } else {
      unscored.push_back({row < popularity.size() ? popularity[row] : 0, i});
    }
  }
  std::sort(scored.begin(), scored.end(), [&](const Place& a, const Place& b) {
    return a.worth != b.worth ? a.worth > b.worth : list[a.from].item < list[b.from].item;
  });
  std::stable_sort(unscored.begin(), unscored.end(),
                   [](const Place& a, const Place& b) { return a.worth > b.worth; });
  std::vector<BlendedItem> ordered;
  ordered.reserve(list.size());
  for (const Place& place : scored) ordered.push_back(std::move(list[place.from]));
  for (const Place& place : unscored) ordered.push_back({.item = list[place.from].item});
  list = std::move(ordered);
  return scored.size();
}

}  // namespace vitrine
