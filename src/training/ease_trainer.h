#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/math/sparse.h"
#include "vitrine/training/trainer.h"

namespace vitrine {

// The weights that EASE learns, for the items that anybody touched.
struct EaseWeights {
  std::vector<std::uint32_t> items{};  // [m] The touched items, ascending.
  Matrix weights{};                    // [m x m] Row j: how much items[j] speaks for each.
};

// What EaseMatrix holds at most for `num_items` touched items, beside its input.
std::uint64_t EaseMemoryBytes(std::size_t num_items);

// Of `interactions` X [users x items] the item-to-item weights B that minimise
//
//   |X - X B|^2 + lambda |B|^2     with a diagonal of zeros
//
// in closed form: with P = (X'X + lambda I)^-1, B_ij = -P_ij / P_jj. m^3 / 2 multiply-adds on
// context.pool, whose threads change no bit. Source: Steck, "Embarrassingly shallow autoencoders
// for sparse data", WWW 2019, equation 8. Errors: RESOURCE_EXHAUSTED, before it starts, it wants
// more memory than `available_bytes`; INVALID_ARGUMENT lambda is too small for floats; CANCELLED.
absl::StatusOr<EaseWeights> EaseMatrix(const CsrMatrix& interactions, double lambda,
                                       std::uint64_t available_bytes,
                                       const TrainingContext& context);

}  // namespace vitrine
