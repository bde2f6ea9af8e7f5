#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "vitrine/base/ids.h"

namespace vitrine {

// A set of items, one bit each. Items at or beyond size() are not in it. A value.
class ItemBitmap {
 public:
  ItemBitmap() = default;

  // `num_items` items, all in the set or none.
  explicit ItemBitmap(std::size_t num_items, bool is_full = false);

  std::size_t size() const { return num_items_; }
  std::size_t Count() const;

  // Whether Count() <= `count`. Looks no further than it must to know.
  bool HasAtMost(std::size_t count) const;

  bool Contains(ItemIndex item) const {
    const std::size_t row = Row(item);
    return row < num_items_ && (words_[row / 64] >> (row % 64) & 1) != 0;
  }

  // All of them, ascending.
  std::vector<ItemIndex> Items() const;

  // Calls visit(item) for all of them, ascending.
  template <typename Visit>
  void ForEach(const Visit& visit) const {
    for (std::size_t i = 0; i < words_.size(); ++i) {
      for (std::uint64_t word = words_[i]; word != 0; word &= word - 1) {
        const std::size_t bit = static_cast<std::size_t>(std::countr_zero(word));
        visit(ItemIndex{static_cast<std::uint32_t>(64 * i + bit)});
      }
    }
  }

  // All below size() that are not in it, ascending.
  std::vector<ItemIndex> Absent() const;

  // Sets values[i] to `value` for each item i that is not in it.
  void FillAbsent(float value, std::span<float> values) const;

  // Grows the bitmap to hold `item` where needed.
  void Insert(ItemIndex item);
  void Erase(ItemIndex item);

  // Keeps what is in both.
  void IntersectWith(const ItemBitmap& other);

  // Takes out what is in `other`.
  void Subtract(const ItemBitmap& other);

  // Adds what is in `other`, growing where needed.
  void UnionWith(const ItemBitmap& other);

 private:
  std::size_t num_items_ = 0;
  std::vector<std::uint64_t> words_;  // Bits at or beyond num_items_ are zero.
};

}  // namespace vitrine
