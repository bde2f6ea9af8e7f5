#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "vitrine/nn/safetensors.h"

namespace vitrine {

// The numbers that a scorer learned, named and shaped as PyTorch's layers have theirs; docs/nn.md
// lists them. S: DeepRanker, GanCf, Ials, MeanFactors, NeuralCf, NextItem, RatingMf,
// SessionPredictor or TwoTower.
template <typename S>
nn::TensorFile WeightsOf(const S& scorer);

// A scorer with these numbers in the place of its own, the rest as it is.
// REQUIRES: names and shapes are those of WeightsOf(scorer)
// Errors: INVALID_ARGUMENT numbers that no such scorer can have.
template <typename S>
absl::StatusOr<std::shared_ptr<const S>> WithWeights(const S& scorer, const nn::TensorFile& file);

}  // namespace vitrine
