#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "vitrine/base/ids.h"
#include "vitrine/feature_store/item.h"

namespace vitrine {

// What affinities and prices of behaviour features need of the catalogue, by item, small enough to
// walk a history through: the first category, the brand and the price, names as numbers. As the
// catalogue is now. Thread-safe; written by the commit thread alone.
//
// Memory: 16 bytes an item index, 4 an item and category, and the distinct names.
class Facets {
 public:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  struct Facet {
    std::uint32_t category = kNone;  // The first one's whole path.
    std::uint32_t brand = kNone;
    std::int64_t price = -1;  // In millionths; -1: none.
  };

  void Set(ItemIndex index, const Item* item);  // Null: retired.

  // Of each of `items`. [items]
  std::vector<Facet> Of(std::span<const ItemIndex> items) const;
  std::string Name(std::uint32_t number) const;  // Of a category or a brand.

  // The median price of the items of the same category that have one, in millionths, the lower of
  // two; nothing when the item has no category or no price. Of a category that changed since it
  // was last asked: time in its size.
  std::optional<std::int64_t> MedianPrice(ItemIndex index) const;

 private:
  struct Category {
    std::vector<ItemIndex> items{};  // Those that were ever in it; may repeat.
    std::int64_t median = -1;
    bool is_current = false;
  };
  std::uint32_t NumberOf(const std::string& name);
  Facet FacetOf(const Item* item);
  void Refresh(std::uint32_t number) const;

  mutable std::shared_mutex mutex_;
  // All below: guarded by mutex_.
  std::vector<Facet> facets_;  // [items]
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::uint32_t> number_of_;
  mutable std::unordered_map<std::uint32_t, Category> categories_;
};

// The price band of a price, of the steps 1, 2, 5, 10, 20, ... currency units: "20 to 50". Below
// 1: "below 1".
std::string PriceBandName(std::uint32_t band);
std::uint32_t PriceBandOf(std::int64_t price);

}  // namespace vitrine
