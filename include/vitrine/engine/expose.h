#pragma once

#include <cstddef>
#include <vector>

#include "vitrine/base/item_bitmap.h"
#include "vitrine/engine/pipeline.h"

namespace vitrine {

// The first `k` of `ranked`, but that of the first n items, for every n, at least n * share,
// rounded down, are of `group`, as long as `exposed`, its best, has any left: where the share would
// be missed, the next of these comes.
std::vector<BlendedItem> Expose(double share, const ItemBitmap& group,
                                std::vector<BlendedItem> ranked, std::vector<BlendedItem> exposed,
                                std::size_t k);

}  // namespace vitrine
