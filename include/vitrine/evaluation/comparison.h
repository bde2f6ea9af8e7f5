#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/engine/pipeline.h"
#include "vitrine/engine/rank_stage.h"
#include "vitrine/evaluation/protocol.h"
#include "vitrine/evaluation/shown_lists.h"
#include "vitrine/evaluation/summary.h"
#include "vitrine/feature_store/feature_store.h"
#include "vitrine/training/ranker_lessons.h"
#include "vitrine/training/trainer.h"

namespace vitrine {

// Hears of each stage ("train ials", "evaluate blend") and how much of it is done, 0 to 1. May be
// empty. Calls do not overlap, and come from any thread.
using StageReport = std::function<void(std::string_view stage, double fraction)>;

// The scorers' names, as models are called, and this one for all of them together.
inline constexpr std::string_view kBlendName = "blend";

// Stands for models and settings that are chosen by the data: alone among
// ComparisonOptions::models, or as a scorer's name for the blend of what was chosen.
inline constexpr std::string_view kAutoName = "auto";

// A blend as it was learned on a validation part: what to train, and how much it counts.
struct LearnedBlend {
  std::vector<std::string> models{};           // With a weight; a ranker, where one is asked for.
  std::map<std::string, Settings> settings{};  // By model name.
  BlendWeights weights{};                      // Empty: there was too little to learn from.
  double cold_start_events = -1;               // Below 0: the same.
  Trend trend{};                               // The rule alone.
  std::shared_ptr<const RankerLessons> lessons{};  // For the ranker; null without one.
  // A ranker that has learned already and is kept; else null. There are no lessons then.
  std::shared_ptr<const Model> ranker{};
};

struct ComparisonOptions {
  std::vector<std::string> models = {"most_popular", "content", "item_knn", "ials"};
  std::map<std::string, Settings> settings{};  // By model name; the trainers' defaults otherwise.
  BlendOptions blend{};
  // What the blend's weights are learned on, unless `blend` says them. Null: they are not learned.
  const Split* validation = nullptr;
  // A blend that was learned before: it is trained and measured as it is, and nothing is learned.
  // For MeasureScorer of the blend alone. Null: none.
  const LearnedBlend* kept = nullptr;
  // What shoppers were shown from the validation part's cut to the test part's, for a ranker among
  // the models to learn from (AsksForShownLists). Null: nobody can tell.
  const ShownLists* shown = nullptr;
  // What a ranker among the models learns from; null: it leaves the blend's order as it is.
  std::shared_ptr<const RankerLessons> lessons{};
  std::shared_ptr<const Model> ranker{};  // One that is kept instead, with new facts of the items.
  EvaluationOptions evaluation{};         // `progress` and `is_cancelled` are taken from elsewhere.
  std::optional<ResamplingOptions> resampling{};  // Summaries and differences, where given.
};

// A model and how long it took to train.
struct TimedModel {
  Model model{};
  double train_seconds = 0;
};

// One line of the table.
struct ComparisonRow {
  std::string name{};  // Of the model, or kBlendName.
  // All that it was trained with. Of the blend: each model's weight, as in "ials", and where that
  // grows with the query, as in "ials.signals".
  Settings settings{};
  LearnedBlend blend{};               // Of the blend; its weights also where they were not learned.
  std::vector<TimedModel> trained{};  // Of the blend: its models, as trained on the train part.
  double train_seconds = 0;           // Of the blend: of all its models.
  bool is_as_paper = false;           // The scorer's published form was measured.
  Evaluation evaluation{};
  Summary summary{};
  std::string against{};                            // Another row's name, or empty; then
  std::map<std::string, Difference> differences{};  // this row less that one, by metric.
};

// Trains each model of `options` on `dataset`, in that order; settings of others do not matter.
// Errors: those of the trainers, naming the model; INVALID_ARGUMENT there is no trainer of that
// name; CANCELLED.
absl::StatusOr<std::vector<TimedModel>> TrainEach(const Dataset& dataset,
                                                  const ComparisonOptions& options,
                                                  const TrainingContext& context,
                                                  const StageReport& report);

// Leaves `options` with this model and its settings.
void KeepOnly(const std::string& model, ComparisonOptions& options);

// Makes `options` train what was learned; where nothing was and models are to be chosen, what a
// shop is served with at first.
void Choose(const LearnedBlend& learned, ComparisonOptions& options);

// Whether the models are to be chosen.
bool IsAuto(const ComparisonOptions& options);

// Whether learning with `options` looks at ComparisonOptions::shown: whoever has a store then reads
// it.
bool AsksForShownLists(const ComparisonOptions& options);

// Trains on the split's train part and measures: a row for each model, then one for the blend,
// which the others are held against. Errors: those of TrainEach.
absl::StatusOr<std::vector<ComparisonRow>> CompareModels(const Split& split,
                                                         const ComparisonOptions& options,
                                                         const TrainingContext& context,
                                                         const StageReport& report);

// One row of that: `name` is a model's; or kBlendName, which trains all models of `options` that
// have a weight; or kAutoName, the same with models and settings that are chosen on the validation
// part (AutoCandidates), as far as `options` give no settings.
absl::StatusOr<ComparisonRow> MeasureScorer(const Split& split, const std::string& name,
                                            const ComparisonOptions& options,
                                            const TrainingContext& context,
                                            const StageReport& report);

// Holds `row` against `other`, two rows of one split.
void HoldAgainst(const ComparisonRow& other, const Split& split, const ResamplingOptions& options,
                 ThreadPool& pool, ComparisonRow& row);

// What a store's table was measured on, and the table.
struct StoreComparison {
  Micros cut_us = 0;  // Before it: training.
  std::size_t num_train_users = 0;
  std::size_t num_train_interactions = 0;
  std::size_t num_test_interactions = 0;
  std::vector<ComparisonRow> rows{};
};

// Compares all models and the blend on the temporal split of what `store` holds, with the latest
// `test_fraction` of the interactions as the test part. Reads the store, changes nothing. Errors:
// those of TrainEach and Snapshot; FAILED_PRECONDITION nothing is left to test on.
absl::StatusOr<StoreComparison> CompareOnStore(const FeatureStore& store, double test_fraction,
                                               const ComparisonOptions& options,
                                               const TrainingContext& context,
                                               const StageReport& report);

}  // namespace vitrine
