#include "feature_store/item_shoppers.h"

#include <algorithm>
#include <cassert>

namespace vitrine {

std::uint32_t& ItemShoppers::CountOf(ItemIndex item) {
  if (Row(item) >= counts_.size()) {
    counts_.resize(Row(item) + 1);
    is_met_.resize(Row(item) + 1);
  }
  return counts_[Row(item)];
}

template <typename Visit>
void ItemShoppers::ForEachTouched(std::span<const HistoryEntry> history, const Visit& visit) {
  for (const HistoryEntry& entry : history) {
    if (!IsTouch(entry)) continue;
    std::uint32_t& count = CountOf(entry.item);
    if (is_met_[Row(entry.item)]) continue;
    is_met_[Row(entry.item)] = true;
    visit(count);
  }
  for (const HistoryEntry& entry : history) {
    if (Row(entry.item) < is_met_.size()) is_met_[Row(entry.item)] = false;
  }
}

void ItemShoppers::Replace(std::span<const HistoryEntry> before,
                           std::span<const HistoryEntry> after) {
  std::lock_guard lock(mutex_);
  ForEachTouched(before, [](std::uint32_t& count) {
    assert(count > 0);
    --count;
  });
  ForEachTouched(after, [](std::uint32_t& count) { ++count; });
}

std::size_t ItemShoppers::NumTouches(ItemIndex item, std::span<const HistoryEntry> history,
                                     std::size_t most) const {
  std::size_t num_touches = 0;
  // From the latest: what is touched again was mostly touched just before.
  for (auto entry = history.rbegin(); entry != history.rend() && num_touches < most; ++entry) {
    if (entry->item == item && IsTouch(*entry)) ++num_touches;
  }
  return num_touches;
}

void ItemShoppers::NoteInsert(const HistoryEntry& entry, const std::optional<HistoryEntry>& out,
                              std::span<const HistoryEntry> after) {
  if (out == entry) return;  // The history is what it was.
  const bool is_gone = out.has_value() && IsTouch(*out);
  const bool is_exchanged = is_gone && out->item == entry.item;
  const bool is_first = IsTouch(entry) && !is_exchanged && NumTouches(entry.item, after, 2) == 1;
  const bool was_last = is_gone && NumTouches(out->item, after, 1) == 0;
  if (!is_first && !was_last) return;
  std::lock_guard lock(mutex_);
  if (is_first) ++CountOf(entry.item);
  if (was_last) --CountOf(out->item);
}

std::vector<std::uint32_t> ItemShoppers::Counts(std::size_t num_items) const {
  std::vector<std::uint32_t> counts(num_items);
  std::lock_guard lock(mutex_);
  std::copy_n(counts_.begin(), std::min(num_items, counts_.size()), counts.begin());
  return counts;
}

std::vector<bool> ItemShoppers::AreFew(std::size_t min_group, std::size_t num_items) const {
  const std::vector<std::uint32_t> counts = Counts(num_items);
  std::vector<bool> are_few(num_items);
  for (std::size_t row = 0; row < num_items; ++row) are_few[row] = counts[row] < min_group;
  return are_few;
}

}  // namespace vitrine
