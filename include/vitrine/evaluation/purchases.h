#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/evaluation/comparison.h"
#include "vitrine/evaluation/ratings.h"
#include "vitrine/math/classification_metrics.h"
#include "vitrine/training/purchase_training.h"

namespace vitrine {

// One fold, predicted by what was learned from the others.
struct PurchaseFold {
  ClassificationMetrics metrics{};  // Its confusion matrix: at one half.
  double chosen_threshold = 0;      // Of the largest F1 on the rows learned from.
  ConfusionMatrix at_chosen{};
};

struct PurchaseMeasures {
  Settings settings{};
  std::vector<PurchaseFold> folds{};
  ClassificationMetrics pooled{};        // Over all rows, each predicted once; at one half.
  std::vector<ThresholdRates> curve{};   // Of the same.
  std::vector<double> probabilities{};   // [rows]
  std::vector<std::uint32_t> fold_of{};  // [rows]
  double train_seconds = 0;              // Of all folds.
};

// Cross-validates the purchase predictor: stratified folds; pipeline, networks and threshold come
// from the rows of the other folds alone. Errors: those of TrainPurchasePredictor;
// INVALID_ARGUMENT fewer rows of a label than folds.
absl::StatusOr<PurchaseMeasures> MeasurePurchases(const FeatureTable& table, std::string_view label,
                                                  const Settings& settings,
                                                  const FoldOptions& folds,
                                                  const TrainingContext& context,
                                                  const StageReport& report);

}  // namespace vitrine
