#include "evaluation/learn_blend.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "evaluation/ask_for_ranker.h"
#include "evaluation/blend_cases.h"
#include "vitrine/base/log.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/evaluation/auto_models.h"
#include "vitrine/evaluation/blend_fit.h"
#include "vitrine/scorers/dnn/deep_ranker.h"

namespace vitrine {
namespace {

// Cases that settings are compared on.
constexpr std::size_t kMostCases = 4000;

// Some of the cases, to be asked; nothing to train on.
Split Thinned(const Split& validation) {
  return {.past = validation.past,
          .cases = Spread(validation.cases, kMostCases),
          .candidates = validation.candidates,
          .allow_repeats = validation.allow_repeats};
}

double NdcgOf(const Model& model, const Split& thinned, const ComparisonOptions& options,
              const TrainingContext& context) {
  EvaluationOptions evaluation;
  evaluation.cutoffs = {options.evaluation.cutoffs.front()};
  evaluation.history_limit = options.evaluation.history_limit;
  evaluation.is_cancelled = context.is_cancelled;
  const Evaluation measured = EvaluateModel(model, thinned, evaluation, *context.pool);
  return measured.at.begin()->second.ndcg;
}

// The candidate trained with the settings that do best; none where it cannot learn from the data.
absl::StatusOr<std::optional<TimedModel>> TrainBest(const AutoCandidate& candidate,
                                                    const Split& thinned,
                                                    const ComparisonOptions& options,
                                                    const TrainingContext& context,
                                                    const StageReport& report) {
  std::vector<Settings> tried = candidate.settings;
  const auto given = options.settings.find(candidate.model);
  if (given != options.settings.end()) tried = {given->second};
  std::optional<TimedModel> best;
  double best_ndcg = -1;
  for (const Settings& settings : tried) {
    ComparisonOptions one = options;
    one.models = {candidate.model};
    one.settings = {{candidate.model, settings}};
    absl::StatusOr<std::vector<TimedModel>> trained =
        TrainEach(options.validation->train, one, context, report);
    if (EndsAllTraining(trained.status())) return trained.status();
    if (!trained.ok()) {
      // A shape may promise what the data do not hold, such as ratings, or memory enough.
      Log(LogLevel::kInfo, "auto.not-trained",
          {{"model", candidate.model}, {"reason", std::string(trained.status().message())}});
      continue;
    }
    const double ndcg =
        tried.size() == 1 ? 0 : NdcgOf(trained->front().model, thinned, options, context);
    if (ndcg <= best_ndcg) continue;
    best_ndcg = ndcg;
    best = std::move(trained->front());
  }
  return best;
}

absl::StatusOr<std::vector<TimedModel>> TrainCandidates(const ComparisonOptions& options,
                                                        const TrainingContext& context,
                                                        const StageReport& report) {
  const Split thinned = Thinned(*options.validation);
  std::vector<TimedModel> trained;
  for (const AutoCandidate& candidate : AutoCandidates(*options.validation)) {
    VITRINE_ASSIGN_OR_RETURN(std::optional<TimedModel> best,
                             TrainBest(candidate, thinned, options, context, report));
    if (best.has_value()) trained.push_back(*std::move(best));
  }
  return trained;
}

BlendFit Fit(const std::vector<TimedModel>& trained, const ComparisonOptions& options,
             const TrainingContext& context, const StageReport& report) {
  std::vector<Model> models;
  models.reserve(trained.size());
  for (const TimedModel& each : trained) models.push_back(each.model);
  BlendFitOptions fit{.cutoff = options.evaluation.cutoffs.front(),
                      .history_limit = options.evaluation.history_limit,
                      .is_cancelled = context.is_cancelled};
  if (report) fit.progress = [&](double done) { report("learn blend", done); };
  return FitBlend(models, *options.validation, fit, *context.pool);
}

// How many of the blend's best the ranker with these settings wants to see. Errors: the trainer's.
absl::StatusOr<std::size_t> NumRankerCandidates(const ComparisonOptions& options,
                                                const TrainingContext& context) {
  ComparisonOptions ranker = options;
  KeepOnly(std::string(kRankerName), ranker);
  ranker.lessons = nullptr;
  VITRINE_ASSIGN_OR_RETURN(const std::vector<TimedModel> untaught,
                           TrainEach(Dataset(), ranker, context, {}));
  return static_cast<const DeepRanker&>(*untaught.front().model.scorer).num_candidates();
}

// Lessons of what shoppers were shown; null where the setting wants none or there are too few, or
// where cancelled.
std::shared_ptr<const RankerLessons> ImpressionLessons(const Pipeline& blend,
                                                       const ComparisonOptions& options,
                                                       const RankerAsking& asking,
                                                       const TrainingContext& context) {
  const std::string setting = LessonsSetting(options);
  const ShownLists none;
  const ShownLists& shown = options.shown != nullptr ? *options.shown : none;
  const bool is_sure = setting == "impressions";
  std::size_t num_choosers = NumChoosers(shown);
  std::shared_ptr<const RankerLessons> lessons;
  if (is_sure || (setting == "auto" && num_choosers >= kLeastShoppersToLearn)) {
    lessons = AskAboutShown(blend, *options.validation, shown, asking, context);
    if (lessons == nullptr) return nullptr;
    num_choosers = NumChoosers(*lessons);
    if (!is_sure && num_choosers < kLeastShoppersToLearn) lessons = nullptr;
  }
  Log(LogLevel::kInfo, "deep_ranker.lessons",
      {{"lessons", lessons == nullptr ? "sampled" : "impressions"},
       {"setting", setting},
       {"lists", lessons == nullptr ? shown.lists.size() : lessons->num_lists()},
       {"choosers", num_choosers},
       {"least_choosers", kLeastShoppersToLearn}});
  return lessons;
}

// What the ranker learns from, of the blend that was learned.
std::shared_ptr<const RankerLessons> LessonsOf(const Learning& learning, std::size_t num_candidates,
                                               const ComparisonOptions& options,
                                               const TrainingContext& context) {
  auto models = std::make_shared<ModelSet>();
  for (const TimedModel& each : learning.trained) models->models.push_back(each.model);
  models->weights = learning.blend.weights;
  models->cold_start_events = learning.blend.cold_start_events;
  const Trend& trend = learning.blend.trend;
  models->trend = MeasureTrend(options.validation->train, trend.power, trend.half_life_days);
  const Pipeline blend(std::move(models), options.blend);
  const RankerAsking asking{.num_candidates = num_candidates,
                            .history_limit = options.evaluation.history_limit};
  auto lessons = ImpressionLessons(blend, options, asking, context);
  if (lessons != nullptr) return lessons;
  return AskForRanker(blend, *options.validation, asking, context);
}

}  // namespace

bool AsksForShownLists(const ComparisonOptions& options) {
  return HasRanker(options) && Learns(options) && LessonsSetting(options) != "sampled";
}

bool Learns(const ComparisonOptions& options) {
  return options.validation != nullptr && !options.validation->cases.empty() &&
         options.blend.weights.empty();
}

absl::StatusOr<Learning> LearnBlend(const ComparisonOptions& options,
                                    const TrainingContext& context, const StageReport& report) {
  ComparisonOptions blended = options;
  std::size_t num_candidates = 0;
  if (HasRanker(options)) {
    VITRINE_ASSIGN_OR_RETURN(num_candidates, NumRankerCandidates(options, context));
    RemoveRanker(blended);
  }
  Learning learning;
  if (IsAuto(blended)) {
    VITRINE_ASSIGN_OR_RETURN(learning.trained, TrainCandidates(blended, context, report));
  } else {
    VITRINE_ASSIGN_OR_RETURN(learning.trained,
                             TrainEach(options.validation->train, blended, context, report));
  }
  BlendFit fit = Fit(learning.trained, blended, context, report);
  if (context.is_cancelled != nullptr && *context.is_cancelled) {
    return absl::CancelledError("the learning of the blend was cancelled");
  }
  if (fit.weights.empty()) return Learning();
  std::erase_if(learning.trained, [&](const TimedModel& each) {
    return fit.weights.at(each.model.name).weight == 0;
  });
  for (const TimedModel& each : learning.trained) {
    learning.blend.models.push_back(each.model.name);
    learning.blend.settings[each.model.name] = each.model.settings;
  }
  learning.blend.weights = std::move(fit.weights);
  learning.blend.cold_start_events = fit.cold_start_events;
  learning.blend.trend = std::move(fit.trend);
  if (!HasRanker(options)) return learning;
  learning.blend.lessons = LessonsOf(learning, num_candidates, options, context);
  if (learning.blend.lessons == nullptr) {
    return absl::CancelledError("the learning of the ranker was cancelled");
  }
  learning.blend.models.emplace_back(kRankerName);
  const auto settings = options.settings.find(std::string(kRankerName));
  if (settings != options.settings.end()) learning.blend.settings.insert(*settings);
  return learning;
}

}  // namespace vitrine
