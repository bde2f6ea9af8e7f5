#include "vitrine/training/purchase_training.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "training/epochs.h"
#include "training/setting_reader.h"
#include "training/trainers.h"
#include "vitrine/base/fingerprint.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/nn/activation.h"
#include "vitrine/nn/loss.h"
#include "vitrine/nn/normalization.h"
#include "vitrine/nn/training_loop.h"

namespace vitrine {

namespace {

constexpr std::string_view kName = "purchase_predictor";

struct Options {
  Settings settings{};  // Complete.
  std::size_t hidden = 0;
  std::size_t members = 0;
  std::size_t epochs = 0;
  std::size_t batch = 0;
  double learning_rate = 0;
  double dropout = 0;
  double weight_decay = 0;
  std::uint64_t seed = 0;
};

absl::StatusOr<Options> ReadOptions(const Settings& settings) {
  SettingReader reader(kName, PurchaseDefaults(), settings);
  const Options options{.settings = reader.complete(),
                        .hidden = reader.Count("hidden", 1, 4'096),
                        .members = reader.Count("members", 1, 100),
                        .epochs = reader.Count("epochs", 1, 10'000),
                        .batch = reader.Count("batch", 1, 1'000'000),
                        .learning_rate = reader.Number("learning_rate", 1e-9, 10),
                        .dropout = reader.Number("dropout", 0, 0.95),
                        .weight_decay = reader.Number("weight_decay", 0, 10),
                        .seed = reader.Count("seed", 0, UINT32_MAX)};
  VITRINE_RETURN_IF_ERROR(reader.status());
  return options;
}

// 1, 0, or -1 for what is neither.
int LabelOf(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (text == "1" || text == "true" || text == "yes") return 1;
  return text == "0" || text == "false" || text == "no" ? 0 : -1;
}

bool HasMissing(const Numbers& cells) {
  return std::any_of(cells.begin(), cells.end(), [](double cell) { return std::isnan(cell); });
}

bool IsAllMissing(const Column& column) {
  for (std::size_t row = 0; row < column.size(); ++row) {
    if (CellText(column, row).has_value()) return false;
  }
  return true;
}

// A perceptron while it learns.
class Learner {
 public:
  Learner(const Matrix& inputs, const Matrix& labels, const Options& options, std::uint64_t seed)
      : inputs_(inputs), labels_(labels) {
    Random random(seed);
    const auto width = static_cast<std::size_t>(inputs.cols());
    network_.first = nn::Dense(width, options.hidden, random);
    network_.second = nn::Dense(options.hidden, options.hidden, random);
    network_.last = nn::Dense(options.hidden, 1, random);
    network_.AddParameters(parameters_);
    dropout_.rate = options.dropout;
  }

  absl::StatusOr<nn::TrainingReport> Train(const nn::TrainingLoopOptions& loop,
                                           nn::TrainingCallbacks callbacks) {
    callbacks.step = [this](std::span<const std::uint32_t> rows, Random& random) {
      return Step(rows, random);
    };
    const Network network{.num_examples = static_cast<std::size_t>(inputs_.rows()),
                          .parameters = parameters_};
    return RunEpochs(network, loop, callbacks, nullptr);
  }

  PurchaseNetwork Take() { return std::move(network_); }

 private:
  double Step(std::span<const std::uint32_t> rows, Random& random) {
    const nn::Pass pass{.random = &random};
    const auto count = static_cast<Eigen::Index>(rows.size());
    x_.resize(count, inputs_.cols());
    y_.resize(count, 1);
    for (Eigen::Index i = 0; i < count; ++i) {
      x_.row(i) = inputs_.row(rows[static_cast<std::size_t>(i)]);
      y_.row(i) = labels_.row(rows[static_cast<std::size_t>(i)]);
    }
    network_.first.Forward(x_, first_, pass);
    relu_.Forward(first_.output, first_relu_, pass);
    dropout_.Forward(first_relu_.output, first_dropout_, pass);
    network_.second.Forward(first_dropout_.output, second_, pass);
    relu_.Forward(second_.output, second_relu_, pass);
    dropout_.Forward(second_relu_.output, second_dropout_, pass);
    network_.last.Forward(second_dropout_.output, last_, pass);
    const double loss = nn::BinaryCrossEntropy(last_.output, y_, by_log_odds_);
    network_.last.Backward(second_dropout_.output, by_log_odds_, last_, pass);
    dropout_.Backward(second_relu_.output, last_.by_input, second_dropout_, pass);
    relu_.Backward(second_.output, second_dropout_.by_input, second_relu_, pass);
    network_.second.Backward(first_dropout_.output, second_relu_.by_input, second_, pass);
    dropout_.Backward(first_relu_.output, second_.by_input, first_dropout_, pass);
    relu_.Backward(first_.output, first_dropout_.by_input, first_relu_, pass);
    network_.first.BackwardParameters(x_, first_relu_.by_input, pass);
    return loss;
  }

  const Matrix& inputs_;
  const Matrix& labels_;
  PurchaseNetwork network_;
  nn::ParameterList parameters_;
  nn::Activation relu_{};
  nn::Dropout dropout_{};
  Matrix x_;
  Matrix y_;
  Matrix by_log_odds_;
  nn::Dense::Cache first_, second_, last_;
  nn::Activation::Cache first_relu_, second_relu_;
  nn::Dropout::Cache first_dropout_, second_dropout_;
};

// "1" for the first.
std::string MemberName(std::size_t member) { return absl::StrFormat("%d", member + 1); }

// How each member learns.
std::vector<nn::TrainingLoopOptions> LoopsOf(std::size_t num_rows, const Options& options,
                                             const TrainingContext& context) {
  std::vector<nn::TrainingLoopOptions> loops;
  for (std::size_t member = 0; member < options.members; ++member) {
    nn::TrainingLoopOptions& loop = loops.emplace_back(CosineEpochs(
        num_rows, options.batch, options.epochs, options.learning_rate, options.seed + member));
    loop.optimizer = {.kind = nn::OptimizerKind::kAdamW, .weight_decay = options.weight_decay};
    if (context.networks.on_start) context.networks.on_start(MemberName(member), loop);
  }
  return loops;
}

// Each member on a thread of its own: a network is too small to be shared among threads.
absl::StatusOr<std::vector<PurchaseNetwork>> TrainMembers(const Matrix& inputs,
                                                          const Matrix& labels,
                                                          const Options& options,
                                                          const TrainingContext& context) {
  const std::vector<nn::TrainingLoopOptions> loops =
      LoopsOf(static_cast<std::size_t>(inputs.rows()), options, context);
  std::vector<PurchaseNetwork> networks(options.members);
  std::vector<absl::StatusOr<nn::TrainingReport>> reports(options.members);
  context.pool->ParallelFor(options.members, [&](std::size_t member) {
    Learner learner(inputs, labels, options, options.seed + member);
    nn::TrainingCallbacks callbacks = CallbacksOf(context);
    if (member != 0) callbacks.on_progress = {};  // One reports for all.
    reports[member] = learner.Train(loops[member], callbacks);
    if (reports[member].ok()) networks[member] = learner.Take();
  });
  for (const auto& report : reports) VITRINE_RETURN_IF_ERROR(report.status());
  for (std::size_t member = 0; member < options.members && context.networks.on_learned; ++member) {
    context.networks.on_learned(MemberName(member), *reports[member]);
  }
  return networks;
}

// Of all that is learned from.
std::uint64_t FingerprintOf(const Matrix& inputs, const Matrix& labels) {
  Fingerprint fingerprint;
  fingerprint.Write(inputs);
  fingerprint.Write(labels);
  return fingerprint.Take();
}

}  // namespace

Settings PurchaseDefaults() {
  return {{"hidden", "64"},         {"members", "5"},   {"epochs", "20"},
          {"batch", "128"},         {"dropout", "0.3"}, {"learning_rate", "0.001"},
          {"weight_decay", "0.01"}, {"seed", "1"}};
}

absl::StatusOr<std::vector<std::uint8_t>> BinaryLabels(const FeatureTable& table,
                                                       std::string_view label) {
  VITRINE_ASSIGN_OR_RETURN(const Column* column, table.Get(label));
  std::vector<std::uint8_t> labels;
  for (std::size_t row = 0; row < column->size(); ++row) {
    const std::string text = CellText(*column, row).value_or("");
    const int value = LabelOf(text);
    if (value < 0) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "the label %s of row %d is \"%s\": it wants 1 and 0, true and false, or yes and no",
          label, row + 1, text));
    }
    labels.push_back(static_cast<std::uint8_t>(value));
  }
  const auto num_positives = std::count(labels.begin(), labels.end(), std::uint8_t{1});
  if (num_positives == 0 || static_cast<std::size_t>(num_positives) == labels.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the label %s is the same in all %d rows: there is nothing to learn", label,
                        labels.size()));
  }
  return labels;
}

absl::StatusOr<PipelineSettings> PurchasePipeline(const FeatureTable& table,
                                                  std::string_view label) {
  std::vector<std::string> categories;
  std::vector<std::string> numbers;
  std::vector<std::string> gaps;
  std::vector<std::string> empty;
  for (const Column& column : table.columns()) {
    if (column.name == label) continue;
    if (IsAllMissing(column)) {
      empty.push_back(column.name);
      continue;
    }
    const Numbers* cells = std::get_if<Numbers>(&column.cells);
    (cells == nullptr ? categories : numbers).push_back(column.name);
    if (cells != nullptr && HasMissing(*cells)) gaps.push_back(column.name);
  }
  if (categories.empty() && numbers.empty()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "there is no column with a value beside the label %s to learn from", label));
  }
  PipelineSettings settings{.steps = {}, .target = std::string(label)};
  if (!empty.empty()) {
    settings.steps.push_back(SelectSettings{.columns = {.names = empty}, .is_dropping = true});
  }
  if (!gaps.empty())
    settings.steps.push_back(ImputeSettings{.columns = {.names = gaps}, .is_marked = true});
  if (!numbers.empty()) {
    settings.steps.push_back(
        LogSettings{.columns = {.names = numbers}, .negative = NegativePolicy::kSigned});
    settings.steps.push_back(ScaleSettings{.columns = {.names = numbers}});
  }
  if (!categories.empty()) {
    settings.steps.push_back(OneHotSettings{.columns = {.names = categories},
                                            .has_missing = true,
                                            .min_count = 20,
                                            .max_categories = 100});
  }
  return settings;
}

absl::StatusOr<std::shared_ptr<const PurchasePredictor>> TrainPurchasePredictor(
    const FeatureTable& table, std::string_view label, const Settings& settings,
    const TrainingContext& context) {
  VITRINE_ASSIGN_OR_RETURN(const Options options, ReadOptions(settings));
  VITRINE_ASSIGN_OR_RETURN(const std::vector<std::uint8_t> values, BinaryLabels(table, label));
  VITRINE_ASSIGN_OR_RETURN(const PipelineSettings pipeline, PurchasePipeline(table, label));
  VITRINE_ASSIGN_OR_RETURN(FittedPipeline fitted, TransformPipeline::Fit(table, pipeline));
  VITRINE_ASSIGN_OR_RETURN(const Matrix inputs, NetworkInputs(fitted.table, label));
  if (inputs.cols() == 0) {
    return absl::InvalidArgumentError(
        "no column has a value that is frequent enough to learn from: more rows are wanted");
  }
  Matrix labels(inputs.rows(), 1);
  for (std::size_t i = 0; i < values.size(); ++i) {
    labels(static_cast<Eigen::Index>(i), 0) = static_cast<float>(values[i]);
  }
  const std::uint64_t data = context.networks.on_start ? FingerprintOf(inputs, labels) : 0;
  VITRINE_ASSIGN_OR_RETURN(
      std::vector<PurchaseNetwork> networks,
      TrainMembers(inputs, labels, options, ForNetworks(context, kName, data, options.settings)));
  ReportProgress(context, 1);
  return PurchasePredictor::Create(std::move(fitted.pipeline), std::move(networks));
}

}  // namespace vitrine
