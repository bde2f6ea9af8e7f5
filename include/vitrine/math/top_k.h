#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "vitrine/base/ids.h"

namespace vitrine {

struct ScoredItem {
  ItemIndex item{};
  float score = 0;
  bool operator==(const ScoredItem&) const = default;
};

// The order of every list in Vitrine: higher score first, ties to the smaller index.
inline bool RanksBefore(const ScoredItem& a, const ScoredItem& b) {
  return a.score != b.score ? a.score > b.score : a.item < b.item;
}

// Collects the best `k` of a stream of scored items with a bounded heap. NaN and infinite scores
// are dropped. Cost: one comparison for an item that does not make it, O(log k) for one that does.
class TopK {
 public:
  explicit TopK(std::size_t k);

  // A finite score below this one cannot enter any more; -infinity while there is room.
  float threshold() const { return threshold_; }

  void Offer(ItemIndex item, float score) {
    if (score >= threshold_) Insert(item, score);
  }

  // Whether Offer would keep it, were it finite.
  bool Keeps(const ScoredItem& offered) const {
    return heap_.size() < k_ || (k_ != 0 && RanksBefore(offered, heap_.front()));
  }

  // Empties the collector and returns what it holds, best first.
  std::vector<ScoredItem> Take();

 private:
  void Insert(ItemIndex item, float score);
  void ReplaceWorst(const ScoredItem& offered);

  std::size_t k_;
  float threshold_;
  std::vector<ScoredItem> heap_;  // Worst kept item at the front.
};

// Best `k` of items 0..n-1 by scores[i], best first.
std::vector<ScoredItem> TopKOf(std::span<const float> scores, std::size_t k);

// Takes all but the best `k` off `items`, which stay in the order they are in. O(n), whatever k.
// REQUIRES: finite scores, distinct items
void KeepBest(std::size_t k, std::vector<ScoredItem>& items);

}  // namespace vitrine
