#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cstddef>
#include <functional>
#include <limits>
#include <span>
#include <vector>

namespace vitrine {

// What at least `k` of `scores` reach: the k-th best of the best ones of blocks; where there are
// fewer blocks than that, the lowest of all finite numbers. A first, cheap look: not many more than
// k reach it.
template <typename Number>
Number LeastOfBest(std::span<const Number> scores, std::size_t k) {
  constexpr std::size_t kBlock = 16;
  std::vector<Number> best_of_block;
  best_of_block.reserve(scores.size() / kBlock + 1);
  for (std::size_t begin = 0; begin < scores.size(); begin += kBlock) {
    const std::size_t count = std::min(kBlock, scores.size() - begin);
    best_of_block.push_back(
        Eigen::Map<const Eigen::ArrayX<Number>>(&scores[begin], static_cast<Eigen::Index>(count))
            .maxCoeff());
  }
  Number least = std::numeric_limits<Number>::lowest();
  if (k > 0 && k <= best_of_block.size()) {
    const auto kth = best_of_block.begin() + static_cast<std::ptrdiff_t>(k - 1);
    std::nth_element(best_of_block.begin(), kth, best_of_block.end(), std::greater<>());
    least = std::max(least, *kth);
  }
  return least;
}

// Calls visit(i) for each of `scores` that is `least` or more.
template <typename Number, typename Visit>
void ForEachFrom(Number least, std::span<const Number> scores, const Visit& visit) {
  constexpr std::size_t kBlock = 64;
  for (std::size_t begin = 0; begin < scores.size(); begin += kBlock) {
    const std::size_t end = std::min(begin + kBlock, scores.size());
    std::size_t num_good = 0;  // Counted, so that the compiler compares many at once.
    for (std::size_t i = begin; i < end; ++i) num_good += scores[i] >= least ? 1U : 0U;
    if (num_good == 0) continue;
    for (std::size_t i = begin; i < end; ++i) {
      if (scores[i] >= least) visit(i);
    }
  }
}

}  // namespace vitrine
