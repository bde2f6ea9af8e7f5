#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "vitrine/base/ids.h"
#include "vitrine/math/sparse.h"

namespace vitrine {

// Items by kind: those that are in exactly the same categories. Which of a kind are the best is the
// same for every question about categories, so a list of each is sorted once. An immutable value.
// Memory: 4 bytes an item, 8 for each category of a kind, 8 a kind and 8 a category.
class ItemKinds {
 public:
  ItemKinds() = default;

  // `categories` [num_items x categories]; `by_popularity`: distinct items of it, the most popular
  // first.
  ItemKinds(const CsrMatrix& categories, std::span<const ItemIndex> by_popularity);

  // The kinds in `category`, the one whose best item comes first of all first.
  std::span<const std::uint32_t> In(std::uint32_t category) const {
    return of_category_.Columns(category);
  }

  // Of one kind, in the order that they came in; at least one.
  std::span<const ItemIndex> Items(std::uint32_t kind) const {
    return std::span(items_).subspan(begin_[kind], begin_[kind + 1] - begin_[kind]);
  }

 private:
  CsrMatrix of_category_{};              // [categories x kinds] Numbered as their best items come.
  std::vector<std::uint64_t> begin_{0};  // [kinds + 1]
  std::vector<ItemIndex> items_{};       // By kind.
};

}  // namespace vitrine
