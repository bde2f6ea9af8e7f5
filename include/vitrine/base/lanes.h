#pragma once

#include <cstddef>
#include <cstring>

namespace vitrine {

// As many floats as the processor works on at once. For loops of which the compiler makes no vector
// code by itself; what GCC and Clang know as vector types has the operators of numbers, and ?: by
// lane.
#ifdef __AVX__
using Lanes = float __attribute__((vector_size(32)));
#else
using Lanes = float __attribute__((vector_size(16)));
#endif

inline constexpr std::size_t kLanes = sizeof(Lanes) / sizeof(float);

inline Lanes LoadLanes(const float* from) {
  Lanes lanes;
  std::memcpy(&lanes, from, sizeof(lanes));
  return lanes;
}

inline void StoreLanes(const Lanes& lanes, float* to) { std::memcpy(to, &lanes, sizeof(lanes)); }

inline Lanes AllLanes(float value) { return value - Lanes{}; }

inline Lanes Larger(const Lanes& a, const Lanes& b) { return a > b ? a : b; }
inline Lanes Smaller(const Lanes& a, const Lanes& b) { return a < b ? a : b; }

// The largest, the smallest of the lanes.
inline float Largest(const Lanes& lanes) {
  float largest = lanes[0];
  for (std::size_t i = 1; i < kLanes; ++i) largest = lanes[i] > largest ? lanes[i] : largest;
  return largest;
}
inline float Smallest(const Lanes& lanes) {
  float smallest = lanes[0];
  for (std::size_t i = 1; i < kLanes; ++i) smallest = lanes[i] < smallest ? lanes[i] : smallest;
  return smallest;
}

}  // namespace vitrine
