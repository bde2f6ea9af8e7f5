#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "feature_store/shopper_past.h"
#include "vitrine/base/ids.h"
#include "vitrine/feature_store/event.h"

namespace vitrine {

// By item, how many shoppers touched it: those who have, in the history that is kept of them, an
// interaction with it that weighs more than 0. Exact: at any time what reading all histories would
// find, and so nothing that a checkpoint has to hold. Whoever changes a history tells it
// (Shoppers). Thread-safe.
//
// Memory: 4 bytes and a bit an item, up to twice that while their number grows.
class ItemShoppers {
 public:
  explicit ItemShoppers(const EventWeights& weights) : weights_(weights) {}

  // One shopper's history was `before`, and is `after`; either may be empty. O(both lengths).
  void Replace(std::span<const HistoryEntry> before, std::span<const HistoryEntry> after);

  // The same where Insert has put `entry` into the history, and `out` is what it returned.
  void NoteInsert(const HistoryEntry& entry, const std::optional<HistoryEntry>& out,
                  std::span<const HistoryEntry> after);

  std::vector<std::uint32_t> Counts(std::size_t num_items) const;  // [num_items]

  // [num_items] true: fewer than `min_group` shoppers touched the item.
  std::vector<bool> AreFew(std::size_t min_group, std::size_t num_items) const;

 private:
  bool IsTouch(const HistoryEntry& entry) const {
    return weights_.Of(static_cast<EventType>(entry.type), entry.value) > 0;
  }

  // How many touches of the item `history` has, `most` at most.
  std::size_t NumTouches(ItemIndex item, std::span<const HistoryEntry> history,
                         std::size_t most) const;

  std::uint32_t& CountOf(ItemIndex item);  // REQUIRES: mutex_ is held.

  // Calls visit(its count) once for each item that is touched. REQUIRES: mutex_ is held.
  template <typename Visit>
  void ForEachTouched(std::span<const HistoryEntry> history, const Visit& visit);

  const EventWeights weights_;
  mutable std::mutex mutex_;
  std::vector<std::uint32_t> counts_;  // Guarded by mutex_. [items that anybody ever touched]
  std::vector<bool> is_met_;           // Guarded by mutex_: false between calls. As long.
};

}  // namespace vitrine
