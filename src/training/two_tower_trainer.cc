#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "training/epochs.h"
#include "training/setting_reader.h"
#include "training/trainers.h"
#include "training/two_tower_data.h"
#include "training/two_tower_learner.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/models/model_kinds.h"
#include "vitrine/scorers/dnn/two_tower.h"

namespace vitrine {

namespace {

constexpr std::string_view kName = "two_tower";

// Of a larger catalogue a step's logits are too many.
constexpr std::size_t kMostItemsForFull = 10'000;

Settings Defaults() {
  return {{"dimensions", "64"},
          {"hidden", "128"},
          {"buckets", "16384"},
          {"min_items", "2"},
          {"use_ids", "true"},
          {"dropout", "0.3"},
          {"id_dropout", "0.5"},
          {"feature_dropout", "0.2"},
          {"epochs", "40"},
          {"batch", "128"},
          {"learning_rate", "0.008"},
          {"weight_decay", "0.01"},
          {"softmax", "auto"},
          {"negatives", "2048"},
          {"patience", "10"},
          {"held_out_share", "0.1"},
          {"split", "both"},
          {"weighting", "binary"},
          {"context_weight", "3"},
          {"half_life_days", "30"},
          {"target_half_life_days", "0"},
          {"profile_buckets", "1024"},
          {"min_shoppers", "5"},
          {"history_dropout", "0.1"},
          {"seed", "1"}};
}

TowerHistoryOptions ReadHistory(SettingReader& reader) {
  const std::string weighting = reader.Choice("weighting", {"linear", "log", "binary"});
  TowerHistoryOptions options;
  options.touch.weighting = weighting == "linear" ? Weighting::kLinear
                            : weighting == "log"  ? Weighting::kLogarithmic
                                                  : Weighting::kBinary;
  options.touch.context_weight = static_cast<float>(reader.Number("context_weight", 0, 1e6));
  options.half_life_days = reader.Number("half_life_days", 1e-3, 36'500);
  return options;
}

TwoTowerLearning ReadLearning(SettingReader& reader) {
  TwoTowerLearning learning;
  learning.dropout = reader.Number("dropout", 0, 0.95);
  learning.id_dropout = reader.Number("id_dropout", 0, 1);
  learning.feature_dropout = reader.Number("feature_dropout", 0, 0.95);
  learning.epochs = reader.Count("epochs", 1, 100'000);
  learning.batch = reader.Count("batch", 1, 1'000'000);
  learning.learning_rate = reader.Number("learning_rate", 1e-9, 10);
  learning.weight_decay = reader.Number("weight_decay", 0, 10);
  const std::string softmax = reader.Choice("softmax", {"auto", "full", "sampled", "in_batch"});
  learning.softmax = softmax == "sampled"    ? TowerSoftmax::kSampled
                     : softmax == "in_batch" ? TowerSoftmax::kInBatch
                                             : TowerSoftmax::kFull;
  learning.negatives = reader.Count("negatives", 1, 10'000'000);
  learning.patience = reader.Count("patience", 0, 100'000);
  const std::string split = reader.Choice("split", {"time", "random", "both"});
  learning.split = split == "time"     ? TowerSplit::kTime
                   : split == "random" ? TowerSplit::kRandom
                                       : TowerSplit::kBoth;
  learning.seed = reader.Count("seed", 0, 1'000'000'000);
  return learning;
}

// The model that is served, where there is one.
const TwoTower* LiveTower(const TrainingContext& context) {
  const Model* live = LiveModel(context, kName);
  return live == nullptr ? nullptr : static_cast<const TwoTower*>(live->scorer.get());
}

// The served model for a catalogue that has changed: what shoppers taught stays, other items get
// their vectors of their features as these now are.
TwoTowerTable Refreshed(const TwoTowerTable& live, const Dataset& catalogue, bool use_ids) {
  TwoTowerTable table = live;
  std::vector<std::uint8_t> wanted;
  const Matrix& buckets = live.items.features.weight.value;
  for (Eigen::Index row = 0; row < buckets.rows(); ++row) {
    wanted.push_back(buckets.row(row).any() ? 1 : 0);
  }
  const OwnedBags features = HashedFeatures(catalogue, live.shape.item_buckets, use_ids, wanted);
  TowerVectors vectors = EncodeByFeatures(live.items, features.view());
  table.targets = std::move(vectors.targets);
  table.inputs = std::move(vectors.inputs);
  table.is_learned.assign(catalogue.num_items(), 0);
  for (std::size_t i = 0; i < std::min(live.is_learned.size(), table.is_learned.size()); ++i) {
    if (live.is_learned[i] == 0) continue;
    const auto row = static_cast<Eigen::Index>(i);
    table.targets.row(row) = live.targets.row(row);
    table.inputs.row(row) = live.inputs.row(row);
    table.is_learned[i] = 1;
  }
  return table;
}

// What nobody taught still has its first, random numbers: it must say nothing of what is new.
void ForgetRare(std::span<const std::uint8_t> common, nn::Embedding& vectors) {
  for (std::size_t bucket = 0; bucket < common.size(); ++bucket) {
    if (common[bucket] == 0) vectors.weight.value.row(static_cast<Eigen::Index>(bucket)).setZero();
  }
}

TowerExampleOptions ReadAsking(const Dataset& dataset, const TwoTowerLearning& learning,
                               SettingReader& reader) {
  TowerExampleOptions asking;
  asking.held_out_share = reader.Number("held_out_share", 0, 1);
  asking.target_half_life_days = reader.Number("target_half_life_days", 0, 36'500);
  asking.profile_buckets = reader.Count("profile_buckets", 0, 1U << 24U);
  if (dataset.profiles.empty()) asking.profile_buckets = 0;
  asking.min_shoppers = reader.Count("min_shoppers", 1, 1'000'000);
  asking.history_dropout = reader.Number("history_dropout", 0, 1);
  asking.seed = learning.seed;
  return asking;
}

absl::StatusOr<TwoTowerTable> Learn(const Dataset& dataset, TwoTowerTable table,
                                    const TwoTowerLearning& learning, SettingReader& reader,
                                    const TrainingContext& context) {
  const std::size_t min_items = reader.Count("min_items", 1, 1'000'000);
  const bool use_ids = reader.Flag("use_ids");
  const TowerExampleOptions asking = ReadAsking(dataset, learning, reader);
  VITRINE_RETURN_IF_ERROR(reader.status());
  VITRINE_RETURN_IF_ERROR(CheckShape(table.shape));
  if (IsCancelled(context)) return Cancelled(kName);
  const TwoTower* live = LiveTower(context);
  if (dataset.interactions.empty() && live != nullptr) {
    ReportProgress(context, 1);
    return Refreshed(live->table(), dataset, use_ids);
  }
  const TowerExamples examples(dataset, table.history, asking);
  table.shape.user_buckets = examples.common_profile_buckets().size();
  const std::size_t buckets = table.shape.item_buckets;
  const std::vector<std::uint8_t> common = CommonBuckets(
      HashedFeatures(dataset, buckets, use_ids, {}), examples.learned(), buckets, min_items);
  const OwnedBags features = HashedFeatures(dataset, buckets, use_ids, common);
  const TrainingContext own = ForNetworks(context, kName, dataset.fingerprint, reader.complete());
  VITRINE_RETURN_IF_ERROR(LearnTwoTower(dataset, examples, features, learning, own, table));
  ForgetRare(common, table.items.features);
  ForgetRare(examples.common_profile_buckets(), table.users.profile);
  return table;
}

absl::StatusOr<Model> Train(const Dataset& dataset, const Settings& settings,
                            const TrainingContext& context) {
  SettingReader reader(kName, Defaults(), settings);
  TwoTowerTable table;
  table.shape.dimensions = reader.Count("dimensions", 1, 512);
  table.shape.hidden = reader.Count("hidden", 1, 4096);
  table.shape.item_buckets = reader.Count("buckets", 1, 1U << 24U);
  table.history = ReadHistory(reader);
  TwoTowerLearning learning = ReadLearning(reader);
  const bool is_auto = reader.IsAuto("softmax");
  if (is_auto && dataset.num_items() > kMostItemsForFull) {
    learning.softmax = TowerSoftmax::kSampled;
  }
  VITRINE_ASSIGN_OR_RETURN(table, Learn(dataset, std::move(table), learning, reader, context));
  VITRINE_ASSIGN_OR_RETURN(const auto scorer, TwoTower::Create(std::move(table)));
  Model model = MakeModel(scorer);
  model.settings = reader.complete();
  return model;
}

}  // namespace

Trainer TwoTowerTrainer() {
  return {.name = kName,
          .description = "two networks that meet: of the shopper's history, of the item's features",
          .defaults = Defaults(),
          .ranges = {Between("dropout", 0.1, 0.7), Between("id_dropout", 0.1, 0.9),
                     BetweenLog("learning_rate", 2e-4, 1e-2), BetweenLog("weight_decay", 1e-3, 1),
                     OneOf("dimensions", {"32", "64", "128"})},
          .learns_by_epochs = true,
          .train = &Train};
}

}  // namespace vitrine
