#include "cli/evaluate_command.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "cli/cold_items_report.h"
#include "cli/command.h"
#include "cli/config.h"
#include "cli/control_flags.h"
#include "cli/evaluate_flags.h"
#include "cli/evaluate_help.h"
#include "cli/evaluation_report.h"
#include "cli/evaluation_settings.h"
#include "cli/evaluation_split.h"
#include "cli/features/table_csv.h"
#include "cli/loss_curves.h"
#include "cli/model_settings.h"
#include "cli/progress_bar.h"
#include "cli/purchase_evaluation.h"
#include "cli/purchases_report.h"
#include "cli/ratings_report.h"
#include "cli/threshold_curves.h"
#include "vitrine/base/atomic_file.h"
#include "vitrine/base/log.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/evaluation/cold_items.h"

namespace vitrine::cli {
namespace {

// A blend learns its weights on the validation part; measured on that part itself, it has none
// left.
bool LearnsWeights(const EvaluateFlags& flags) {
  const auto is_learned = [](const std::string& scorer) {
    return scorer == kBlendName || scorer == kAutoName;
  };
  return PartOf(flags) == Part::kTest && (is_learned(flags.scorer) || is_learned(flags.against));
}

bool IsDescribed(const Dataset& dataset) {
  return std::any_of(dataset.items.begin(), dataset.items.end(),
                     [](const auto& item) { return item != nullptr; });
}

// What is measured of `scorer`, with what its --set says; on a store as a server would train it.
absl::StatusOr<ComparisonOptions> MakeOptions(const EvaluateFlags& flags, const Config& config,
                                              const std::string& scorer,
                                              const std::vector<std::string>& set) {
  ComparisonOptions options;
  options.models = config.lifecycle.models;
  options.settings = config.lifecycle.settings;
  options.blend = config.engine.blend;
  options.evaluation.cutoffs = flags.at;
  options.evaluation.as_paper = flags.is_as_paper;
  options.evaluation.auc_negatives = flags.num_negatives;
  if (!flags.diversity.empty()) {
    VITRINE_ASSIGN_OR_RETURN(options.evaluation.diversity, ParseDiversity(flags.diversity));
  }
  VITRINE_ASSIGN_OR_RETURN(options.evaluation.long_tail_share, ParseLongTailShare(flags.exposure));
  if (options.evaluation.long_tail_share > 0 && !flags.diversity.empty()) {
    return UsageError("--exposure and --diversity are measured one at a time");
  }
  options.resampling = ResamplingOptions();
  if (!scorer.empty()) {
    VITRINE_RETURN_IF_ERROR(CheckScorer(scorer));
    VITRINE_RETURN_IF_ERROR(ApplySettings(scorer, set, options));
  } else if (!set.empty()) {
    return UsageError("--set wants --scorer; with --store, settings come from --config");
  }
  if (!flags.store.empty()) {
    std::vector<std::string> models = options.models;
    models.push_back(scorer);
    RaiseMinShoppers(config.store.min_group, models, options.settings);
  }
  return options;
}

// Shoppers who came after what is trained on, of whom a store has a profile.
absl::StatusOr<Split> ReadNewShoppers(const EvaluateFlags& flags, const Config& config) {
  FeatureStoreOptions store_options = config.store;
  store_options.is_read_only = true;
  VITRINE_ASSIGN_OR_RETURN(const auto store, FeatureStore::Open(flags.store, store_options,
                                                                LocalFileSystem(), SystemClock()));
  VITRINE_ASSIGN_OR_RETURN(Dataset dataset, store->Snapshot(0));
  const double share = config.lifecycle.test_fraction;
  Micros cut_us = TemporalCut(dataset, share);
  if (PartOf(flags) == Part::kValidation) {
    dataset = Before(dataset, cut_us);
    cut_us = TemporalCut(dataset, share);
  }
  Split split = NewShoppers(dataset, cut_us);
  if (!split.cases.empty()) return split;
  return absl::FailedPreconditionError(absl::StrFormat(
      "nothing to test on: of the shoppers who came with the latest %g of all interactions none "
      "has "
      "a profile and likes an item that is known from before; send profiles, record more events or "
      "raise lifecycle.test_fraction",
      share));
}

absl::Status EvaluateSplit(const EvaluateFlags& flags, const Config& config,
                           ComparisonOptions options, const TrainingContext& context) {
  std::string text;
  {
    ProgressBar bar;
    bar.Show("read", -1);
    VITRINE_ASSIGN_OR_RETURN(const Split split, IsOfNewShoppers(flags)
                                                    ? ReadNewShoppers(flags, config)
                                                    : ReadSplit(flags.split, PartOf(flags)));
    // Files of interactions describe no items, so that there is no content to learn from.
    if (!IsDescribed(split.train)) DropKind("content", options);
    std::optional<Split> validation;
    if (LearnsWeights(flags)) {
      // Where too little is left to hold out once more, the blend has its usual weights.
      absl::StatusOr<Split> held = ReadSplit(flags.split, Part::kValidation);
      if (!held.ok() && !absl::IsFailedPrecondition(held.status())) return held.status();
      if (held.ok()) validation = *std::move(held);
      if (validation.has_value()) options.validation = &*validation;
    }
    const StageReport report = [&bar](std::string_view stage, double done) {
      bar.Show(stage, done);
    };
    const TrainingContext followed = bar.Follow(context);
    VITRINE_ASSIGN_OR_RETURN(ComparisonRow row,
                             MeasureScorer(split, flags.scorer, options, followed, report));
    if (flags.against.empty()) {
      text = flags.is_json ? RowJson(row, PeakResidentBytes()) + "\n" : RowTable({row});
    } else {
      VITRINE_ASSIGN_OR_RETURN(options,
                               MakeOptions(flags, config, flags.against, flags.against_set));
      if (!flags.diversity.empty()) options.evaluation.diversity = Diversity();  // As it is.
      options.evaluation.long_tail_share = 0;
      if (!IsDescribed(split.train)) DropKind("content", options);
      if (validation.has_value()) options.validation = &*validation;
      VITRINE_ASSIGN_OR_RETURN(const ComparisonRow other,
                               MeasureScorer(split, flags.against, options, followed, report));
      HoldAgainst(other, split, *options.resampling, *context.pool, row);
      text =
          flags.is_json ? PairJson(row, other, PeakResidentBytes()) + "\n" : RowTable({row, other});
    }
  }
  std::fputs(text.c_str(), stdout);
  return absl::OkStatus();
}

absl::Status EvaluateRatings(const EvaluateFlags& flags, const Config& config,
                             ComparisonOptions options, const TrainingContext& context) {
  RatingPart part;
  RatingComparison comparison;
  {
    ProgressBar bar;
    bar.Show("read", -1);
    VITRINE_ASSIGN_OR_RETURN(part, ReadRatings(flags.split, PartOf(flags)));
    const StageReport report = [&bar](std::string_view stage, double done) {
      bar.Show(stage, done);
    };
    const TrainingContext followed = bar.Follow(context);
    VITRINE_ASSIGN_OR_RETURN(comparison.row, MeasureRatings(part.dataset, part.held, flags.scorer,
                                                            options, followed, report));
    if (!flags.against.empty()) {
      VITRINE_ASSIGN_OR_RETURN(options,
                               MakeOptions(flags, config, flags.against, flags.against_set));
      VITRINE_ASSIGN_OR_RETURN(
          comparison.other,
          MeasureRatings(part.dataset, part.held, flags.against, options, followed, report));
      comparison.differences = CompareRatings(part.held, comparison.row, *comparison.other,
                                              *options.resampling, *context.pool);
    }
  }
  if (!flags.predictions.empty()) {
    VITRINE_RETURN_IF_ERROR(
        WriteFileAtomically(LocalFileSystem(), flags.predictions,
                            PredictionLines(part.dataset, part.held, comparison.row)));
  }
  const std::string text = flags.is_json ? RatingsJson(comparison, PeakResidentBytes()) + "\n"
                                         : RatingsTable(comparison);
  std::fputs(text.c_str(), stdout);
  return absl::OkStatus();
}

// Predicts a column of a table from its others.
absl::Status EvaluateClassification(const EvaluateFlags& flags, const TrainingContext& context) {
  VITRINE_ASSIGN_OR_RETURN(const auto parsed, ParseSettings(flags.set));
  const Settings settings(parsed.begin(), parsed.end());
  PurchaseMeasures measures;
  {
    ProgressBar bar;
    bar.Show("read", -1);
    VITRINE_ASSIGN_OR_RETURN(FeatureTable table,
                             ReadTableCsv(flags.split.data, {.texts = flags.split.categories}));
    for (const std::string& name : flags.split.ignored) {
      VITRINE_RETURN_IF_ERROR(table.Replace(name, {}));
    }
    const FoldOptions folds{.num_folds = flags.split.num_folds, .seed = flags.split.fold_seed};
    VITRINE_ASSIGN_OR_RETURN(
        measures,
        MeasurePurchases(table, flags.split.label, settings, folds, bar.Follow(context),
                         [&bar](std::string_view stage, double done) { bar.Show(stage, done); }));
  }
  // First, so that a file that cannot be written costs no measures.
  const std::string text = flags.is_json ? PurchasesJson(measures, PeakResidentBytes()) + "\n"
                                         : PurchasesTable(measures);
  std::fputs(text.c_str(), stdout);
  if (!flags.predictions.empty()) {
    VITRINE_RETURN_IF_ERROR(
        WriteFileAtomically(LocalFileSystem(), flags.predictions, PredictionRows(measures)));
  }
  if (flags.curves.empty()) return absl::OkStatus();
  const NamedCurve curve{.auc = measures.pooled.auc,
                         .average_precision = measures.pooled.average_precision,
                         .points = measures.curve};
  return WriteCurves({&curve, 1}, flags.curves);
}

// Measures as the server would serve: with the store's weights, and with its history limit.
absl::Status EvaluateStore(const EvaluateFlags& flags, const Config& config,
                           ComparisonOptions options, const TrainingContext& context) {
  FeatureStoreOptions store_options = config.store;
  store_options.is_read_only = true;
  VITRINE_ASSIGN_OR_RETURN(const auto store, FeatureStore::Open(flags.store, store_options,
                                                                LocalFileSystem(), SystemClock()));
  options.evaluation.history_limit = config.store.history_limit;
  // What is chosen makes rows of its own, and the blend of them; a model is measured by itself.
  if (!flags.scorer.empty() && flags.scorer != kBlendName) options.models = {flags.scorer};
  std::string text;
  {
    ProgressBar bar;
    VITRINE_ASSIGN_OR_RETURN(
        StoreComparison comparison,
        CompareOnStore(*store, config.lifecycle.test_fraction, options, bar.Follow(context),
                       [&bar](std::string_view stage, double done) { bar.Show(stage, done); }));
    if (!flags.scorer.empty() && flags.scorer != kAutoName) {
      std::erase_if(comparison.rows,
                    [&flags](const ComparisonRow& row) { return row.name != flags.scorer; });
    }
    text =
        flags.is_json ? StoreJson(comparison, PeakResidentBytes()) + "\n" : StoreTable(comparison);
  }
  std::fputs(text.c_str(), stdout);
  return absl::OkStatus();
}

// Ranks items that nobody has touched, by what a scorer makes of their texts.
absl::Status EvaluateColdItems(const EvaluateFlags& flags, const Config& config,
                               const ComparisonOptions& options, const TrainingContext& context) {
  FeatureStoreOptions store_options = config.store;
  store_options.is_read_only = true;
  VITRINE_ASSIGN_OR_RETURN(const auto store, FeatureStore::Open(flags.store, store_options,
                                                                LocalFileSystem(), SystemClock()));
  const auto settings_of = [](const ComparisonOptions& of, const std::string& scorer) {
    const auto found = of.settings.find(scorer);
    return found == of.settings.end() ? Settings{} : found->second;
  };
  std::vector<ColdScorer> scorers = {{flags.scorer, settings_of(options, flags.scorer)}};
  if (!flags.against.empty()) {
    VITRINE_ASSIGN_OR_RETURN(const ComparisonOptions other,
                             MakeOptions(flags, config, flags.against, flags.against_set));
    scorers.push_back({flags.against, settings_of(other, flags.against)});
  }
  ColdComparisonOptions cold = flags.cold;
  cold.items.part = PartOf(flags);
  cold.cutoffs = flags.at;
  std::string text;
  {
    ProgressBar bar;
    VITRINE_ASSIGN_OR_RETURN(const Dataset dataset, store->Snapshot(0));
    VITRINE_ASSIGN_OR_RETURN(
        const ColdComparison comparison,
        CompareOnColdItems(dataset, scorers, cold, bar.Follow(context),
                           [&bar](std::string_view stage, double done) { bar.Show(stage, done); }));
    text = flags.is_json ? ColdItemsJson(comparison) + "\n" : ColdItemsTable(comparison, flags.at);
  }
  std::fputs(text.c_str(), stdout);
  return absl::OkStatus();
}

// Usage error where what is trained cannot have the curve that is asked for.
absl::Status CheckHasCurve(const EvaluateFlags& flags, const ComparisonOptions& options) {
  if (flags.loss_curve.empty()) return absl::OkStatus();
  const bool is_one = !flags.scorer.empty() && flags.scorer != kBlendName;
  return CheckLearnsByEpochs("--loss-curve",
                             is_one ? std::vector<std::string>{flags.scorer} : options.models);
}

absl::Status RunProtocol(const EvaluateFlags& flags, const TrainingContext& context) {
  if (IsOfClassification(flags)) return EvaluateClassification(flags, context);
  VITRINE_ASSIGN_OR_RETURN(const Config config, LoadConfig(flags.config));
  if (flags.split.protocol == "purchases") {
    return EvaluatePurchases({flags.store, flags.scorer, flags.split.cut, PartOf(flags), flags.set,
                              flags.curves, flags.is_json},
                             config, context);
  }
  VITRINE_ASSIGN_OR_RETURN(ComparisonOptions options,
                           MakeOptions(flags, config, flags.scorer, flags.set));
  VITRINE_RETURN_IF_ERROR(CheckHasCurve(flags, options));
  if (flags.store.empty() && IsOfRatings(flags.split)) {
    return EvaluateRatings(flags, config, std::move(options), context);
  }
  if (flags.store.empty() || IsOfNewShoppers(flags)) {
    return EvaluateSplit(flags, config, std::move(options), context);
  }
  if (IsOfColdItems(flags)) return EvaluateColdItems(flags, config, options, context);
  return EvaluateStore(flags, config, std::move(options), context);
}

absl::Status Run(const EvaluateFlags& flags) {
  VITRINE_RETURN_IF_ERROR(CheckEvaluateFlags(flags));
  SetLogLevel(LogLevel::kWarning);
  const std::size_t num_cores = std::max(1U, std::thread::hardware_concurrency());
  ThreadPool pool(flags.num_threads == 0 ? num_cores : flags.num_threads);
  const TrainingContext context{.pool = &pool};
  if (flags.loss_curve.empty()) return RunProtocol(flags, context);
  LossCurves curves;
  VITRINE_RETURN_IF_ERROR(RunProtocol(flags, curves.Follow(context)));
  return curves.Write(LocalFileSystem(), flags.loss_curve);
}

}  // namespace

void AddEvaluateCommand(CLI::App& app, int& exit_status) {
  CLI::App* command =
      AddCommand(app, "evaluate",
                 "Measure how well a scorer, or the blend of all, predicts what shoppers did next",
                 kEvaluateHelp);
  const auto flags = std::make_shared<EvaluateFlags>();
  AddEvaluateFlags(command, *flags);
  RunOnParse(command, exit_status, [flags] { return Run(*flags); });
}

}  // namespace vitrine::cli
