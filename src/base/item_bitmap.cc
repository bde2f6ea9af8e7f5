#include "vitrine/base/item_bitmap.h"

#include <algorithm>
#include <bit>

namespace vitrine {

namespace {

// Writes the items of the bits that are set in the word for items from `first` on; returns the end.
ItemIndex* WriteItems(std::uint64_t word, std::size_t first, ItemIndex* out) {
  const auto start = static_cast<std::uint32_t>(first);
  if (word == ~0ULL) {  // As most are: a plain loop, which the compiler makes vector code of.
    for (std::uint32_t i = 0; i < 64; ++i) out[i] = ItemIndex{start + i};
    return out + 64;
  }
  for (; word != 0; word &= word - 1) {
    *out++ = ItemIndex{start + static_cast<std::uint32_t>(std::countr_zero(word))};
  }
  return out;
}

}  // namespace

ItemBitmap::ItemBitmap(std::size_t num_items, bool is_full)
    : num_items_(num_items), words_((num_items + 63) / 64, is_full ? ~0ULL : 0ULL) {
  if (is_full && num_items % 64 != 0) words_.back() = (1ULL << (num_items % 64)) - 1;
}

std::size_t ItemBitmap::Count() const {
  std::size_t count = 0;
  for (const std::uint64_t word : words_) count += static_cast<std::size_t>(std::popcount(word));
  return count;
}

bool ItemBitmap::HasAtMost(std::size_t count) const {
  std::size_t found = 0;
  for (std::size_t i = 0; i < words_.size() && found <= count; ++i) {
    found += static_cast<std::size_t>(std::popcount(words_[i]));
  }
  return found <= count;
}

std::vector<ItemIndex> ItemBitmap::Items() const {
  std::vector<ItemIndex> items(Count());
  ItemIndex* out = items.data();
  for (std::size_t i = 0; i < words_.size(); ++i) out = WriteItems(words_[i], 64 * i, out);
  return items;
}

void ItemBitmap::FillAbsent(float value, std::span<float> values) const {
  for (std::size_t begin = 0; begin < values.size(); begin += 64) {
    const std::uint64_t word = begin / 64 < words_.size() ? words_[begin / 64] : 0;
    const std::span<float> of_word =
        values.subspan(begin, std::min<std::size_t>(64, values.size() - begin));
    if (word == 0) {
      std::fill(of_word.begin(), of_word.end(), value);
      continue;
    }
    for (std::uint64_t absent = ~word; absent != 0; absent &= absent - 1) {
      const auto i = static_cast<std::size_t>(std::countr_zero(absent));
      if (i >= of_word.size()) break;
      of_word[i] = value;
    }
  }
}

std::vector<ItemIndex> ItemBitmap::Absent() const {
  std::vector<ItemIndex> items(num_items_ - Count());
  ItemIndex* out = items.data();
  for (std::size_t i = 0; i < words_.size(); ++i) {
    const std::size_t in_word = std::min<std::size_t>(64, num_items_ - 64 * i);
    out = WriteItems(~words_[i] & (~0ULL >> (64 - in_word)), 64 * i, out);
  }
  return items;
}

void ItemBitmap::Insert(ItemIndex item) {
  const std::size_t row = Row(item);
  num_items_ = std::max(num_items_, row + 1);
  words_.resize((num_items_ + 63) / 64);
  words_[row / 64] |= 1ULL << (row % 64);
}

void ItemBitmap::Erase(ItemIndex item) {
  if (Contains(item)) words_[Row(item) / 64] &= ~(1ULL << (Row(item) % 64));
}

void ItemBitmap::IntersectWith(const ItemBitmap& other) {
  for (std::size_t i = 0; i < words_.size(); ++i) {
    words_[i] &= i < other.words_.size() ? other.words_[i] : 0;
  }
}

void ItemBitmap::Subtract(const ItemBitmap& other) {
  const std::size_t num_words = std::min(words_.size(), other.words_.size());
  for (std::size_t i = 0; i < num_words; ++i) words_[i] &= ~other.words_[i];
}

void ItemBitmap::UnionWith(const ItemBitmap& other) {
  num_items_ = std::max(num_items_, other.num_items_);
  words_.resize((num_items_ + 63) / 64);
  for (std::size_t i = 0; i < other.words_.size(); ++i) words_[i] |= other.words_[i];
}

}  // namespace vitrine
