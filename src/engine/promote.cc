#include "engine/promote.h"

#include <algorithm>
#include <cstddef>

#include "engine/explain.h"
#include "engine/rerank.h"

namespace vitrine {

ServablePins PinsToShow(std::span<const Pin> pins, const Catalogue& catalogue,
                        const ShopperQuery& query, std::span<const ItemIndex> shown) {
  ServablePins found;
  if (pins.empty()) return found;
  const std::shared_ptr<const ItemBitmap> servable = catalogue.Servable(query.now_us);
  for (const Pin& pin : pins) {
    const std::optional<ItemIndex> item = catalogue.Find(pin.item_id);
    if (item.has_value() && servable->Contains(*item) &&
        !std::binary_search(query.excluded.begin(), query.excluded.end(), *item)) {
      found.pins.emplace_back(pin.position, *item);
    } else if (!item.has_value() || !IsAmong(shown, *item)) {
      found.has_others = true;
    }
  }
  std::sort(found.pins.begin(), found.pins.end());
  return found;
}

std::size_t NumBackfilled(std::span<const BlendedItem> list, std::span<const ItemIndex> promoted) {
  return static_cast<std::size_t>(std::count_if(
      list.begin(), list.end(),
      [&](const BlendedItem& each) { return IsBackfill(each) && !IsAmong(promoted, each.item); }));
}

void MarkPromoted(std::span<const ItemIndex> promoted, std::span<const BlendedItem> list,
                  ExplanationLevel level, std::vector<RecommendedItem>& items) {
  for (std::size_t i = 0; i < list.size() && !promoted.empty(); ++i) {
    if (!IsAmong(promoted, list[i].item)) continue;
    items[i].is_backfill = false;
    if (level == ExplanationLevel::kNone) continue;
    std::vector<Reason>& reasons = items[i].reasons;
    std::erase_if(reasons,
                  [](const Reason& reason) { return reason.kind == Reason::Kind::kBackfill; });
    reasons.insert(reasons.begin(), {.kind = Reason::Kind::kPromoted});
    if (reasons.size() > kMaxReasons) reasons.resize(kMaxReasons);
  }
}

}  // namespace vitrine
