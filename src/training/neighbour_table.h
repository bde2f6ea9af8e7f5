#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "vitrine/math/sparse.h"
#include "vitrine/math/top_k.h"

namespace vitrine {

// A truncated item-to-item matrix in the making, by target: which items speak for it, and how much.
// It is the recommended item whose neighbours are cut, see CosineNeighbours.
class NeighbourTable {
 public:
  explicit NeighbourTable(std::size_t num_items) : by_target_(num_items) {}

  // Different targets may be set from different threads.
  void Set(std::uint32_t target, std::vector<ScoredItem> sources);

  // Row j: the items that j speaks for, as ItemNeighbours wants it. Leaves nothing behind.
  CsrMatrix TakeBySource();

 private:
  std::vector<std::vector<ScoredItem>> by_target_;
};

// The `count` sources of largest absolute weight; zeros and what is not finite are no sources.
std::vector<ScoredItem> LargestSources(std::span<const float> weights, std::size_t count);

}  // namespace vitrine
