#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "vitrine/feature_store/catalogue.h"

namespace vitrine {

// What one commit changes about the items.
struct CatalogueChanges {
  std::vector<std::string> new_ids{};  // They get the next indices, in order.
  std::vector<std::pair<ItemIndex, std::shared_ptr<const Item>>> items{};  // Null: retired.
};

// The inside of a Catalogue. Thread-safe.
struct Catalogue::State {
  struct Entry {
    std::string id{};
    std::shared_ptr<const Item> item{};
    ItemIndex primary{};
    std::uint64_t content = 0;  // Of the item, its part of `content` below.
  };

  // Applies a commit as a whole: no reader sees half of it. For one thread at a time.
  void Apply(const CatalogueChanges& changes);

  // With the mutex held, at least shared.
  std::optional<ItemIndex> Find(std::string_view id) const {
    const auto found = index_of.find(absl::string_view(id.data(), id.size()));
    if (found == index_of.end()) return std::nullopt;
    return found->second;
  }

  // All below want mutex_ held, Set and Advance exclusively.
  void Set(ItemIndex index, std::shared_ptr<const Item> item, std::uint64_t item_content);
  void NoteChange(ItemIndex index);
  void SetServable(ItemIndex index);
  void Advance(Micros now);

  mutable std::shared_mutex mutex;

  // All below: guarded by mutex.
  std::vector<Entry> entries;  // [num_indices]
  absl::flat_hash_map<std::string, ItemIndex> index_of;
  std::size_t num_items = 0;
  std::uint64_t content = 0;  // The sum over all items, modulo 2^64.

  // The latest changes, at most 2 * kKeptChanges; those before them were so many.
  std::vector<ItemIndex> changed;
  std::uint64_t num_forgotten_changes = 0;

  // Which items are servable at `servable_at`, and those that become it by time alone.
  ItemBitmap servable_bits;
  Micros servable_at = 0;
  std::set<std::pair<Micros, ItemIndex>> unpublished;
  std::shared_ptr<const ItemBitmap> servable;  // A copy for readers; null when it is out of date.
};

}  // namespace vitrine
