#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "vitrine/training/trainer.h"

namespace vitrine {

// The entries of Trainers(), each in a file of its own.
Trainer BoughtTogetherTrainer();
Trainer BprTrainer();
Trainer ContentTrainer();
Trainer EaseSparseTrainer();
Trainer EaseTrainer();
Trainer GanCfTrainer();
Trainer GraphFilterTrainer();
Trainer IalsTrainer();
Trainer ItemKnnTrainer();
Trainer LightGcnTrainer();
Trainer MfContrastiveTrainer();
Trainer MostPopularTrainer();
Trainer NeuralCfTrainer();
Trainer RatingMfTrainer();
Trainer RepeatPurchaseTrainer();
Trainer Rp3betaTrainer();
Trainer SequenceRnnTrainer();
Trainer SequenceTransformerTrainer();
Trainer SequentialRulesTrainer();
Trainer SessionKnnTrainer();
Trainer TwoTowerTrainer();
Trainer UserKnnTrainer();

inline void ReportProgress(const TrainingContext& context, double fraction) {
  if (context.progress) context.progress(fraction);
}

// What the model is to be called that is made now, a model of this kind.
inline std::string_view TrainedName(const TrainingContext& context, std::string_view kind) {
  return context.name.empty() ? kind : context.name;
}

// What is live of this kind under that name, or null.
const Model* LiveModel(const TrainingContext& context, std::string_view kind);

inline absl::Status Cancelled(std::string_view trainer) {
  return absl::CancelledError(std::string(trainer) + " training was cancelled");
}

}  // namespace vitrine
