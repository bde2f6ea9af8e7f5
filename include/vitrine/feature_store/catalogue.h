#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vitrine/base/clock.h"
#include "vitrine/base/ids.h"
#include "vitrine/base/item_bitmap.h"
#include "vitrine/feature_store/item.h"

namespace vitrine {

// The view of all items: the dictionary from external ids to dense indices, and what the shop says
// about each item. An item known only from events has an index and no Item. Thread-safe; written by
// the store's commit thread alone.
//
// Memory: 100 bytes an item plus its texts, and half a megabyte of changes.
class Catalogue {
 public:
  Catalogue();
  ~Catalogue();

  // The index of `id`, or nothing when neither an item nor an event ever had it.
  std::optional<ItemIndex> Find(std::string_view id) const;

  // The same for each of `ids`, at one moment.
  std::vector<std::optional<ItemIndex>> FindEach(std::span<const std::string> ids) const;

  // The external id. REQUIRES: Row(index) < num_indices()
  std::string Id(ItemIndex index) const;

  // The item as it is now; null when it was never described, or was deleted or retired.
  std::shared_ptr<const Item> Get(ItemIndex index) const;

  struct Entry {
    std::string id{};
    std::shared_ptr<const Item> item{};
  };
  // Id and Get of each of `indices`, at one moment. REQUIRES: as Id
  std::vector<Entry> GetEach(std::span<const ItemIndex> indices) const;

  // Indices given so far; the catalogue proper may hold fewer items.
  std::size_t num_indices() const;
  std::size_t num_items() const;

  // Items that may be recommended at `now` (IsServable). The bitmap is shared and immutable.
  std::shared_ptr<const ItemBitmap> Servable(Micros now) const;

  // The product that a variant belongs to, itself for all others.
  ItemIndex Primary(ItemIndex index) const;

  // Of all that models of content depend on, the items' ids, texts, categories, brands, tags and
  // attributes, whatever order they came in and in whatever process; never 0. Price and stock leave
  // it.
  std::uint32_t content_fingerprint() const;

  // Which items changed since an earlier moment, in whatever way: put, retired, another price.
  struct Changes {
    std::uint64_t version = 0;  // Of now: what to ask with the next time.
    // In the order of the changes, an item as often as it changed. Nothing: too many to tell, any
    // item may have.
    std::optional<std::vector<ItemIndex>> items{};
  };
  // `version`: of an earlier answer; 0, the empty catalogue's, is one too. The latest kKeptChanges
  // at least can be told.
  Changes ChangesSince(std::uint64_t version) const;
  static constexpr std::size_t kKeptChanges = 65'536;

  // Calls `visit` with each item from `first` on, up to `limit` indices of them, as they are at one
  // moment. Holds up writes meanwhile: ask for some thousands at a time. Returns whether there are
  // indices beyond these.
  bool Visit(ItemIndex first, std::size_t limit,
             const std::function<void(ItemIndex, const Item&)>& visit) const;

  // Up to `limit` items in order of index, from `first` on.
  std::vector<std::shared_ptr<const Item>> List(ItemIndex first, std::size_t limit) const;

 private:
  friend class StoreViews;  // src/feature_store/: the commit thread's hand.
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vitrine
