#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"

namespace vitrine {

// The fold, from 0 to num_folds - 1, of each case. Stratified: folds differ by at most one case of
// each kind, and in size. The same for the same seed. Errors: INVALID_ARGUMENT unless there are at
// least two folds and a case of each kind for every fold.
absl::StatusOr<std::vector<std::uint32_t>> StratifiedFolds(
    std::span<const std::uint8_t> is_positive, std::size_t num_folds, std::uint64_t seed);

// Learns from some cases and returns a probability for each held out one, in their order.
using FitAndPredict = std::function<absl::StatusOr<std::vector<double>>(
    std::span<const std::uint32_t> learn_from, std::span<const std::uint32_t> held_out)>;

// k-fold cross-validation: for each case the probability that a model gives it which has not seen
// it. `fold_of` as StratifiedFolds returns it. Errors: those of `fit`; INTERNAL where it returns
// another number of probabilities than it was asked for.
absl::StatusOr<std::vector<double>> CrossValidate(std::span<const std::uint32_t> fold_of,
                                                  std::size_t num_folds, const FitAndPredict& fit);

}  // namespace vitrine
