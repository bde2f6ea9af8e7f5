#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "vitrine/math/sparse.h"

namespace vitrine {

// Rows of X'X, one at a time, for a sparse X [users x items] whose entries are above 0. Holds a
// float per item of scratch: one of these per shard. O(sum over the item's users of their entries)
// a row. Views: both matrices outlive it.
class CoOccurrence {
 public:
  // `by_item` is the transpose of `by_user`.
  CoOccurrence(const CsrMatrix& by_user, const CsrMatrix& by_item)
      : by_user_(by_user), by_item_(by_item), products_(by_item.num_rows, 0) {}

  // Takes up the row of `item`, whose own entry belongs to it.
  void Compute(std::uint32_t item);

  // The items that share a user with it, in no order that means anything, but always in the same.
  std::span<const std::uint32_t> items() const { return items_; }

  // <x_item, x_other>
  float With(std::uint32_t other) const { return products_[other]; }

 private:
  const CsrMatrix& by_user_;
  const CsrMatrix& by_item_;
  std::vector<float> products_;  // [items] Above 0 for those in items_, 0 elsewhere.
  std::vector<std::uint32_t> items_{};
};

}  // namespace vitrine
