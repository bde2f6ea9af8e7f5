#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "vitrine/base/item_bitmap.h"
#include "vitrine/math/top_k.h"

namespace vitrine {

// Whether so few items are allowed that each is looked at in less time than blocks of `num_items`
// are, the best of which may hold none of them.
inline bool HasFew(const ItemBitmap* allowed, std::size_t num_items) {
  constexpr std::size_t kOneIn = 128;
  return allowed != nullptr && allowed->HasAtMost(num_items / kOneIn);
}

// Calls look(block), which offers to `best`, for the blocks that promise most first, until one
// cannot hold what is missing, nor can the rest. No score of a block is more than `rounding` above
// its `most`.
template <typename Bounded, typename Look>
void LookAtBestBlocks(std::vector<Bounded> blocks, double rounding, const TopK& best,
                      const Look& look) {
  const auto is_less = [](const Bounded& a, const Bounded& b) { return a.most < b.most; };
  std::make_heap(blocks.begin(), blocks.end(), is_less);
  for (auto end = blocks.end(); end != blocks.begin(); --end) {
    const Bounded next = blocks.front();
    if (next.most + rounding < static_cast<double>(best.threshold())) return;
    look(next);
    std::pop_heap(blocks.begin(), end, is_less);
  }
}

}  // namespace vitrine
