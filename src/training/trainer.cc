#include "vitrine/training/trainer.h"

#include <string>
#include <utility>

#include "training/deep_ranker_learner.h"
#include "training/trainers.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/models/model_name.h"

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
  const std::string_view kind = KindOf(name);
  for (const Trainer& trainer : Trainers()) {
    if (trainer.name == kind) return &trainer;
  }
  return nullptr;
}

absl::StatusOr<Model> TrainModel(std::string_view name, const Dataset& dataset,
                                 const Settings& settings, TrainingContext context) {
  const Trainer* trainer = FindTrainer(name);
  if (trainer == nullptr) {
    std::vector<std::string> kinds;
    for (const Trainer& each : Trainers()) kinds.emplace_back(each.name);
    return absl::InvalidArgumentError("nobody trains it; " + AllowedModels(name, kinds));
  }
  context.name = name;
  VITRINE_ASSIGN_OR_RETURN(Model model, trainer->train(dataset, settings, context));
  model.name = std::string(name);
  return model;
}

const Model* LiveModel(const TrainingContext& context, std::string_view kind) {
  if (context.live == nullptr) return nullptr;
  for (const Model& model : context.live->models) {
    if (model.kind == kind && model.name == TrainedName(context, kind)) return &model;
  }
  return nullptr;
}

bool EndsAllTraining(const absl::Status& status) {
  return absl::IsCancelled(status) || absl::IsDataLoss(status) || absl::IsUnavailable(status);
}

}  // namespace vitrine
