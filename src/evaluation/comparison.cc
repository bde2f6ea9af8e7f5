#include "vitrine/evaluation/comparison.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "evaluation/ask_for_ranker.h"
#include "evaluation/learn_blend.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/engine/rank_stage.h"

namespace vitrine {
namespace {

double SecondsSince(Micros start) {
  return static_cast<double>(MonotonicNow() - start) / static_cast<double>(kMicrosPerSecond);
}

// Forwards a stage's progress to `report`, if there is one.
std::function<void(double)> ReportStage(const StageReport& report, std::string stage) {
  if (!report) return {};
  report(stage, 0);
  return [&report, stage = std::move(stage)](double fraction) { report(stage, fraction); };
}

absl::StatusOr<Model> TeachRanker(const Dataset& dataset, const Settings& settings,
                                  const ComparisonOptions& options,
                                  const TrainingContext& context) {
  if (options.ranker != nullptr) return RenewRanker(dataset, *options.ranker, context);
  return TrainRanker(dataset, settings, options.lessons.get(), context);
}

absl::StatusOr<TimedModel> TrainOne(const Dataset& dataset, const std::string& name,
                                    const ComparisonOptions& options, TrainingContext context,
                                    const StageReport& report) {
  const auto settings = options.settings.find(name);
  context.progress = ReportStage(report, "train " + name);
  const Micros start = MonotonicNow();
  const Settings given = settings == options.settings.end() ? Settings() : settings->second;
  absl::StatusOr<Model> model = name == kRankerName ? TeachRanker(dataset, given, options, context)
                                                    : TrainModel(name, dataset, given, context);
  if (!model.ok()) {
    return absl::Status(
        model.status().code(),
        absl::StrFormat("model '%s': %s", name, std::string(model.status().message())));
  }
  return TimedModel{.model = *std::move(model), .train_seconds = SecondsSince(start)};
}

EvaluationOptions ForStage(const ComparisonOptions& options, const TrainingContext& context,
                           const StageReport& report, const std::string& name) {
  EvaluationOptions evaluation = options.evaluation;
  evaluation.progress = ReportStage(report, "evaluate " + name);
  evaluation.is_cancelled = context.is_cancelled;
  return evaluation;
}

void AddSummary(const Split& split, const ComparisonOptions& options, ThreadPool& pool,
                ComparisonRow& row) {
  if (!options.resampling.has_value()) return;
  row.summary = Summarise(split, row.evaluation, *options.resampling, pool);
}

// How a table tells of what a model counts.
void Describe(const std::string& model, const BlendWeight& weight, Settings& settings) {
  settings[model] = absl::StrFormat("%.4g", weight.weight);
  for (std::size_t f = 0; f < kNumQueryFeatures; ++f) {
    if (weight.growth[f] == 0) continue;
    settings[absl::StrFormat("%s.%s", model, kQueryFeatureNames[f])] =
        absl::StrFormat("%.4g", weight.growth[f]);
  }
}

ComparisonRow MeasureBlend(const Split& split, const std::vector<TimedModel>& trained,
                           const LearnedBlend& learned, const ComparisonOptions& options,
                           const TrainingContext& context, const StageReport& report) {
  ComparisonRow row{.name = std::string(kBlendName)};
  BlendWeights weights = ChosenWeights(options.blend, learned.weights);
  auto models = std::make_shared<ModelSet>();
  models->weights = learned.weights;
  models->cold_start_events = learned.cold_start_events;
  models->trend = MeasureTrend(split.train, learned.trend.power, learned.trend.half_life_days);
  for (const TimedModel& each : trained) {
    models->models.push_back(each.model);
    row.train_seconds += each.train_seconds;
    if (each.model.kind == kRankerName) continue;
    Describe(each.model.name, weights[each.model.name], row.settings);
  }
  if (const Ranker* ranker = RankerOf(*models); ranker != nullptr) {
    row.settings[std::string(kRankerName)] = ranker->learned();
  }
  if (learned.cold_start_events >= 0) {
    row.settings["cold_start_events"] = absl::StrFormat("%g", learned.cold_start_events);
  }
  if (learned.trend.power != 0) {
    row.settings["trend"] = absl::StrFormat("%g", learned.trend.power);
    row.settings["trend.half_life_days"] = absl::StrFormat("%g", learned.trend.half_life_days);
  }
  row.blend = learned;
  row.blend.weights = std::move(weights);
  row.trained = trained;
  row.evaluation = Evaluate(Pipeline(std::move(models), options.blend), split,
                            ForStage(options, context, report, row.name), *context.pool);
  AddSummary(split, options, *context.pool, row);
  return row;
}

ComparisonRow MeasureModel(const Split& split, const TimedModel& trained,
                           const ComparisonOptions& options, const TrainingContext& context,
                           const StageReport& report) {
  ComparisonRow row{
      .name = trained.model.name,
      .settings = trained.model.settings,
      .train_seconds = trained.train_seconds,
      .is_as_paper = options.evaluation.as_paper && trained.model.as_paper != nullptr};
  row.evaluation = EvaluateModel(
      trained.model, split, ForStage(options, context, report, trained.model.name), *context.pool);
  AddSummary(split, options, *context.pool, row);
  return row;
}

}  // namespace

void KeepOnly(const std::string& model, ComparisonOptions& options) {
  options.models = {model};
  std::erase_if(options.settings, [&](const auto& entry) { return entry.first != model; });
}

bool IsAuto(const ComparisonOptions& options) {
  return options.models.size() == 1 && options.models.front() == kAutoName;
}

void Choose(const LearnedBlend& learned, ComparisonOptions& options) {
  options.lessons = learned.lessons;
  options.ranker = learned.ranker;
  if (!learned.models.empty()) {
    options.models = learned.models;
    options.settings = learned.settings;
  } else if (IsAuto(options)) {
    options.models = ComparisonOptions().models;
    options.settings.clear();
  }
}

absl::StatusOr<std::vector<TimedModel>> TrainEach(const Dataset& dataset,
                                                  const ComparisonOptions& options,
                                                  const TrainingContext& context,
                                                  const StageReport& report) {
  std::vector<TimedModel> trained;
  for (const std::string& name : options.models) {
    if (IsCancelled(context)) return absl::CancelledError("the training was cancelled");
    VITRINE_ASSIGN_OR_RETURN(TimedModel model, TrainOne(dataset, name, options, context, report));
    trained.push_back(std::move(model));
  }
  return trained;
}

absl::StatusOr<std::vector<ComparisonRow>> CompareModels(const Split& split,
                                                         const ComparisonOptions& options,
                                                         const TrainingContext& context,
                                                         const StageReport& report) {
  ComparisonOptions compared = options;
  LearnedBlend learned;
  if (Learns(options)) {
    VITRINE_ASSIGN_OR_RETURN(Learning learning, LearnBlend(options, context, report));
    learned = std::move(learning.blend);
  }
  if (IsAuto(options)) Choose(learned, compared);
  compared.lessons = learned.lessons;
  VITRINE_ASSIGN_OR_RETURN(const std::vector<TimedModel> trained,
                           TrainEach(split.train, compared, context, report));
  std::vector<ComparisonRow> rows;
  rows.reserve(trained.size() + 1);
  for (const TimedModel& each : trained) {
    rows.push_back(MeasureModel(split, each, compared, context, report));
  }
  rows.push_back(MeasureBlend(split, trained, learned, compared, context, report));
  if (IsCancelled(context)) return absl::CancelledError("the evaluation was cancelled");
  if (!options.resampling.has_value()) return rows;
  for (std::size_t i = 0; i + 1 < rows.size(); ++i) {
    HoldAgainst(rows.back(), split, *options.resampling, *context.pool, rows[i]);
  }
  return rows;
}

namespace {

// Trains nothing twice on the same data, and in the end only what has a weight.
absl::StatusOr<ComparisonRow> LearnAndMeasureBlend(const Split& split,
                                                   const ComparisonOptions& options,
                                                   const TrainingContext& context,
                                                   const StageReport& report) {
  ComparisonOptions asked = options;
  Learning learning;
  if (options.kept != nullptr) {
    learning.blend = *options.kept;
  } else if (Learns(options)) {
    VITRINE_ASSIGN_OR_RETURN(learning, LearnBlend(options, context, report));
    if (options.validation->train.fingerprint != split.train.fingerprint) learning.trained.clear();
  }
  Choose(learning.blend, asked);
  if (learning.trained.empty()) {
    VITRINE_ASSIGN_OR_RETURN(learning.trained, TrainEach(split.train, asked, context, report));
  } else if (HasRanker(asked)) {
    ComparisonOptions last = asked;
    KeepOnly(std::string(kRankerName), last);
    VITRINE_ASSIGN_OR_RETURN(std::vector<TimedModel> ranker,
                             TrainEach(split.train, last, context, report));
    learning.trained.push_back(std::move(ranker.front()));
  }
  ComparisonRow row = MeasureBlend(split, learning.trained, learning.blend, asked, context, report);
  if (IsCancelled(context)) return absl::CancelledError("the evaluation was cancelled");
  return row;
}

}  // namespace

absl::StatusOr<ComparisonRow> MeasureScorer(const Split& split, const std::string& name,
                                            const ComparisonOptions& options,
                                            const TrainingContext& context,
                                            const StageReport& report) {
  if (name == kBlendName) return LearnAndMeasureBlend(split, options, context, report);
  if (name == kAutoName) {
    ComparisonOptions chosen = options;
    chosen.models = {name};
    VITRINE_ASSIGN_OR_RETURN(ComparisonRow row,
                             LearnAndMeasureBlend(split, chosen, context, report));
    row.name = name;
    return row;
  }
  ComparisonOptions asked = options;
  KeepOnly(name, asked);
  VITRINE_ASSIGN_OR_RETURN(const std::vector<TimedModel> trained,
                           TrainEach(split.train, asked, context, report));
  ComparisonRow row = MeasureModel(split, trained.front(), asked, context, report);
  if (IsCancelled(context)) return absl::CancelledError("the evaluation was cancelled");
  return row;
}

void HoldAgainst(const ComparisonRow& other, const Split& split, const ResamplingOptions& options,
                 ThreadPool& pool, ComparisonRow& row) {
  row.against = other.name;
  row.differences = ComparePaired(split, row.evaluation, other.evaluation, options, pool);
}

absl::StatusOr<StoreComparison> CompareOnStore(const FeatureStore& store, double test_fraction,
                                               const ComparisonOptions& options,
                                               const TrainingContext& context,
                                               const StageReport& report) {
  StoreComparison comparison;
  ComparisonOptions learning = options;
  Split split;
  Split validation;
  ShownLists shown;
  {
    (void)ReportStage(report, "snapshot");
    VITRINE_ASSIGN_OR_RETURN(const Dataset dataset, store.Snapshot(0));
    comparison.cut_us = TemporalCut(dataset, test_fraction);
    validation = ValidationBefore(dataset, comparison.cut_us, test_fraction);
    split = SplitByTime(dataset, comparison.cut_us, /*allow_repeats=*/false);
    comparison.num_train_users = split.train.num_users();
    comparison.num_train_interactions = split.train.interactions.size();
    comparison.num_test_interactions = static_cast<std::size_t>(
        std::count_if(dataset.interactions.begin(), dataset.interactions.end(),
                      [&](const Interaction& each) { return each.time_us >= comparison.cut_us; }));
    if (!validation.cases.empty()) learning.validation = &validation;
    if (AsksForShownLists(learning)) {
      VITRINE_ASSIGN_OR_RETURN(
          shown, ReadShownLists(store, dataset, {validation.train.now_us, comparison.cut_us},
                                context.is_cancelled));
      learning.shown = &shown;
    }
  }  // The snapshot's memory goes before the training takes its own.
  if (split.cases.empty()) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "nothing to test on: of the latest %d interactions (%g of all) none is of a shopper and an "
        "item that are known from before; record more events or raise the test fraction",
        comparison.num_test_interactions, test_fraction));
  }
  VITRINE_ASSIGN_OR_RETURN(comparison.rows, CompareModels(split, learning, context, report));
  return comparison;
}

}  // namespace vitrine
