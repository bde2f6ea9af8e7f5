#include <algorithm>
#include <utility>

#include "training/epochs.h"
#include "training/neural_cf_learner.h"
#include "training/pair_weights.h"
#include "training/trainers.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/models/model_kinds.h"

namespace vitrine {
namespace {

constexpr std::string_view kName = "neural_cf";

// Pairs of a shopper and an item that a validation goes through the network with: in a large
// catalogue fewer shoppers are held out, as it would cost more than the epoch.
constexpr std::size_t kMostPairs = 10'000'000;
constexpr std::size_t kFewestHeldOut = 100;

Settings Defaults() {
  return {{"factors", "64"},          {"hidden", "32"},          {"second_hidden", "16"},
          {"epochs", "15"},           {"pretrain_epochs", "5"},  {"batch", "256"},
          {"negatives", "512"},       {"popularity_power", "0"}, {"target_share", "0.3"},
          {"learning_rate", "0.005"}, {"weight_decay", "0"},     {"start_epochs", "2"},
          {"patience", "5"},          {"held_out_share", "0"},   {"seed", "1"},
          {"weighting", "binary"},    {"context_weight", "3"}};
}

absl::StatusOr<Model> Train(const Dataset& dataset, const Settings& settings,
                            const TrainingContext& context) {
  SettingReader reader(kName, Defaults(), settings);
  NeuralCfLearning learning;
  learning.factors = reader.Count("factors", 1, 4096);
  learning.hidden = reader.Count("hidden", 1, 1024);
  learning.second = reader.Count("second_hidden", 1, 1024);
  learning.epochs = reader.Count("epochs", 1, 10'000);
  learning.pretrain_epochs = reader.Count("pretrain_epochs", 0, 10'000);
  learning.batch = reader.Count("batch", 1, 1'000'000);
  learning.pool_size = reader.Count("negatives", 1, 1'000'000);
  learning.popularity_power = reader.Number("popularity_power", 0, 2);
  learning.target_share = reader.Number("target_share", 0, 1);
  learning.learning_rate = reader.Number("learning_rate", 1e-9, 10);
  learning.decay = reader.Number("weight_decay", 0, 100);
  learning.start_epochs = reader.Count("start_epochs", 0, 1000);
  learning.patience = reader.Count("patience", 0, 100'000);
  HoldOutOptions holding;
  holding.share = reader.Number("held_out_share", 0, 1);
  holding.most = std::clamp(kMostPairs / std::max<std::size_t>(dataset.num_items(), 1),
                            kFewestHeldOut, holding.most);
  holding.seed = learning.seed = reader.Count("seed", 0, 1'000'000'000);
  const TouchWeights touch_weights = ReadTouchWeights(reader, dataset);
  VITRINE_RETURN_IF_ERROR(reader.status());

  if (IsCancelled(context)) return Cancelled(kName);
  ReportProgress(context, 0);
  const HeldOutLikes likes =
      HoldOutLast(dataset, LikedPairWeights(dataset, touch_weights), holding);
  const TrainingContext own = ForNetworks(context, kName, dataset.fingerprint, reader.complete());
  VITRINE_ASSIGN_OR_RETURN(NeuralCfWeights learned, LearnNeuralCf(likes, learning, kName, own));
  ReportProgress(context, 1);
  VITRINE_ASSIGN_OR_RETURN(const auto scorer, NeuralCf::Create(std::move(learned), touch_weights));
  Model model = MakeModel(scorer);
  model.settings = reader.complete();
  return model;
}

}  // namespace

Trainer NeuralCfTrainer() {
  return {.name = kName,
          .description = "inner product and network over shopper and item (NeuMF)",
          .defaults = Defaults(),
          .ranges = {WholeBetween("epochs", 5, 60), WholeBetween("pretrain_epochs", 0, 20),
                     BetweenLog("learning_rate", 5e-4, 0.02), Between("target_share", 0.1, 0.7),
                     BetweenLog("weight_decay", 1e-4, 1)},
          .learns_by_epochs = true,
          .train = &Train};
}

}  // namespace vitrine
