#pragma once

#include <Eigen/Core>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <vector>

namespace vitrine {

// What at least `k` of many scores reach, given the best ones of blocks of them: the k-th best of
// these; where there are fewer blocks than that, the lowest of all finite numbers. A first, cheap
// look: not many more than k reach it.
template <typename Number>
Number LeastOfBlocks(std::vector<Number> best_of_block, std::size_t k) {
  constexpr Number kLowest = std::numeric_limits<Number>::lowest();
  if (k == 0 || k > best_of_block.size()) return kLowest;
  // Four blocks for each that is wanted tell nearly as much as more would, in less time.
  std::size_t count = best_of_block.size();
  while (count / 2 >= 4 * k) {
    const std::size_t half = count / 2;
    for (std::size_t i = 0; i < half; ++i) {
      const Number other = best_of_block[count - half + i];
      best_of_block[i] = best_of_block[i] < other ? other : best_of_block[i];
    }
    count -= half;
  }
  const auto kth = best_of_block.begin() + static_cast<std::ptrdiff_t>(k - 1);
  std::nth_element(best_of_block.begin(), kth,
                   best_of_block.begin() + static_cast<std::ptrdiff_t>(count), std::greater<>());
  return std::max(kLowest, *kth);
}

// The same of the scores themselves.
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
  return LeastOfBlocks(std::move(best_of_block), k);
}

// Calls visit(i) for each of `scores` that is `least` or more.
template <typename Number, typename Visit>
void ForEachFrom(Number least, std::span<const Number> scores, const Visit& visit) {
  constexpr std::size_t kBlock = 64;
  for (std::size_t begin = 0; begin < scores.size(); begin += kBlock) {
    const std::size_t end = std::min(begin + kBlock, scores.size());
    std::uint32_t num_good = 0;  // Counted, so that the compiler compares many at once.
    for (std::size_t i = begin; i < end; ++i) num_good += scores[i] >= least ? 1U : 0U;
    if (num_good == 0) continue;
    for (std::size_t i = begin; i < end; ++i) {
      if (scores[i] >= least) visit(i);
    }
  }
}

}  // namespace vitrine
