#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_format.h"
#include "lifecycle/kept_blend.h"
#include "lifecycle/memory_budget.h"
#include "vitrine/base/log.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/evaluation/purchase_moments.h"
#include "vitrine/lifecycle/lifecycle.h"
#include "vitrine/models/model_name.h"
#include "vitrine/scorers/dnn/deep_ranker.h"

namespace vitrine {
namespace {

constexpr std::size_t kCutoff = 20;

// Where each part of a run begins, as a fraction of the whole.
constexpr double kMeasureBegin = 0.05;
constexpr double kGateBegin = 0.45;
constexpr double kFitBegin = 0.5;
constexpr double kFitEnd = 0.98;  // Of the blend's models; those of placements follow.
constexpr double kPlacementsEnd = 0.99;

// Maps the stages of one part of a run to [begin, end), as if each of its `num_stages` stages took
// as long as any other.
StageReport PartOf(const StageReport& report, double begin, double end, std::size_t num_stages) {
  if (!report) return {};
  return [&report, begin, end, num_stages, stage_seen = std::string(), stage_number = 0.0](
             std::string_view stage, double fraction) mutable {
    if (stage_seen != stage) {
      stage_number += stage_seen.empty() ? 0 : 1;
      stage_seen = stage;
    }
    const double done = (stage_number + fraction) / static_cast<double>(num_stages);
    report(stage, begin + (end - begin) * std::min(done, 1.0));
  };
}

std::map<std::string, double> Named(const Evaluation& evaluation) {
  std::map<std::string, double> metrics;
  metrics["test_users"] = static_cast<double>(evaluation.num_users);
  for (const auto& [k, mean] : evaluation.at) {
    for (const RankingMetricField& field : kRankingMetricFields) {
      metrics[absl::StrFormat("%s@%d", field.name, k)] = mean.*field.value;
    }
  }
  return metrics;
}

// Dates the snapshot by its latest interaction rather than by the clock: what decays with age would
// vanish from a shop imported years later, and the same data must make the same models.
void SpeakOfLatest(Dataset& dataset) {
  if (dataset.interactions.empty()) return;
  dataset.now_us = std::max_element(dataset.interactions.begin(), dataset.interactions.end(),
                                    [](const Interaction& a, const Interaction& b) {
                                      return a.time_us < b.time_us;
                                    })
                       ->time_us;
  SetFingerprint(dataset);
}

struct MeasuredBlend {
  LearnedBlend blend{};
  std::map<std::string, double> metrics{};  // None when there is nothing to measure on.
  std::optional<GateReport> gate{};
};

// Whether a training makes the model where a placement asks it. One with a label is made only where
// it has settings: those who may make placements can think of any number of labels.
bool IsMadeForPlacements(const std::string& model, const LifecycleOptions& options) {
  if (FindTrainer(model) == nullptr) return false;  // A live counter, which nobody trains.
  return !IsLabelled(model) || options.settings.contains(model) ||
         std::count(options.models.begin(), options.models.end(), model) > 0;
}

// The models that placements ask by name, of those that are trained.
std::set<std::string> NamedByPlacements(const LifecycleOptions& options) {
  const auto table =
      options.placements == nullptr ? Placements::BuiltIn() : options.placements->All();
  std::set<std::string> names;
  for (const auto& [placement, entry] : *table) {
    for (const auto& [model, weight] : entry.placement.weights) {
      if (IsMadeForPlacements(model, options)) names.insert(model);
    }
  }
  return names;
}

// Those that only placements ask, each alone. `gate` is the blend's, and becomes that of the first
// one that is refused.
absl::Status PassGateAlone(const Candidate& candidate, const LifecycleOptions& options,
                           const TrainingContext& context, const StageReport& report,
                           GateReport& gate) {
  std::set<std::string> names = NamedByPlacements(options);
  for (const auto& [name, weight] : candidate.row.blend.weights) {
    if (weight.weight > 0) names.erase(name);
  }
  ComparisonOptions asked;
  asked.settings = options.settings;
  asked.evaluation.cutoffs = {kCutoff};
  TrainingContext from_scratch = context;
  from_scratch.live = nullptr;
  const StageReport part = PartOf(report, kFitBegin, kFitBegin, 1);
  for (const std::string& name : names) {
    const absl::StatusOr<std::optional<GateReport>> alone =
        HoldAloneAgainstLive({.name = name, .split = candidate.split}, *context.live, options.gate,
                             asked, from_scratch, part);
    if (EndsAllTraining(alone.status())) return alone.status();
    if (!alone.ok()) {  // Too little on the train part, or no longer made: nothing to hold against.
      Log(LogLevel::kWarning, "training.not-held-alone",
          {{"model", name}, {"reason", std::string(alone.status().message())}});
      continue;
    }
    if (!alone->has_value()) continue;
    if (!(*alone)->is_passed) {
      gate = **alone;
      return absl::OkStatus();
    }
    gate.verdict += "; " + (*alone)->verdict;
  }
  return absl::OkStatus();
}

// Nothing where there is nothing to be held against.
absl::StatusOr<std::optional<GateReport>> PassGate(const Candidate& candidate,
                                                   const LifecycleOptions& options,
                                                   ComparisonOptions comparison,
                                                   const TrainingContext& context,
                                                   const StageReport& report) {
  const ModelSet* live = context.live;
  if (!options.gate.is_on || live == nullptr || live->models.empty()) return std::nullopt;
  TrainingContext from_scratch = context;
  from_scratch.live = nullptr;  // What is served has seen the test part.
  comparison.lessons = candidate.row.blend.lessons;
  comparison.ranker = candidate.row.blend.ranker;
  const StageReport part = PartOf(report, kGateBegin, kFitBegin, live->models.size() + 1);
  absl::StatusOr<GateReport> gate =
      HoldAgainstLive(candidate, *live, options.gate, comparison, from_scratch, part);
  if (gate.ok() && gate->is_passed) {
    VITRINE_RETURN_IF_ERROR(PassGateAlone(candidate, options, context, report, *gate));
  }
  if (gate.ok()) return *std::move(gate);
  if (EndsAllTraining(gate.status())) return gate.status();
  // What is live cannot be made any more, so the candidate is all there is.
  Log(LogLevel::kWarning, "training.live-not-measured",
      {{"version", live->version}, {"reason", std::string(gate.status().message())}});
  return GateReport{.verdict = absl::StrFormat("not held against the live version %s: %s",
                                               live->version, std::string(gate.status().message())),
                    .live_version = live->version};
}

// A store and what it held when the training began.
struct Holdings {
  const FeatureStore& store;
  const Dataset& dataset;
};

// The blend's weights, learned on what comes before the latest interactions unless `comparison`
// keeps others, and its metrics on those, trained without them; held against what is live.
absl::StatusOr<MeasuredBlend> MeasureBlend(const Holdings& holdings,
                                           const LifecycleOptions& options,
                                           ComparisonOptions comparison,
                                           const TrainingContext& context,
                                           const StageReport& report) {
  const Dataset& dataset = holdings.dataset;
  const MeasuredBlend unmeasured{.blend = {.weights = ChosenWeights(options.blend, {})}};
  const Micros cut_us = TemporalCut(dataset, options.test_fraction);
  const Split split = SplitByTime(dataset, cut_us, /*allow_repeats=*/false);
  if (split.cases.empty()) return unmeasured;
  const LearnedBlend* kept = comparison.kept;
  Split validation;
  if (kept == nullptr) validation = ValidationBefore(dataset, cut_us, options.test_fraction);
  if (!validation.cases.empty()) comparison.validation = &validation;
  ShownLists shown;
  if (AsksForShownLists(comparison)) {
    if (report) report("read impressions", kMeasureBegin);
    VITRINE_ASSIGN_OR_RETURN(
        shown, ReadShownLists(holdings.store, dataset, {validation.train.now_us, cut_us},
                              context.is_cancelled));
    comparison.shown = &shown;
  }
  const std::size_t num_stages =
      kept == nullptr ? 2 * comparison.models.size() + 2 : kept->models.size() + 1;
  const StageReport part = PartOf(report, kMeasureBegin, kGateBegin, num_stages);
  TrainingContext from_scratch = context;
  from_scratch.live = nullptr;  // What is served has seen the test part.
  const absl::StatusOr<ComparisonRow> row =
      MeasureScorer(split, std::string(kBlendName), comparison, from_scratch, part);
  if (row.ok()) {
    VITRINE_ASSIGN_OR_RETURN(
        std::optional<GateReport> gate,
        PassGate({.split = split, .row = *row}, options, comparison, context, report));
    return MeasuredBlend{
        .blend = row->blend, .metrics = Named(row->evaluation), .gate = std::move(gate)};
  }
  if (EndsAllTraining(row.status())) return row.status();
  // The train part of a small shop may hold too little; if something else is wrong, fitting on all
  // data says so.
  Log(LogLevel::kWarning, "training.not-measured",
      {{"reason", std::string(row.status().message())}});
  return unmeasured;
}

// Adds what placements ask by name and the blend does not.
absl::Status AddModelsOfPlacements(const Dataset& dataset, const LifecycleOptions& options,
                                   const TrainingContext& context, const StageReport& report,
                                   ModelSet& models) {
  std::set<std::string> wanted = NamedByPlacements(options);
  for (const Model& model : models.models) wanted.erase(model.name);
  const StageReport part = PartOf(report, kFitEnd, kPlacementsEnd, wanted.size());
  for (const std::string& name : wanted) {
    ComparisonOptions only;
    only.models = {name};
    if (const auto set = options.settings.find(name); set != options.settings.end()) {
      only.settings.insert(*set);
    }
    auto fitted = TrainEach(dataset, only, context, part);
    if (EndsAllTraining(fitted.status())) return fitted.status();
    if (!fitted.ok()) {
      Log(LogLevel::kWarning, "training.no-model-for-placements",
          {{"model", name}, {"reason", std::string(fitted.status().message())}});
      continue;
    }
    for (TimedModel& each : *fitted) {
      each.model.as_paper = nullptr;
      models.models.push_back(std::move(each.model));
    }
  }
  return absl::OkStatus();
}

// Adds a purchase predictor, where there is enough to learn one from and it is better than none.
absl::Status AddPurchases(const FeatureStore& store, const LifecycleOptions& options,
                          const TrainingContext& context, const StageReport& report,
                          ModelSet& models) {
  const auto named = [&report](std::string_view stage, double /*fraction*/) {
    if (report) report("purchases: " + std::string(stage), kPlacementsEnd);
  };
  VITRINE_RETURN_IF_ERROR(ReadSessionLearning(options.purchase_settings).status());
  absl::StatusOr<PurchaseModel> trained = TrainPurchaseModel(
      store, options.purchase_settings, options.test_fraction, context, named, models.metrics);
  if (absl::IsFailedPrecondition(trained.status()) ||
      absl::IsInvalidArgument(trained.status())) {  // Too little to learn from.
    Log(LogLevel::kWarning, "training.no-purchase-predictor",
        {{"reason", std::string(trained.status().message())}});
    return absl::OkStatus();
  }
  VITRINE_RETURN_IF_ERROR(trained.status());
  if (trained->predictor == nullptr) {
    Log(LogLevel::kWarning, "training.no-purchase-predictor",
        {{"reason", "it says no more of the latest moments than the base rates do"}});
  }
  models.purchases = *std::move(trained);
  return absl::OkStatus();
}

// Lets the metrics say what a ranker learned from: 0 lists of impressions are sampled lessons.
void NoteLessons(const Model& model, ModelSet& models) {
  if (model.kind != kRankerName) return;
  const auto& ranker = static_cast<const DeepRanker&>(*model.scorer);
  models.metrics["ranker_impression_lists"] =
      static_cast<double>(ranker.table().gain.num_impression_lists);
}

void TellOfKept(const ModelSet& live, const StageReport& report) {
  const std::string what = "keeps the blend of " + live.version;
  Log(LogLevel::kInfo, "training.blend-kept", {{"what", what}});
  if (report) report(what, kMeasureBegin);
}

absl::StatusOr<TrainedModels> TrainWithin(const FeatureStore& store,
                                          const LifecycleOptions& options,
                                          const TrainingContext& context,
                                          const StageReport& report) {
  if (report) report("snapshot", 0);
  const std::uint64_t num_events = store.status().num_events;
  // From before the snapshot: what is put meanwhile is seen to differ.
  const std::uint32_t content_fingerprint = store.catalogue().content_fingerprint();
  VITRINE_ASSIGN_OR_RETURN(Dataset dataset, store.Snapshot(0));
  if (dataset.num_items() == 0) {
    return absl::FailedPreconditionError(
        "the store holds no items and no events on items: there is nothing to train on");
  }
  SpeakOfLatest(dataset);
  ComparisonOptions comparison{
      .models = options.models, .settings = options.settings, .blend = options.blend};
  comparison.evaluation.cutoffs = {kCutoff};
  const std::optional<LearnedBlend> kept = BlendToKeep(context.live, options);
  if (kept.has_value()) {
    comparison.kept = &*kept;
    TellOfKept(*context.live, report);
  }

  TrainedModels trained;
  VITRINE_ASSIGN_OR_RETURN(MeasuredBlend measured,
                           MeasureBlend({store, dataset}, options, comparison, context, report));
  trained.gate = std::move(measured.gate);
  if (trained.is_refused()) return trained;
  const LearnedBlend& blend = measured.blend;
  trained.models.weights = blend.weights;
  trained.models.cold_start_events = blend.cold_start_events;
  trained.models.trend = MeasureTrend(dataset, blend.trend.power, blend.trend.half_life_days);
  if (IsAuto(comparison)) Choose(blend, comparison);
  comparison.lessons = blend.lessons;
  comparison.ranker = blend.ranker;
  trained.models.metrics = std::move(measured.metrics);
  NoteBlend(blend, options, kept.has_value() ? context.live : nullptr, trained.models);
  const StageReport part = PartOf(report, kFitBegin, kFitEnd, comparison.models.size());
  VITRINE_ASSIGN_OR_RETURN(std::vector<TimedModel> fitted,
                           TrainEach(dataset, comparison, context, part));
  for (TimedModel& each : fitted) {
    each.model.as_paper = nullptr;  // For measuring; it may hold what shoppers did.
    NoteLessons(each.model, trained.models);
    trained.models.models.push_back(std::move(each.model));
  }
  VITRINE_RETURN_IF_ERROR(AddModelsOfPlacements(dataset, options, context, report, trained.models));
  if (options.has_purchase_predictor) {
    VITRINE_RETURN_IF_ERROR(AddPurchases(store, options, context, report, trained.models));
  }
  trained.models.metrics["events"] = static_cast<double>(num_events);
  trained.models.trained_us = options.clock->Now();
  trained.models.dataset_fingerprint = dataset.fingerprint;
  trained.models.content_fingerprint = content_fingerprint;
  trained.item_ids = std::move(dataset.item_ids);
  return trained;
}

}  // namespace

absl::StatusOr<TrainedModels> TrainModels(const FeatureStore& store,
                                          const LifecycleOptions& options,
                                          const TrainingContext& context,
                                          const StageReport& report) {
  const MemoryBudget budget(options.memory_mb, context.is_cancelled);
  TrainingContext bounded = context;
  bounded.is_cancelled = budget.must_stop();
  bounded.memory_bytes = budget.bytes();
  absl::StatusOr<TrainedModels> trained = TrainWithin(store, options, bounded, report);
  if (!trained.ok()) return budget.Judge(trained.status());
  return trained;
}

}  // namespace vitrine
