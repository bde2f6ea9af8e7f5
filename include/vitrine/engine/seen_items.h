#pragma once

#include <span>
#include <vector>

#include "vitrine/base/ids.h"
#include "vitrine/engine/seen_policy.h"
#include "vitrine/feature_store/event.h"

namespace vitrine {

// Items of which more pieces were bought than returned, ascending. `history` in any order.
std::vector<ItemIndex> OwnedItems(std::span<const Interaction> history);

// The items of `history` that `policy` keeps out of a list, in no order, some more than once.
// `owned`: OwnedItems of it.
std::vector<ItemIndex> SeenItems(std::span<const Interaction> history,
                                 std::span<const ItemIndex> owned, SeenPolicy policy);

}  // namespace vitrine
