#include "vitrine/math/folds.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/str_format.h"
#include "vitrine/base/random.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {

absl::StatusOr<std::vector<std::uint32_t>> StratifiedFolds(
    std::span<const std::uint8_t> is_positive, std::size_t num_folds, std::uint64_t seed) {
  const auto num_negatives =
      static_cast<std::size_t>(std::count(is_positive.begin(), is_positive.end(), 0));
  const std::size_t rarer = std::min(num_negatives, is_positive.size() - num_negatives);
  if (num_folds < 2 || rarer < num_folds) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d folds of %d cases, %d of the rarer kind; there must be at least two "
                        "folds, and no fewer cases of either kind than folds",
                        num_folds, is_positive.size(), rarer));
  }
  std::vector<std::uint32_t> order(is_positive.size());
  std::iota(order.begin(), order.end(), 0U);
  Random(seed).Shuffle(order);
  std::stable_partition(order.begin(), order.end(),
                        [&](std::uint32_t i) { return is_positive[i] == 0; });
  // Dealt like cards, on through both kinds.
  std::vector<std::uint32_t> fold_of(is_positive.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    fold_of[order[i]] = static_cast<std::uint32_t>(i % num_folds);
  }
  return fold_of;
}

absl::StatusOr<std::vector<double>> CrossValidate(std::span<const std::uint32_t> fold_of,
                                                  std::size_t num_folds, const FitAndPredict& fit) {
  std::vector<double> probabilities(fold_of.size());
  for (std::uint32_t fold = 0; fold < num_folds; ++fold) {
    std::vector<std::uint32_t> learn_from;
    std::vector<std::uint32_t> held_out;
    for (std::uint32_t i = 0; i < fold_of.size(); ++i) {
      (fold_of[i] == fold ? held_out : learn_from).push_back(i);
    }
    VITRINE_ASSIGN_OR_RETURN(const std::vector<double> predicted, fit(learn_from, held_out));
    if (predicted.size() != held_out.size()) {
      return absl::InternalError(absl::StrFormat("%d probabilities for %d cases of fold %d",
                                                 predicted.size(), held_out.size(), fold));
    }
    for (std::size_t i = 0; i < held_out.size(); ++i) probabilities[held_out[i]] = predicted[i];
  }
  return probabilities;
}

}  // namespace vitrine
