#pragma once

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

inline absl::Status Cancelled(std::string_view trainer) {
  return absl::CancelledError(std::string(trainer) + " training was cancelled");
}

}  // namespace vitrine
