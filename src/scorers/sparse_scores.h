#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "vitrine/base/item_bitmap.h"
#include "vitrine/scorers/scorer.h"

namespace vitrine {

// Whether the shopper of `query` may be shown `item`.
inline bool MayShow(const Query& query, const ItemBitmap* allowed, ItemIndex item) {
  return (allowed == nullptr || allowed->Contains(item)) &&
         !std::binary_search(query.excluded.begin(), query.excluded.end(), item);
}

// Scores of one query that touch few of all items: adding costs what it touches, and so does
// starting over for the next query. What nothing was added to is kUnscored. Not thread-safe.
class SparseScores {
 public:
  explicit SparseScores(std::size_t num_items)
      : scores_(num_items, kUnscored), scored_(num_items + 1) {}

  // Adds factor * values[i] to items[i].
  void Add(float factor, std::span<const std::uint32_t> items, std::span<const float> values) {
    // No branch: with half of the items scored already, it would be guessed wrong half the time.
    std::size_t num_scored = num_scored_;
    for (std::size_t i = 0; i < items.size(); ++i) {
      float& score = scores_[items[i]];
      const bool is_first = score == kUnscored;
      score = (is_first ? 0.0F : score) + factor * values[i];
      scored_[num_scored] = items[i];
      num_scored += is_first ? 1 : 0;
    }
    num_scored_ = num_scored;
  }

  float Of(ItemIndex item) const {
    if (Row(item) >= scores_.size()) return kUnscored;
    return scores_[Row(item)];
  }

  std::vector<ScoredItem> Best(const Query& query, const ItemBitmap* allowed, std::size_t k) const;

  void Clear();

 private:
  std::vector<float> scores_;          // [num_items]
  std::vector<std::uint32_t> scored_;  // [num_items + 1] Items that something was added to, first.
  std::size_t num_scored_ = 0;         // How many these are.
};

}  // namespace vitrine
