#include "vitrine/training/trainer.h"

#include "training/deep_ranker_learner.h"
#include "training/trainers.h"

namespace vitrine {

const std::vector<Trainer>& Trainers() {
  static const auto* const trainers = new std::vector<Trainer>{BoughtTogetherTrainer(),
                                                               BprTrainer(),
                                                               ContentTrainer(),
                                                               DeepRankerTrainer(),
                                                               EaseTrainer(),
                                                               EaseSparseTrainer(),
                                                               GanCfTrainer(),
                                                               GraphFilterTrainer(),
                                                               IalsTrainer(),
                                                               ItemKnnTrainer(),
                                                               LightGcnTrainer(),
                                                               MfContrastiveTrainer(),
                                                               MostPopularTrainer(),
                                                               NeuralCfTrainer(),
                                                               RatingMfTrainer(),
                                                               RepeatPurchaseTrainer(),
                                                               Rp3betaTrainer(),
                                                               SequenceRnnTrainer(),
                                                               SequenceTransformerTrainer(),
                                                               SequentialRulesTrainer(),
                                                               SessionKnnTrainer(),
                                                               TwoTowerTrainer(),
                                                               UserKnnTrainer()};
  return *trainers;
}

const Trainer* FindTrainer(std::string_view name) {
  for (const Trainer& trainer : Trainers()) {
    if (trainer.name == name) return &trainer;
  }
  return nullptr;
}

bool EndsAllTraining(const absl::Status& status) {
  return absl::IsCancelled(status) || absl::IsDataLoss(status) || absl::IsUnavailable(status);
}

}  // namespace vitrine
