#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/scorers/dnn/purchase_predictor.h"
#include "vitrine/training/trainer.h"

namespace vitrine {

// The settings of the purchase predictor, with their defaults.
Settings PurchaseDefaults();

// 1 or 0 for each row. Yes and no are 1 and 0, true and false or yes and no, in any case. Errors:
// NOT_FOUND no such column; INVALID_ARGUMENT a value that is neither or is missing, with its row;
// all rows are the same.
absl::StatusOr<std::vector<std::uint8_t>> BinaryLabels(const FeatureTable& table,
                                                       std::string_view label);

// How a table's columns are made into numbers around 0: texts by a column for each value that is
// frequent enough; numbers by ln(1 + |x|) with their sign, to mean 0 and deviation 1; missing ones
// by the median, and marked. A column without any value says nothing and is dropped. Errors:
// INVALID_ARGUMENT no column with a value but the label.
absl::StatusOr<PipelineSettings> PurchasePipeline(const FeatureTable& table,
                                                  std::string_view label);

// Learns to predict the column `label` of `table` from its others. The pipeline is fitted on these
// rows alone. Errors: those of BinaryLabels and PurchasePipeline; INVALID_ARGUMENT an unknown
// setting or a bad value; INTERNAL the training does not stay finite; CANCELLED.
absl::StatusOr<std::shared_ptr<const PurchasePredictor>> TrainPurchasePredictor(
    const FeatureTable& table, std::string_view label, const Settings& settings,
    const TrainingContext& context);

}  // namespace vitrine
