#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "vitrine/base/matrix.h"
#include "vitrine/math/gram.h"
#include "vitrine/math/sparse.h"
#include "vitrine/scorers/collaborative/ials.h"
#include "vitrine/training/trainer.h"

namespace vitrine {

enum class IalsSolver {
  kCholesky,            // The exact minimum of every half-step.
  kConjugateGradients,  // A few steps from the last epoch's factors: Takacs, Pilaszy, Tikk, 2011.
  kBlocks,  // Exact in a block of dimensions at a time, from there: iALS++, Rendle et al., 2021.
};

struct IalsTraining {
  std::size_t dimensions = 64;
  std::size_t epochs = 8;  // One is a user half-step, then an item half-step.
  IalsSolver solver = IalsSolver::kCholesky;
  std::size_t gradient_steps = 3;  // Of kConjugateGradients, per row and half-step.
  std::size_t block_size = 32;     // Of kBlocks; each half-step is one sweep over the blocks.
  std::uint64_t seed = 1;          // Of the first item factors: normal, deviation 0.1 / sqrt(d).
  IalsOptions options{};
};

// The weight of a pair that was never observed where the settings do not say: 600 / touched items,
// between 0.001 and 0.5.
float UsualUnobservedWeight(const CsrMatrix& weights);

// One half-step: new factors [rows of `weights` x d] in the basis of `others`, whose factors stay
// as they are. `start` (same shape, same basis) is where gradients and blocks begin.
// Rows without weights become zero; all do where every row of `others` is. Bits do not depend on
// the threads of `pool`.
Matrix IalsHalfStep(const CsrMatrix& weights, const RotatedFactors& others, const Matrix& start,
                    const IalsTraining& training, const TrainingContext& context);

// Random factors for the items [columns of `weights` x d] that anybody touched, zero for the
// others.
Matrix FirstIalsFactors(const CsrMatrix& weights, const IalsTraining& training);

// `known` [at most as many rows as `weights` has columns x d] with a row for every item: what is
// known stays, in another basis; an item that is new (absent, or zero) and was touched gets the
// exact item half-step, its shoppers' vectors being folded in from the other items that they
// touched; what nobody touches any more is zero. So a new item is learned from co-occurring items
// in one pass, without moving any other.
Matrix WithNewIalsItems(const CsrMatrix& weights, const Matrix& known, const IalsTraining& training,
                        const TrainingContext& context);

// Item factors [columns of `weights` x d] after all epochs, from `first` of the same shape.
absl::StatusOr<Matrix> ContinueIalsFactors(const CsrMatrix& weights, Matrix first,
                                           const IalsTraining& training,
                                           const TrainingContext& context);

// The same from FirstIalsFactors. `weights` [users x items], below 0 for
// dislikes. Errors: CANCELLED.
absl::StatusOr<Matrix> TrainIalsFactors(const CsrMatrix& weights, const IalsTraining& training,
                                        const TrainingContext& context);

}  // namespace vitrine
