#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

namespace vitrine {

// Seeded random numbers that are the same on every machine and compiler, which the distributions of
// <random> are not. xoshiro256++ (Blackman, Vigna, 2019), seeded by splitmix64. Not thread-safe;
// give each shard of a parallel job its own, seeded with (seed, shard).
class Random {
 public:
  explicit Random(std::uint64_t seed, std::uint64_t stream = 0);

  std::uint64_t NextBits();

  // Uniform in [0, bound), without bias. REQUIRES: bound > 0
  std::uint64_t Below(std::uint64_t bound);

  // Uniform in [0, 1), 53 bits.
  double Uniform();

  // Standard normal (Marsaglia's polar method).
  double Normal();

  // Exponential with mean 1.
  double Exponential();

  template <typename T>
  void Shuffle(std::vector<T>& values) {
    for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[Below(i)]);
  }

 private:
  std::array<std::uint64_t, 4> state_;
};

}  // namespace vitrine
