#include "training/mf_contrastive_trainer.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "training/mean_sgd.h"
#include "training/pair_weights.h"
#include "training/trainers.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/math/unit_rows.h"
#include "vitrine/models/model_kinds.h"
#include "vitrine/scorers/collaborative/mean_factors.h"

namespace vitrine {
namespace {

constexpr std::string_view kName = "mf_contrastive";

Settings Defaults() {
  return {{"dimensions", "192"},     {"epochs", "60"},       {"negatives", "2000"},
          {"popularity_power", "0"}, {"margin", "0.6"},      {"negative_weight", "auto"},
          {"learning_rate", "0.02"}, {"start_epochs", "2"},  {"seed", "1"},
          {"weighting", "binary"},   {"context_weight", "3"}};
}

// An item counts as much among the negatives whatever the size of the shop: 1/200 of a liked pair
// was best for 3,400 items and for 41,000 alike, while the best weight of all together was ten
// times as large for the latter.
constexpr double kWeightOfItem = 0.005;

double UsualNegativeWeight(const CsrMatrix& weights) {
  std::vector<bool> is_liked(weights.num_cols, false);
  for (const std::uint32_t item : weights.column) is_liked[item] = true;
  return kWeightOfItem * static_cast<double>(std::count(is_liked.begin(), is_liked.end(), true));
}

absl::StatusOr<Model> Train(const Dataset& dataset, const Settings& settings,
                            const TrainingContext& context) {
  SettingReader reader(kName, Defaults(), settings);
  const FactorSgd training = ReadFactorSgd(reader);
  const TouchWeights touch_weights = ReadTouchWeights(reader, dataset);
  const CsrMatrix weights = LikedPairWeights(dataset, touch_weights);
  const ContrastiveLoss loss = ReadContrastiveLoss(reader, weights);
  VITRINE_RETURN_IF_ERROR(reader.status());

  VITRINE_ASSIGN_OR_RETURN(
      Matrix items, TrainMeansBySgd(weights, training, MakeContrastiveLoss(loss), kName, context));
  NormalizeRows(items);
  VITRINE_ASSIGN_OR_RETURN(const auto scorer,
                           MeanFactors::Create(kName, std::move(items), touch_weights));
  Model model = MakeModel(scorer);
  model.settings = reader.complete();
  return model;
}

}  // namespace

ContrastiveLoss ReadContrastiveLoss(SettingReader& reader, const CsrMatrix& weights) {
  ContrastiveLoss loss;
  loss.margin = reader.Number("margin", 0, 1);
  loss.negative_weight = reader.IsAuto("negative_weight")
                             ? UsualNegativeWeight(weights)
                             : reader.Number("negative_weight", 0, 1e9);
  return loss;
}

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
          .ranges = {WholeBetween("epochs", 10, 120), BetweenLog("learning_rate", 1e-3, 0.1),
                     Between("margin", 0, 0.9), BetweenLog("negative_weight", 1, 1000)},
          .train = &Train};
}

}  // namespace vitrine
