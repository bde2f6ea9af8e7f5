#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "cli/config.h"
#include "vitrine/evaluation/split.h"
#include "vitrine/training/trainer.h"

namespace vitrine::cli {

struct PurchaseEvaluation {
  std::string store{};
  std::string scorer{};  // Empty, or purchase_predictor.
  std::string cut{};     // Empty: the latest share of the events tests, as in the config.
  Part part{};           // kValidation: the same within what is before the cut.
  std::vector<std::string> set{};
  std::string curves{};  // A file for WriteCurves, or empty.
  bool is_json = false;
};

// `vitrine evaluate --protocol purchases`: learns a purchase predictor from what a store knew
// before a moment, and prints how well it foresees what came after. Errors, once that is printed:
// FAILED_PRECONDITION curves are asked for where neither forecast has both orders and none to be
// held against; those of WriteCurves.
absl::Status EvaluatePurchases(const PurchaseEvaluation& asked, const Config& config,
                               const TrainingContext& context);

}  // namespace vitrine::cli
