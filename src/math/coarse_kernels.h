#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "vitrine/math/coarse_rows.h"

namespace vitrine {

// Sets sums[16 g + r] to the sum of (value - 128) * vector over the numbers of row r of group g,
// modulo 2^32. `chunks`: those of each group in turn, as many as vector.high has fours.
using CoarseKernel = void (*)(std::span<const CoarseChunk> chunks, const CoarseVector& vector,
                              std::span<std::int32_t> sums);

// One way to multiply. All give the same numbers.
struct NamedKernel {
  const char* name;
  CoarseKernel kernel;
  bool (*runs_here)();
};

// The fastest first; the last runs everywhere.
std::span<const NamedKernel> CoarseKernels();

// The fastest that runs here.
CoarseKernel BestCoarseKernel();

}  // namespace vitrine
