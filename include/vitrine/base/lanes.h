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

// choose(a, b) of all lanes, where it takes one of each two lanes: halves are held against each
// other.
template <typename Choose>
float ChooseOfAll(Lanes lanes, const Choose& choose) {
#ifdef __AVX__
  lanes = choose(lanes, __builtin_shufflevector(lanes, lanes, 4, 5, 6, 7, 0, 1, 2, 3));
  lanes = choose(lanes, __builtin_shufflevector(lanes, lanes, 2, 3, 0, 1, 6, 7, 4, 5));
  lanes = choose(lanes, __builtin_shufflevector(lanes, lanes, 1, 0, 3, 2, 5, 4, 7, 6));
#else
  lanes = choose(lanes, __builtin_shufflevector(lanes, lanes, 2, 3, 0, 1));
  lanes = choose(lanes, __builtin_shufflevector(lanes, lanes, 1, 0, 3, 2));
#endif
  return lanes[0];
}

// The largest, the smallest of the lanes.
inline float Largest(const Lanes& lanes) { return ChooseOfAll(lanes, Larger); }
inline float Smallest(const Lanes& lanes) { return ChooseOfAll(lanes, Smaller); }

}  // namespace vitrine
