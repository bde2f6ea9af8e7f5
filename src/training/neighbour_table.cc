#include "training/neighbour_table.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace vitrine {

void NeighbourTable::Set(std::uint32_t target, std::vector<ScoredItem> sources) {
  std::sort(sources.begin(), sources.end(),
            [](const ScoredItem& a, const ScoredItem& b) { return a.item < b.item; });
  by_target_[target] = std::move(sources);
}

CsrMatrix NeighbourTable::TakeBySource() {
  CsrMatrix matrix;
  matrix.num_rows = by_target_.size();
  matrix.num_cols = by_target_.size();
  for (std::vector<ScoredItem>& sources : by_target_) {
    for (const ScoredItem& source : sources) {
      matrix.column.push_back(static_cast<std::uint32_t>(source.item));
      matrix.value.push_back(source.score);
    }
    matrix.row_begin.push_back(matrix.column.size());
    sources = {};
  }
  return Transpose(matrix);
}

std::vector<ScoredItem> LargestSources(std::span<const float> weights, std::size_t count) {
  TopK largest(count);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const float size = std::abs(weights[i]);
    if (size > 0) largest.Offer(ItemIndex{static_cast<std::uint32_t>(i)}, size);
  }
  std::vector<ScoredItem> sources = largest.Take();
  for (ScoredItem& source : sources) source.score = weights[Row(source.item)];
  return sources;
}

}  // namespace vitrine
