#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "vitrine/base/item_bitmap.h"
#include "vitrine/math/top_k.h"
#include "vitrine/scorers/scorer.h"

namespace vitrine::testing {

// The best `k` that `query` may be shown, by the scores of all items: scores[i] is that of item i.
inline std::vector<ScoredItem> SlowBest(std::span<const float> scores, const Query& query,
                                        const ItemBitmap* allowed, std::size_t k) {
  TopK best(k);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    const ItemIndex item{static_cast<std::uint32_t>(i)};
    if (allowed != nullptr && !allowed->Contains(item)) continue;
    if (std::binary_search(query.excluded.begin(), query.excluded.end(), item)) continue;
    best.Offer(item, scores[i]);
  }
  return best.Take();
}

}  // namespace vitrine::testing
