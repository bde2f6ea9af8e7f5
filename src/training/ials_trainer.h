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
};

struct IalsTraining {
  std::size_t dimensions = 64;
  std::size_t epochs = 8;  // One is a user half-step, then an item half-step.
  IalsSolver solver = IalsSolver::kCholesky;
  std::size_t gradient_steps = 3;  // Of kConjugateGradients, per row and half-step.
  std::uint64_t seed = 1;          // Of the first item factors: normal, deviation 0.1 / sqrt(d).
  IalsOptions options{};
};

// One half-step: new factors [rows of `weights` x d] in the basis of `others`, whose factors stay
// as they are. `start` (same shape, same basis) is where the gradients begin; not used otherwise.
// Rows without weights become zero. Bits do not depend on the threads of `pool`.
Matrix IalsHalfStep(const CsrMatrix& weights, const RotatedFactors& others, const Matrix& start,
                    const IalsTraining& training, const TrainingContext& context);

// Item factors [columns of `weights` x d] after all epochs. `weights` [users x items], below 0 for
// dislikes. Errors: CANCELLED.
absl::StatusOr<Matrix> TrainIalsFactors(const CsrMatrix& weights, const IalsTraining& training,
                                        const TrainingContext& context);

}  // namespace vitrine
