#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/feature_store/dataset.h"
#include "vitrine/training/trainer.h"

namespace vitrine {

// What DeepRanker knows of items, as of dataset.now_us or the latest interaction, if that is
// earlier [num_items x kNumItemFacts]; and of an item that nobody touched [1 x the same].
Matrix ItemFacts(const Dataset& dataset);
Matrix UnknownItemFacts();

struct RankerDataOptions {
  std::vector<std::string> scorers{};  // Trainers, by name.
  std::size_t num_candidates = 300;    // A shopper.
  double asked_share = 0.2;            // Of the interactions, the latest: what is to be foreseen.
};

// Shoppers' candidates as they would have been at a moment, and what the shoppers then wanted.
struct RankerData {
  std::vector<std::size_t> begin = {0};   // [shoppers + 1] Rows of a shopper's candidates.
  Matrix features{};                      // [rows x features] As RankerFeatures has them.
  std::vector<std::uint8_t> is_wanted{};  // [rows]

  std::size_t num_shoppers() const { return begin.size() - 1; }
};

// Trains the scorers on what came first, and asks them for each shopper who then liked items that
// he had not touched. Candidates are the best of the mean of the scorers' scores, each by its best;
// what of these the shopper did not want is a negative. Shoppers of whom no candidate was wanted
// are left out. Without times the latest interactions are those that are listed last. Errors: those
// of the trainers; INVALID_ARGUMENT a scorer that there is not; CANCELLED.
absl::StatusOr<RankerData> RankerDataOf(const Dataset& dataset, const RankerDataOptions& options,
                                        const TrainingContext& context);

}  // namespace vitrine
