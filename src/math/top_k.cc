#include "vitrine/math/top_k.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>

namespace vitrine {

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// An object, since the standard algorithms do not inline calls through a function pointer.
struct Before {
  bool operator()(const ScoredItem& a, const ScoredItem& b) const { return RanksBefore(a, b); }
};

// Larger is better: the score's bits, ordered as the scores are, above those of the item.
std::uint64_t RankKey(const ScoredItem& scored) {
  // + 0 makes a 0 of -0, which is equal to it.
  const auto bits = std::bit_cast<std::uint32_t>(scored.score + 0.0F);
  const std::uint32_t ordered = (bits >> 31) != 0 ? ~bits : bits | 0x80000000U;
  return std::uint64_t{ordered} << 32 | ~static_cast<std::uint32_t>(scored.item);
}

}  // namespace

TopK::TopK(std::size_t k) : k_(k), threshold_(k == 0 ? kInfinity : -kInfinity) {
  heap_.reserve(std::min<std::size_t>(k, 1024));
}

void TopK::Insert(ItemIndex item, float score) {
  if (!std::isfinite(score)) return;
  const ScoredItem offered{item, score};
  if (heap_.size() == k_) {
    if (RanksBefore(offered, heap_.front())) ReplaceWorst(offered);
  } else {
    heap_.push_back(offered);
    std::push_heap(heap_.begin(), heap_.end(), Before());
  }
  if (heap_.size() == k_) threshold_ = heap_.front().score;
}

// One way down instead of a pop and a push.
void TopK::ReplaceWorst(const ScoredItem& offered) {
  std::size_t hole = 0;
  for (std::size_t child = 1; child < heap_.size(); child = 2 * hole + 1) {
    if (child + 1 < heap_.size() && RanksBefore(heap_[child], heap_[child + 1])) ++child;
    if (!RanksBefore(offered, heap_[child])) break;
    heap_[hole] = heap_[child];
    hole = child;
  }
  heap_[hole] = offered;
}

std::vector<ScoredItem> TopK::Take() {
  std::sort(heap_.begin(), heap_.end(), Before());
  threshold_ = k_ == 0 ? kInfinity : -kInfinity;
  return std::exchange(heap_, {});
}

std::vector<ScoredItem> TopKOf(std::span<const float> scores, std::size_t k) {
  TopK best(k);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    best.Offer(ItemIndex{static_cast<std::uint32_t>(i)}, scores[i]);
  }
  return best.Take();
}

void KeepBest(std::size_t k, std::vector<ScoredItem>& items) {
  if (items.size() <= k) return;
  if (k == 0) return items.clear();
  std::vector<std::uint64_t> keys(items.size());
  std::transform(items.begin(), items.end(), keys.begin(), RankKey);
  const auto last = keys.begin() + static_cast<std::ptrdiff_t>(k) - 1;
  std::nth_element(keys.begin(), last, keys.end(), std::greater<>());
  const std::uint64_t least = *last;
  items.erase(std::remove_if(items.begin(), items.end(),
                             [least](const ScoredItem& scored) { return RankKey(scored) < least; }),
              items.end());
}

}  // namespace vitrine
