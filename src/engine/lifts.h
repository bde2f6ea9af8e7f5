#pragma once

#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/filter/filtered_items.h"
#include "vitrine/engine/controls.h"
#include "vitrine/engine/engine.h"
#include "vitrine/engine/pipeline.h"

// What a shop's wishes add to the scores of items.
namespace vitrine {

// How much the item is lifted: the sum of the strengths of the lifts that hold it, cut to -1 and 1.
double StrengthOf(std::span<const ItemLift> lifts, ItemIndex item);

// `allowed` in parts of one strength each, none empty. Within a part the order of the items is that
// of no lift at all, so whatever is among the best of all is among the best of its part. At most
// kMaxStrengths: where there would be more, those of the nearest strengths are one part.
std::vector<ItemBitmap> PartsByStrength(std::span<const ItemLift> lifts, const ItemBitmap& allowed);
inline constexpr std::size_t kMaxStrengths = 16;

// Lifts, and what an explanation calls them.
struct NamedLifts {
  std::vector<ItemLift> lifts{};
  std::vector<std::string> causes{};  // By lift: the text of its filter, or "rotation".

  void Add(ItemLift lift, std::string cause) {
    lifts.push_back(std::move(lift));
    causes.push_back(std::move(cause));
  }
};

// Adds the items of each boost. Errors: INVALID_ARGUMENT a filter cannot be read, "boosts[i]...".
absl::Status AddBoosts(std::span<const Boost> boosts, const FilteredItems& filtered,
                       NamedLifts& lifts);

// Adds what buries the items that the shopper was shown and did nothing with since: those shown n
// times by 1 - (1 - rotation)^n. Both spans in any order.
void AddRotation(double rotation, std::span<const ShownItem> shown,
                 std::span<const Interaction> history, NamedLifts& lifts);

// Adds what each cause gives of the lift of `item` to `parts`, which stay in order, the strongest
// first.
void AddLiftParts(const NamedLifts& lifts, const BlendedItem& item, std::vector<ScorePart>& parts);

}  // namespace vitrine
