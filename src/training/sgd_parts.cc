#include "training/sgd_parts.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace vitrine {

PoolSampler::PoolSampler(const CsrMatrix& weights, double popularity_power) {
  std::vector<double> counts(weights.num_cols, 0);
  for (const std::uint32_t item : weights.column) ++counts[item];
  double total = 0;
  for (std::size_t item = 0; item < counts.size(); ++item) {
    if (counts[item] == 0) continue;
    total += std::pow(counts[item], popularity_power);
    items_.push_back(static_cast<std::uint32_t>(item));
    totals_.push_back(total);
  }
}

std::vector<std::uint32_t> PoolSampler::Draw(std::size_t num_draws, Random& random) const {
  std::vector<std::uint32_t> pool(num_draws);
  for (std::uint32_t& item : pool) {
    const double goal = random.Uniform() * totals_.back();
    const auto place = std::upper_bound(totals_.begin(), totals_.end() - 1, goal);
    item = items_[static_cast<std::size_t>(place - totals_.begin())];
  }
  std::sort(pool.begin(), pool.end());
  pool.erase(std::unique(pool.begin(), pool.end()), pool.end());
  return pool;
}

std::vector<PairGradient> OfItemShard(const std::vector<std::vector<PairGradient>>& lists,
                                      std::size_t shard) {
  std::vector<PairGradient> own;
  for (const std::vector<PairGradient>& list : lists) {
    for (const PairGradient& each : list) {
      if (each.item % lists.size() == shard) own.push_back(each);
    }
  }
  std::stable_sort(own.begin(), own.end(),
                   [](const PairGradient& a, const PairGradient& b) { return a.item < b.item; });
  return own;
}

void MaskLiked(std::span<const std::uint32_t> liked, std::span<const std::uint32_t> pool,
               std::span<float> scores) {
  auto place = pool.begin();
  for (const std::uint32_t item : liked) {
    place = std::lower_bound(place, pool.end(), item);
    if (place == pool.end()) return;
    if (*place != item) continue;
    scores[static_cast<std::size_t>(place - pool.begin())] =
        -std::numeric_limits<float>::infinity();
  }
}

}  // namespace vitrine
