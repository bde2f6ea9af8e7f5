#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/evaluation/split.h"
#include "vitrine/evaluation/summary.h"
#include "vitrine/feature_store/dataset.h"
#include "vitrine/training/trainer.h"

namespace vitrine {

// Which items are new, and to what.
struct ColdItemsOptions {
  double share = 0.1;       // Of the items that are described and liked by someone.
  std::uint64_t seed = 1;   // Draws them.
  Part part = Part::kTest;  // kValidation: drawn among what the test part of the same seed leaves.
};

// Items that nobody has touched yet, as a shop sees them on the day that it lists them.
struct ColdItems {
  // Trains on every interaction with other items. A case for each user who liked cold items and
  // touched others, shown all of those others; the cold items alone are candidates. Their texts are
  // in the catalogue that training sees, as in a shop; in a validation part those of the test part
  // are not.
  Split split{};
  std::vector<std::uint32_t> user{};  // By row of the train part: the row of the data set.
  std::size_t num_cold = 0;
};

// The same for the same data and options. No cases where there are too few items.
ColdItems HoldOutColdItems(const Dataset& dataset, const ColdItemsOptions& options);

// A trainer by name, and what it is told.
struct ColdScorer {
  std::string name{};
  Settings settings{};
};

struct ColdComparisonOptions {
  ColdItemsOptions items{};   // The first seed.
  std::size_t num_seeds = 5;  // That one and those after it.
  std::vector<std::size_t> cutoffs = {20};
  ResamplingOptions resampling{};
};

// What the scorers reached with one drawing of cold items.
struct ColdSeed {
  std::uint64_t seed = 0;
  std::size_t num_cold = 0;
  std::size_t num_cases = 0;
  std::vector<std::map<std::string, double>> means{};  // By scorer, by metric as in "ndcg@20".
};

struct ColdComparison {
  std::vector<ColdScorer> scorers{};  // Settings complete.
  std::vector<ColdSeed> seeds{};
  std::vector<std::map<std::string, double>> means{};  // By scorer: over the cases of all seeds.
  // The first scorer minus the second, over the cases of all seeds; a user's cases are one unit,
  // whatever the seed. Empty for a single scorer.
  std::map<std::string, Difference> differences{};
};

// Trains each of `scorers` (one or two) with each seed and ranks the cold items for those who liked
// some of them. Calls report(stage, fraction), which may be empty. Errors: INVALID_ARGUMENT no such
// trainer; FAILED_PRECONDITION nothing to test on; those of the trainers; CANCELLED.
absl::StatusOr<ColdComparison> CompareOnColdItems(
    const Dataset& dataset, std::span<const ColdScorer> scorers,
    const ColdComparisonOptions& options, const TrainingContext& context,
    const std::function<void(std::string_view stage, double fraction)>& report);

}  // namespace vitrine
