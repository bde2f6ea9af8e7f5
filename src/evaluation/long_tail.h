#pragma once

#include <cstdint>
#include <vector>

#include "vitrine/base/item_bitmap.h"
#include "vitrine/evaluation/split.h"

namespace vitrine {

// By item: how many users have it.
std::vector<std::uint64_t> NumOwners(const Dataset& train);

// The candidates that are no bestsellers among these.
ItemBitmap LongTailOf(const Split& split);

}  // namespace vitrine
