#include <utility>

#include "training/epochs.h"
#include "training/gan_cf_learner.h"
#include "training/pair_weights.h"
#include "training/trainers.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/models/model_kinds.h"

namespace vitrine {
namespace {

constexpr std::string_view kName = "gan_cf";

Settings Defaults() {
  return {{"hidden", "128"},
          {"judge_hidden", "32"},
          {"epochs", "30"},
          {"batch", "256"},
          {"negatives", "2048"},
          {"popularity_power", "0"},
          {"target_share", "0.5"},
          {"adversary_weight", "0.1"},
          {"masked_zeros", "32"},
          {"learning_rate", "0.005"},
          {"judge_learning_rate", "0.001"},
          {"weight_decay", "0"},
          {"start_epochs", "2"},
          {"patience", "5"},
          {"held_out_share", "0.1"},
          {"seed", "1"},
          {"weighting", "binary"},
          {"context_weight", "3"}};
}

absl::StatusOr<Model> Train(const Dataset& dataset, const Settings& settings,
                            const TrainingContext& context) {
  SettingReader reader(kName, Defaults(), settings);
  GanCfLearning learning;
  learning.hidden = reader.Count("hidden", 1, 4096);
  learning.judge_hidden = reader.Count("judge_hidden", 1, 4096);
  learning.epochs = reader.Count("epochs", 1, 10'000);
  learning.batch = reader.Count("batch", 1, 1'000'000);
  learning.pool_size = reader.Count("negatives", 1, 1'000'000);
  learning.popularity_power = reader.Number("popularity_power", 0, 2);
  learning.target_share = reader.Number("target_share", 0, 1);
  learning.adversary_weight = reader.Number("adversary_weight", 0, 1000);
  learning.masked_zeros = reader.Count("masked_zeros", 0, 100'000);
  learning.learning_rate = reader.Number("learning_rate", 1e-9, 10);
  learning.judge_learning_rate = reader.Number("judge_learning_rate", 1e-9, 10);
  learning.decay = reader.Number("weight_decay", 0, 100);
  learning.start_epochs = reader.Count("start_epochs", 0, 1000);
  learning.patience = reader.Count("patience", 0, 100'000);
  HoldOutOptions holding;
  holding.share = reader.Number("held_out_share", 0, 1);
  holding.seed = learning.seed = reader.Count("seed", 0, 1'000'000'000);
  const TouchWeights touch_weights = ReadTouchWeights(reader, dataset);
  VITRINE_RETURN_IF_ERROR(reader.status());

  if (IsCancelled(context)) return Cancelled(kName);
  ReportProgress(context, 0);
  const HeldOutLikes likes =
      HoldOutLast(dataset, LikedPairWeights(dataset, touch_weights), holding);
  const TrainingContext own = ForNetworks(context, kName, dataset.fingerprint, reader.complete());
  VITRINE_ASSIGN_OR_RETURN(GanCfWeights learned, LearnGanCf(likes, learning, kName, own));
  ReportProgress(context, 1);
  VITRINE_ASSIGN_OR_RETURN(const auto scorer, GanCf::Create(std::move(learned), touch_weights));
  Model model = MakeModel(scorer);
  model.settings = reader.complete();
  return model;
}

}  // namespace

Trainer GanCfTrainer() {
  return {.name = kName,
          .description = "a generator of what a shopper would touch, trained against an adversary",
          .defaults = Defaults(),
          .ranges = {WholeBetween("epochs", 10, 80), BetweenLog("learning_rate", 5e-4, 0.02),
                     Between("target_share", 0.2, 0.8), BetweenLog("adversary_weight", 0.01, 2),
                     BetweenLog("weight_decay", 1e-4, 1)},
          .learns_by_epochs = true,
          .train = &Train};
}

}  // namespace vitrine
