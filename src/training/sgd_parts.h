#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "vitrine/base/random.h"
#include "vitrine/math/sparse.h"

namespace vitrine {

// Draws pools of items that somebody likes, in proportion to their likes^popularity_power.
class PoolSampler {
 public:
  // `weights` [users x items]
  PoolSampler(const CsrMatrix& weights, double popularity_power);

  // Distinct items of `num_draws` draws, ascending. REQUIRES: somebody likes something
  std::vector<std::uint32_t> Draw(std::size_t num_draws, Random& random) const;

 private:
  std::vector<std::uint32_t> items_;
  std::vector<double> totals_;  // Sums of the odds up to each of items_.
};

// d loss / d score of one user of a batch with one item.
struct PairGradient {
  std::uint32_t item = 0;
  std::uint32_t row = 0;  // Of the vector that the item's gradient has as many times as `value`.
  float value = 0;
  bool is_liked = false;
};

// Those of all lists, one after the other, whose item leaves `shard` as the remainder of the
// division by the number of lists: by item, else in the order in which they come.
std::vector<PairGradient> OfItemShard(const std::vector<std::vector<PairGradient>>& lists,
                                      std::size_t shard);

// Sets the scores [pool] of the items that are liked to -infinity. Both lists are ascending.
void MaskLiked(std::span<const std::uint32_t> liked, std::span<const std::uint32_t> pool,
               std::span<float> scores);

}  // namespace vitrine
