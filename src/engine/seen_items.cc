#include "vitrine/engine/seen_items.h"

#include <algorithm>
#include <utility>

namespace vitrine {

std::vector<ItemIndex> OwnedItems(std::span<const Interaction> history) {
  std::vector<std::pair<ItemIndex, float>> pieces;
  for (const Interaction& interaction : history) {
    if (interaction.type == EventType::kPurchaseComplete) {
      pieces.emplace_back(interaction.item, interaction.value);
    } else if (interaction.type == EventType::kReturnComplete) {
      pieces.emplace_back(interaction.item, -interaction.value);
    }
  }
  std::sort(pieces.begin(), pieces.end());
  std::vector<ItemIndex> owned;
  for (std::size_t i = 0; i < pieces.size();) {
    const ItemIndex item = pieces[i].first;
    double sum = 0;
    for (; i < pieces.size() && pieces[i].first == item; ++i) sum += pieces[i].second;
    if (sum > 0) owned.push_back(item);
  }
  return owned;
}

std::vector<ItemIndex> SeenItems(std::span<const Interaction> history,
                                 std::span<const ItemIndex> owned, SeenPolicy policy) {
  std::vector<ItemIndex> seen;
  if (policy == SeenPolicy::kExcludePurchased) seen.assign(owned.begin(), owned.end());
  for (const Interaction& interaction : history) {
    if (policy == SeenPolicy::kExcludeSeen || interaction.type == EventType::kNotInterested) {
      seen.push_back(interaction.item);
    }
  }
  return seen;
}

}  // namespace vitrine
