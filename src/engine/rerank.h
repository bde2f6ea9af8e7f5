#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "vitrine/base/item_bitmap.h"
#include "vitrine/engine/pipeline.h"
#include "vitrine/feature_store/catalogue.h"
#include "vitrine/feature_store/ranked_values.h"

namespace vitrine {

// The first `count` items of `ranked`, moved from there, one of each product: a variant (a size, a
// colour) is left out when an item of its product comes before it or is one of `elsewhere`, which
// the page already shows. Adds those that are left out to `variants`, unless it is null.
std::vector<BlendedItem> OneOfEachProduct(std::span<BlendedItem> ranked, const Catalogue& catalogue,
                                          std::span<const ItemIndex> elsewhere, std::size_t count,
                                          absl::flat_hash_set<ItemIndex>* variants = nullptr);

// The `k` most popular items of `allowed`, best first, ties to the smaller index; an item beyond
// the end of `popularity` is not popular yet. Scores 0 and no parts: no model speaks for them. Of
// many items looks at the most popular first, and at all that is allowed where these are too few.
std::vector<BlendedItem> MostPopularOf(const ItemBitmap& allowed, const RankedValues& popularity,
                                       std::size_t k);

// No model speaks for it: of MostPopularOf.
inline bool IsBackfill(const BlendedItem& item) { return item.parts.empty(); }

// Best first; then what no model knows, by popularity, made backfill. Returns how many are scored.
std::size_t PutInOrder(std::vector<BlendedItem>& list, std::span<const float> popularity);

// `count` products out of a ranking that gives its best k items, but not how many of these are
// variants of each other: asks for ever more until there are enough, or `rank` has no more. One
// that was cut short counts no more than the one before.
template <typename Rank>
std::vector<BlendedItem> FindProducts(const Catalogue& catalogue,
                                      std::span<const ItemIndex> elsewhere, std::size_t count,
                                      const Rank& rank,
                                      absl::flat_hash_set<ItemIndex>* variants = nullptr) {
  std::vector<BlendedItem> best;
  for (std::size_t k = 2 * count;; k *= 4) {
    std::vector<BlendedItem> ranked = rank(k);
    std::vector<BlendedItem> products =
        OneOfEachProduct(ranked, catalogue, elsewhere, count, variants);
    if (products.size() >= best.size()) best = std::move(products);
    if (best.size() == count || ranked.size() < k) return best;
  }
}

}  // namespace vitrine
