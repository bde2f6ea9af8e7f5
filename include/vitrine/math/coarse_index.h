#pragma once

#include <cstddef>
#include <limits>
#include <memory>

#include "vitrine/math/coarse_rows.h"
#include "vitrine/math/row_blocks.h"

namespace vitrine {

// What says of many rows which ones' products with a vector can be among the largest. Immutable.
struct CoarseIndex {
  // Fewer are looked through in less time than their blocks pay for.
  static constexpr std::size_t kFewestInBlocks = 50'000;
  static constexpr std::size_t kNeverInBlocks = std::numeric_limits<std::size_t>::max();

  CoarseIndex() = default;
  explicit CoarseIndex(const Matrix& matrix, std::size_t fewest_in_blocks = kFewestInBlocks);

  bool has_blocks() const { return !blocks.rows().empty(); }

  RowBlocks blocks{};  // None of few rows.
  CoarseRows rows{};   // By their places in the blocks; without these in their own order.
};

// The index of many rows, in blocks; null of few, which are multiplied as they are.
std::shared_ptr<const CoarseIndex> IndexOfMany(const Matrix& matrix);

}  // namespace vitrine
