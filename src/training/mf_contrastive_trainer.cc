#include "training/mf_contrastive_trainer.h"

#include <numeric>
#include <utility>

#include "training/pair_weights.h"
#include "training/trainers.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/math/unit_rows.h"
#include "vitrine/models/model_kinds.h"
#include "vitrine/scorers/collaborative/mean_factors.h"
#include "vitrine/scorers/collaborative/trained_users.h"

namespace vitrine {
namespace {

constexpr std::string_view kName = "mf_contrastive";

Settings Defaults() {
  return {{"dimensions", "64"},      {"epochs", "30"},       {"negatives", "2000"},
          {"popularity_power", "0"}, {"margin", "0.6"},      {"negative_weight", "150"},
          {"learning_rate", "0.02"}, {"start_epochs", "2"},  {"seed", "1"},
          {"weighting", "binary"},   {"context_weight", "3"}};
}

absl::StatusOr<Model> Train(const Dataset& dataset, const Settings& settings,
                            const TrainingContext& context) {
  SettingReader reader(kName, Defaults(), settings);
  FactorSgd training = ReadFactorSgd(reader);
  training.is_cosine = true;
  ContrastiveLoss loss;
  loss.margin = reader.Number("margin", 0, 1);
  loss.negative_weight = reader.Number("negative_weight", 0, 1e9);
  const TouchWeights touch_weights = ReadTouchWeights(reader, dataset);
  VITRINE_RETURN_IF_ERROR(reader.status());

  const CsrMatrix weights = LikedPairWeights(dataset, touch_weights);
  VITRINE_ASSIGN_OR_RETURN(
      UserItemFactors factors,
      TrainBySgd(weights, training, MakeContrastiveLoss(loss), kName, context));
  VITRINE_ASSIGN_OR_RETURN(const auto scorer,
                           MeanFactors::Create(kName, std::move(factors.items), touch_weights));
  Model model = MakeModel(scorer);
  NormalizeRows(factors.users);
  model.as_paper = MakeTrainedUsers(kName, std::move(factors.users), scorer->item_factors());
  model.settings = reader.complete();
  return model;
}

}  // namespace

SgdLoss MakeContrastiveLoss(const ContrastiveLoss& loss) {
  return [loss](const SgdScores& scores, const SgdGradients& gradients, Random&) {
    double sum = 0;
    double total_weight = 0;
    for (std::size_t i = 0; i < scores.liked.size(); ++i) {
      sum += scores.weights[i] * (1 - scores.liked[i]);
      total_weight += scores.weights[i];
      gradients.liked[i] -= scores.weights[i];
    }
    const double of_negative =
        total_weight * loss.negative_weight / static_cast<double>(scores.pool.size());
    const auto margin = static_cast<float>(loss.margin);
    for (std::size_t j = 0; j < scores.pool.size(); ++j) {
      if (!(scores.pool[j] > margin)) continue;
      sum += of_negative * (scores.pool[j] - margin);
      gradients.pool[j] += static_cast<float>(of_negative);
    }
    return sum;
  };
}

Trainer MfContrastiveTrainer() {
  return {.name = kName,
          .description = "cosine factors, each shopper's likes against a thousand others",
          .defaults = Defaults(),
          .ranges = {WholeBetween("epochs", 10, 60), BetweenLog("learning_rate", 1e-3, 0.1),
                     Between("margin", 0, 0.9), BetweenLog("negative_weight", 1, 1000)},
          .train = &Train};
}

}  // namespace vitrine
