#include "vitrine/scorers/rated_items.h"

#include <algorithm>

namespace vitrine {

std::vector<RatedItem> RatedItems(std::span<const Interaction> history, std::size_t num_items) {
  std::vector<RatedItem> rated;
  for (const Interaction& each : history) {
    if (each.type == EventType::kRate && Row(each.item) < num_items) {
      rated.push_back({each.item, each.value});
    }
  }
  std::stable_sort(rated.begin(), rated.end(),
                   [](const RatedItem& a, const RatedItem& b) { return a.item < b.item; });
  const auto older = std::unique(
      rated.begin(), rated.end(),
      [](const RatedItem& later, const RatedItem& earlier) { return later.item == earlier.item; });
  rated.erase(older, rated.end());
  return rated;
}

}  // namespace vitrine
