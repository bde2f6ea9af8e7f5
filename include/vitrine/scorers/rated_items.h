#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "vitrine/base/ids.h"
#include "vitrine/feature_store/event.h"

namespace vitrine {

// What one shopper thinks of one item.
struct RatedItem {
  ItemIndex item{};
  float rating = 0;
  bool operator==(const RatedItem&) const = default;
};

// The latest rating of each rated item in `history`, which is most recent first, by item ascending.
// Items at or beyond `num_items` are left out. O(n log n) for n interactions.
std::vector<RatedItem> RatedItems(std::span<const Interaction> history, std::size_t num_items);

}  // namespace vitrine
