#include "vitrine/lifecycle/gate.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/training/trainer.h"

namespace vitrine {
namespace {

// When the first of the test part happened; every case is asked then or later.
Micros BeginOf(const Split& split) {
  return std::min_element(split.cases.begin(), split.cases.end(),
                          [](const TestCase& a, const TestCase& b) { return a.now_us < b.now_us; })
      ->now_us;
}

const Model* FindSame(const Model& wanted, const std::vector<TimedModel>& trained) {
  const auto same = std::find_if(trained.begin(), trained.end(), [&](const TimedModel& each) {
    return each.model.kind == wanted.kind && each.model.name == wanted.name &&
           each.model.settings == wanted.settings;
  });
  return same == trained.end() ? nullptr : &same->model;
}

// `model` trained on what the candidate was trained on.
absl::StatusOr<Model> Refit(const Model& model, const Candidate& candidate,
                            const ComparisonOptions& options, const TrainingContext& context,
                            const StageReport& report) {
  if (const Model* same = FindSame(model, candidate.row.trained); same != nullptr) return *same;
  ComparisonOptions only = options;
  // It cannot be taught what its settings do not name: then it stands for the order of its blend.
  if (model.kind == kRankerName && only.lessons != nullptr &&
      !IsTaughtBy(*only.lessons, model.settings)) {
    only.lessons = nullptr;
  }
  only.models = {model.name};
  only.settings = {{model.name, model.settings}};
  VITRINE_ASSIGN_OR_RETURN(std::vector<TimedModel> trained,
                           TrainEach(candidate.split.train, only, context, report));
  return std::move(trained.front().model);
}

// What is live as it would be, had it been trained on the candidate's train part. Nobody hears of
// its losses: they have the names of the candidate's networks.
absl::StatusOr<std::shared_ptr<const ModelSet>> RefitSet(const ModelSet& live,
                                                         const Candidate& candidate,
                                                         const ComparisonOptions& options,
                                                         TrainingContext context,
                                                         const StageReport& report) {
  context.networks.on_learned = {};
  auto set = std::make_shared<ModelSet>();
  set->version = live.version;
  set->weights = live.weights;
  set->cold_start_events = live.cold_start_events;
  set->trend = MeasureTrend(candidate.split.train, live.trend.power, live.trend.half_life_days);
  const BlendWeights weights = ChosenWeights(options.blend, live.weights);
  for (const Model& model : live.models) {
    const auto weight = weights.find(model.name);
    const bool counts = weight != weights.end() && weight->second.weight > 0;
    if (!counts && model.kind != kRankerName) continue;  // For some placements alone.
    VITRINE_ASSIGN_OR_RETURN(Model refitted, Refit(model, candidate, options, context, report));
    set->models.push_back(std::move(refitted));
  }
  return set;
}

// Whether training with `options`, which ask one model, makes the same of the same data.
bool IsMadeBy(const ComparisonOptions& options, const Model& model) {
  const std::string& name = options.models.front();
  const Trainer* trainer = FindTrainer(name);
  if (trainer == nullptr || model.kind != trainer->name) return false;
  Settings settings = trainer->defaults;
  if (const auto set = options.settings.find(name); set != options.settings.end()) {
    for (const auto& [key, value] : set->second) settings[key] = value;
  }
  return settings == model.settings;
}

void Judge(const GateOptions& gate, GateReport& report) {
  const bool is_worse = report.highest_difference < 0;
  const bool is_narrow = report.candidate_coverage < gate.least_coverage * report.live_coverage;
  report.is_passed = !is_worse && !is_narrow;
  report.verdict = absl::StrFormat(
      "ndcg@20 is %.4f against %.4f of the live version %s over %d shoppers, a difference of %+.4f "
      "to %+.4f (%g %% sure); the lists cover %.1f %% of the items against %.1f %%",
      report.candidate_accuracy, report.live_accuracy, report.live_version, report.num_users,
      report.lowest_difference, report.highest_difference, 100 * gate.resampling.level,
      100 * report.candidate_coverage, 100 * report.live_coverage);
  if (is_worse) report.verdict += "; it is less accurate beyond noise";
  if (is_narrow) {
    report.verdict +=
        absl::StrFormat("; it covers less than %g of what the live one does", gate.least_coverage);
  }
}

}  // namespace

absl::StatusOr<GateReport> HoldAgainstLive(const Candidate& candidate, const ModelSet& live,
                                           const GateOptions& gate,
                                           const ComparisonOptions& options,
                                           const TrainingContext& context,
                                           const StageReport& report) {
  GateReport result{.live_version = live.version};
  const Split& split = candidate.split;
  const Evaluation& evaluation = candidate.row.evaluation;
  if (evaluation.num_users < gate.least_users) {
    result.verdict = absl::StrFormat(
        "not held against the live version %s: there are %d shoppers to test on, %d are wanted",
        live.version, evaluation.num_users, gate.least_users);
    return result;
  }
  result.is_live_refitted = live.trained_us > BeginOf(split);
  // Shares what is live; it is gone before the caller's set is.
  std::shared_ptr<const ModelSet> set(std::shared_ptr<const ModelSet>(), &live);
  if (result.is_live_refitted) {
    VITRINE_ASSIGN_OR_RETURN(set, RefitSet(live, candidate, options, context, report));
  }
  EvaluationOptions asked = options.evaluation;
  asked.is_cancelled = context.is_cancelled;
  if (report) asked.progress = [&report](double fraction) { report("evaluate live", fraction); };
  const Evaluation of_live = Evaluate(Pipeline(set, options.blend), split, asked, *context.pool);
  if (IsCancelled(context)) return absl::CancelledError("the training was cancelled");

  const std::size_t k = asked.cutoffs.front();
  const Difference difference =
      ComparePaired(split, evaluation, of_live, gate.resampling, *context.pool)
          .at(absl::StrFormat("ndcg@%d", k));
  const auto coverage = [&](const Evaluation& each) {
    return Summarise(split, each, {.bootstrap_rounds = 0}, *context.pool).exposure.at(k).coverage;
  };
  result.num_users = evaluation.num_users;
  result.candidate_accuracy = evaluation.at.at(k).ndcg;
  result.live_accuracy = of_live.at.at(k).ndcg;
  result.lowest_difference = difference.interval.low;
  result.highest_difference = difference.interval.high;
  result.candidate_coverage = coverage(evaluation);
  result.live_coverage = coverage(of_live);
  Judge(gate, result);
  return result;
}

absl::StatusOr<std::optional<GateReport>> HoldAloneAgainstLive(
    const LoneCandidate& candidate, const ModelSet& live, const GateOptions& gate,
    const ComparisonOptions& options, const TrainingContext& context, const StageReport& report) {
  const std::string& name = candidate.name;
  const auto served = std::find_if(live.models.begin(), live.models.end(),
                                   [&](const Model& model) { return model.name == name; });
  if (served == live.models.end()) return std::nullopt;
  ComparisonOptions alone;
  alone.models = {name};
  alone.evaluation = options.evaluation;
  if (const auto set = options.settings.find(name); set != options.settings.end()) {
    alone.settings.insert(*set);
  }
  alone.blend.weights[name] = 1;
  alone.blend.cold_start_events = 0;
  if (live.trained_us > BeginOf(candidate.split) && IsMadeBy(alone, *served)) return std::nullopt;
  VITRINE_ASSIGN_OR_RETURN(
      const ComparisonRow row,
      MeasureScorer(candidate.split, std::string(kBlendName), alone, context, report));
  ModelSet only;
  only.version = live.version;
  only.trained_us = live.trained_us;
  only.models.push_back(*served);
  VITRINE_ASSIGN_OR_RETURN(
      GateReport verdict,
      HoldAgainstLive({.split = candidate.split, .row = row}, only, gate, alone, context, report));
  verdict.verdict = absl::StrFormat("%s, which placements ask by name: %s", name, verdict.verdict);
  return verdict;
}

}  // namespace vitrine
