// The trainers of sequence models: they differ in what encodes the steps.

#include <string>
#include <utility>

#include "training/epochs.h"
#include "training/sequence_data.h"
#include "training/sequence_learner.h"
#include "training/setting_reader.h"
#include "training/trainers.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/models/model_kinds.h"
#include "vitrine/scorers/dnn/next_item.h"

namespace vitrine {

namespace {

constexpr std::string_view kRnn = "sequence_rnn";
constexpr std::string_view kTransformer = "sequence_transformer";

// Of a larger catalogue a step's logits are too many.
constexpr std::size_t kMostItemsForFull = 10'000;
constexpr std::size_t kUsualNegatives = 2048;

Settings SharedDefaults() {
  return {{"dimensions", "64"},      {"length", "50"},          {"dropout", "0.5"},
          {"epochs", "60"},          {"batch", "128"},          {"learning_rate", "0.001"},
          {"temperature", "0"},      {"negatives", "auto"},     {"patience", "3"},
          {"held_out_share", "0.1"}, {"use_time_gaps", "true"}, {"use_event_types", "true"},
          {"merge_repeats", "true"}, {"use_prefixes", "false"}, {"seed", "1"}};
}

Settings RnnDefaults() {
  Settings defaults = {{"cell", "gru"}, {"layers", "1"}};
  defaults.merge(SharedDefaults());
  return defaults;
}

Settings TransformerDefaults() {
  Settings defaults = {{"block", "sasrec"},  {"heads", "2"},
                       {"layers", "2"},      {"use_distances", "false"},
                       {"frequencies", "3"}, {"frequency_share", "0.7"}};
  defaults.merge(SharedDefaults());
  return defaults;
}

// Moves the items to their rows in the data set; the others know nothing.
void SpreadItems(const SequenceData& data, std::size_t num_items, SequenceNetwork& network) {
  Matrix spread =
      Matrix::Zero(static_cast<Eigen::Index>(num_items), network.items.weight.value.cols());
  for (std::size_t i = 0; i < data.item_rows.size(); ++i) {
    spread.row(data.item_rows[i]) = network.items.weight.value.row(static_cast<Eigen::Index>(i));
  }
  network.items.weight.value = std::move(spread);
  network.shape.num_items = num_items;
}

// `shape` has what only one of the trainers asks for.
absl::StatusOr<Model> TrainSequences(const Dataset& dataset, SequenceShape shape,
                                     SettingReader& reader, std::string_view name,
                                     const TrainingContext& context) {
  SequenceDataOptions options;
  SequenceLearning learning;
  shape.dimensions = reader.Count("dimensions", 1, 512);
  shape.num_layers = reader.Count("layers", 1, 8);
  shape.length = options.length = reader.Count("length", 1, 1000);
  learning.dropout = reader.Number("dropout", 0, 0.95);
  learning.epochs = reader.Count("epochs", 1, 100'000);
  learning.batch = reader.Count("batch", 1, 1'000'000);
  learning.learning_rate = reader.Number("learning_rate", 1e-9, 10);
  learning.temperature = reader.Number("temperature", 0, 10);
  learning.patience = reader.Count("patience", 0, 100'000);
  options.held_out_share = reader.Number("held_out_share", 0, 1);
  options.seed = learning.seed = reader.Count("seed", 0, 1'000'000'000);
  const bool uses_time_gaps = reader.Flag("use_time_gaps");
  const bool uses_event_types = reader.Flag("use_event_types");
  shape.merges_repeats = options.merges_repeats = reader.Flag("merge_repeats");
  options.has_prefixes = reader.Flag("use_prefixes");
  shape.counts_back = options.has_prefixes && shape.kind == SequenceKind::kTransformer;
  const bool is_auto = reader.IsAuto("negatives");
  if (!is_auto) learning.negatives = reader.Count("negatives", 0, 10'000'000);
  VITRINE_RETURN_IF_ERROR(reader.status());
  VITRINE_RETURN_IF_ERROR(CheckShape(shape));

  if (IsCancelled(context)) return Cancelled(name);
  const SequenceData data = SequenceDataOf(dataset, options);
  if (is_auto && data.item_rows.size() > kMostItemsForFull) learning.negatives = kUsualNegatives;
  shape.has_time_gaps = uses_time_gaps && data.has_time_gaps;
  shape.has_event_types = uses_event_types && data.has_event_types;
  const TrainingContext own = ForNetworks(context, name, dataset.fingerprint, reader.complete());
  VITRINE_ASSIGN_OR_RETURN(SequenceNetwork network,
                           LearnSequences(data, shape, learning, name, own));
  SpreadItems(data, dataset.num_items(), network);
  VITRINE_ASSIGN_OR_RETURN(const auto scorer, NextItem::Create(name, std::move(network)));
  Model model = MakeModel(scorer);
  model.settings = reader.complete();
  return model;
}

absl::StatusOr<Model> TrainRnn(const Dataset& dataset, const Settings& settings,
                               const TrainingContext& context) {
  SettingReader reader(kRnn, RnnDefaults(), settings);
  SequenceShape shape;
  shape.kind =
      reader.Choice("cell", {"gru", "lstm"}) == "lstm" ? SequenceKind::kLstm : SequenceKind::kGru;
  return TrainSequences(dataset, shape, reader, kRnn, context);
}

absl::StatusOr<Model> TrainTransformer(const Dataset& dataset, const Settings& settings,
                                       const TrainingContext& context) {
  SettingReader reader(kTransformer, TransformerDefaults(), settings);
  SequenceShape shape{.kind = SequenceKind::kTransformer};
  const std::string block = reader.Choice("block", {"sasrec", "bert", "bsarec"});
  if (block == "bert") shape.block = BlockKind::kBert;
  if (block == "bsarec") shape.block = BlockKind::kBsaRec;
  shape.num_heads = reader.Count("heads", 1, 64);
  shape.has_distances = reader.Flag("use_distances");
  shape.num_frequencies = reader.Count("frequencies", 1, 500);
  shape.frequency_share = reader.Number("frequency_share", 0, 1);
  return TrainSequences(dataset, shape, reader, kTransformer, context);
}

std::vector<SettingRange> Ranges() {
  return {Between("dropout", 0.1, 0.7), BetweenLog("learning_rate", 2e-4, 5e-3),
          WholeBetween("layers", 1, 3), OneOf("dimensions", {"32", "64", "128"})};
}

}  // namespace

Trainer SequenceRnnTrainer() {
  return {.name = kRnn,
          .description = "what comes next, by a recurrent network over the latest steps",
          .defaults = RnnDefaults(),
          .ranges = Ranges(),
          .learns_by_epochs = true,
          .train = &TrainRnn};
}

Trainer SequenceTransformerTrainer() {
  return {.name = kTransformer,
          .description = "what comes next, by self-attention over the latest steps",
          .defaults = TransformerDefaults(),
          .ranges = Ranges(),
          .learns_by_epochs = true,
          .train = &TrainTransformer};
}

}  // namespace vitrine
