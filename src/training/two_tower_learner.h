#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "training/two_tower_data.h"
#include "vitrine/training/trainer.h"

namespace vitrine {

// What a step's logits are over.
enum class TowerSoftmax {
  kFull,     // All items.
  kSampled,  // The batch's targets and items drawn evenly, the odds of being there taken off.
  kInBatch,  // The batch's targets alone, the same.
};

struct TwoTowerLearning {
  double dropout = 0.3;          // Of the inputs of both towers.
  double id_dropout = 0.5;       // Items of a step that have features and go without their id.
  double feature_dropout = 0.2;  // Features of an item that are left out of a step.
  std::size_t epochs = 40;       // At most.
  std::size_t batch = 128;       // Shoppers of a step.
  double learning_rate = 8e-3;   // Of the first step; falls along half a cosine.
  double weight_decay = 0.01;    // Times the rate, off each weight in a step.
  TowerSoftmax softmax = TowerSoftmax::kFull;
  std::size_t negatives = 2048;  // Of kSampled, drawn for a step.
  std::size_t patience = 10;     // Epochs without a better validation that are borne.
  TowerSplit split = TowerSplit::kBoth;
  std::uint64_t seed = 1;
};

// Both towers, trained to find what else a shopper likes. `features` of all items of the data set;
// `table` has shape and history options, and gets the rest. Reports progress up to 1. Errors:
// CANCELLED; INTERNAL where the loss is no longer finite.
absl::Status LearnTwoTower(const Dataset& dataset, const TowerExamples& examples,
                           const OwnedBags& features, const TwoTowerLearning& learning,
                           const TrainingContext& context, TwoTowerTable& table);

}  // namespace vitrine
