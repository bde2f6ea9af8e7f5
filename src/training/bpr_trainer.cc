#include "training/bpr_trainer.h"

#include <cmath>
#include <utility>

#include "training/pair_weights.h"
#include "training/trainers.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/models/model_kinds.h"
#include "vitrine/scorers/collaborative/ials.h"
#include "vitrine/scorers/collaborative/trained_users.h"

namespace vitrine {
namespace {

constexpr std::string_view kName = "bpr";

Settings Defaults() {
  return {{"dimensions", "128"},    {"epochs", "30"},
          {"negatives", "500"},     {"popularity_power", "0"},
          {"draws", "4"},           {"hardest_of", "16"},
          {"decay", "0.04"},        {"learning_rate", "0.01"},
          {"start_epochs", "2"},    {"seed", "1"},
          {"fold_in_lambda", "10"}, {"fold_in_unobserved", "0.003"},
          {"weighting", "binary"},  {"context_weight", "3"}};
}

absl::StatusOr<Model> Train(const Dataset& dataset, const Settings& settings,
                            const TrainingContext& context) {
  SettingReader reader(kName, Defaults(), settings);
  FactorSgd training = ReadFactorSgd(reader);
  training.decay = reader.Number("decay", 0, 1e6);
  BprDraws draws;
  draws.number = reader.Count("draws", 1, 10'000);
  draws.hardest_of = reader.Count("hardest_of", 1, 10'000);
  IalsOptions fold_in{.nu = 0};
  fold_in.lambda = static_cast<float>(reader.Number("fold_in_lambda", 1e-9, 1e9));
  fold_in.unobserved_weight = static_cast<float>(reader.Number("fold_in_unobserved", 1e-9, 1e9));
  fold_in.touch_weights = ReadTouchWeights(reader, dataset);
  VITRINE_RETURN_IF_ERROR(reader.status());

  const CsrMatrix weights = LikedPairWeights(dataset, fold_in.touch_weights);
  VITRINE_ASSIGN_OR_RETURN(UserItemFactors factors,
                           TrainBySgd(weights, training, MakeBprLoss(draws), kName, context));
  VITRINE_ASSIGN_OR_RETURN(const auto scorer, Ials::Create(factors.items, fold_in, kName));
  Model model = MakeModel(scorer);
  model.as_paper = MakeTrainedUsers(kName, std::move(factors.users), std::move(factors.items));
  model.settings = reader.complete();
  return model;
}

// The place of the highest of `num_draws` scores, drawn evenly.
std::size_t Hardest(std::span<const float> scores, std::size_t num_draws, Random& random) {
  std::size_t hardest = random.Below(scores.size());
  for (std::size_t draw = 1; draw < num_draws; ++draw) {
    const std::size_t place = random.Below(scores.size());
    if (scores[place] > scores[hardest]) hardest = place;
  }
  return hardest;
}

}  // namespace

SgdLoss MakeBprLoss(const BprDraws& draws) {
  return [draws](const SgdScores& scores, const SgdGradients& gradients, Random& random) {
    double sum = 0;
    for (std::size_t i = 0; i < scores.liked.size(); ++i) {
      const float of_draw = scores.weights[i] / static_cast<float>(draws.number);
      for (std::size_t draw = 0; draw < draws.number; ++draw) {
        const std::size_t j = Hardest(scores.pool, draws.hardest_of, random);
        const float lead = scores.liked[i] - scores.pool[j];
        if (!std::isfinite(lead)) continue;
        const float slope = of_draw / (1 + std::exp(lead));
        sum += of_draw * (std::log1p(std::exp(-std::abs(lead))) + std::max(0.0F, -lead));
        gradients.liked[i] -= slope;
        gradients.pool[j] += slope;
      }
    }
    return sum;
  };
}

Trainer BprTrainer() {
  return {.name = kName,
          .description = "factors that rank what a shopper likes above what others like",
          .defaults = Defaults(),
          .ranges = {WholeBetween("epochs", 10, 60), BetweenLog("learning_rate", 1e-3, 0.1),
                     BetweenLog("decay", 1e-4, 1), WholeBetween("hardest_of", 1, 32),
                     BetweenLog("fold_in_lambda", 0.1, 100)},
          .train = &Train};
}

}  // namespace vitrine
