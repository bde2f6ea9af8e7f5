#pragma once

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "engine/shopper_query.h"
#include "vitrine/base/item_bitmap.h"
#include "vitrine/engine/controls.h"
#include "vitrine/engine/engine.h"

namespace vitrine {

inline bool IsAmong(std::span<const ItemIndex> items, ItemIndex item) {
  return std::find(items.begin(), items.end(), item) != items.end();
}

struct ServablePins {
  std::vector<std::pair<std::size_t, ItemIndex>> pins{};  // By position.
  bool has_others = false;  // Some pin may not be shown, and was not shown before.
};

// Those of `pins` that are known, servable and not excluded from the query's lists. `shown`: on the
// pages before.
ServablePins PinsToShow(std::span<const Pin> pins, const Catalogue& catalogue,
                        const ShopperQuery& query, std::span<const ItemIndex> shown);

// How many of `list` are backfill, those of `promoted` aside.
std::size_t NumBackfilled(std::span<const BlendedItem> list, std::span<const ItemIndex> promoted);

// Makes those of `items`, what is told of `list`, that are among `promoted` promoted ones.
void MarkPromoted(std::span<const ItemIndex> promoted, std::span<const BlendedItem> list,
                  ExplanationLevel level, std::vector<RecommendedItem>& items);

}  // namespace vitrine
