#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "training/deep_ranker_learner.h"
#include "training/epochs.h"
#include "training/setting_reader.h"
#include "training/trainers.h"
#include "vitrine/base/fingerprint.h"
#include "vitrine/base/log.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/models/ranker_model.h"

namespace vitrine {

namespace {

constexpr std::string_view kName = "deep_ranker";

Settings Defaults() {
  return {{"candidates", "300"},    {"networks", "4"},
          {"crosses", "2"},         {"hidden", "32"},
          {"dropout", "0.1"},       {"epochs", "30"},
          {"batch", "16"},          {"learning_rate", "0.002"},
          {"weight_decay", "0.01"}, {"pointwise_weight", "5"},
          {"patience", "3"},        {"deadline_ms", "5"},
          {"lessons", "auto"},      {"seed", "1"}};
}

// Of all that is learned from.
std::uint64_t FingerprintOf(const RankerLessons& lessons) {
  Fingerprint fingerprint;
  for (const std::string& scorer : lessons.scorers) fingerprint.writer().String(scorer);
  fingerprint.Array(lessons.begin);
  fingerprint.Write(lessons.features);
  fingerprint.Array(lessons.is_wanted);
  fingerprint.Array(lessons.shoppers);
  return fingerprint.Take();
}

const char* NameOf(LessonSource source) {
  return source == LessonSource::kImpressions ? "impressions" : "sampled";
}

absl::StatusOr<Model> TrainAlone(const Dataset& dataset, const Settings& settings,
                                 const TrainingContext& context) {
  return TrainRanker(dataset, settings, nullptr, context);
}

}  // namespace

bool IsChoice(std::span<const std::uint8_t> is_wanted) {
  const auto num_wanted = std::count(is_wanted.begin(), is_wanted.end(), 1);
  return num_wanted > 0 && num_wanted < std::ssize(is_wanted);
}

bool IsTaughtBy(const RankerLessons& lessons, const Settings& settings) {
  const auto found = settings.find("lessons");
  return found == settings.end() || found->second == "auto" ||
         found->second == NameOf(lessons.source);
}

absl::StatusOr<Model> TrainRanker(const Dataset& dataset, const Settings& settings,
                                  const RankerLessons* lessons, const TrainingContext& context) {
  SettingReader reader(kName, Defaults(), settings);
  DeepRankerTable table;
  RankerLearning learning;
  table.num_candidates = reader.Count("candidates", 2, 10'000);
  table.shape.num_crosses = reader.Count("crosses", 0, 8);
  table.shape.hidden = reader.Count("hidden", 2, 1024);
  table.deadline_ms = reader.Number("deadline_ms", 0, 60'000);
  learning.networks = reader.Count("networks", 2, 16);
  learning.dropout = reader.Number("dropout", 0, 0.95);
  learning.epochs = reader.Count("epochs", 1, 100'000);
  learning.batch = reader.Count("batch", 1, 1'000'000);
  learning.learning_rate = reader.Number("learning_rate", 1e-9, 10);
  learning.weight_decay = reader.Number("weight_decay", 0, 10);
  learning.pointwise_weight = reader.Number("pointwise_weight", 0, 1e6);
  learning.patience = reader.Count("patience", 0, 100'000);
  learning.seed = reader.Count("seed", 0, 1'000'000'000);
  const std::string wanted = reader.Choice("lessons", {"auto", "impressions", "sampled"});
  VITRINE_RETURN_IF_ERROR(reader.status());
  if (lessons != nullptr && !IsTaughtBy(*lessons, settings)) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "lessons = '%s' wants such lessons, and these are '%s': lessons = 'auto' takes either",
        wanted, NameOf(lessons->source)));
  }
  if (IsCancelled(context)) return Cancelled(kName);

  table.item_facts = ItemFacts(dataset);
  table.unknown_facts = UnknownItemFacts();
  table.item_behaviour = MeasureBehaviour(dataset);
  const bool learns = lessons != nullptr && lessons->num_shoppers() >= kLeastShoppersToLearn;
  if (learns) table.scorers = lessons->scorers;
  table.shape.num_features = RankerFeatureNames(table.scorers).size();
  table.means = Matrix::Zero(1, static_cast<Eigen::Index>(table.shape.num_features));
  table.scales = table.means;
  if (learns) {
    const std::uint64_t data = context.networks.on_start ? FingerprintOf(*lessons) : 0;
    const TrainingContext own = ForNetworks(context, kName, data, reader.complete());
    VITRINE_ASSIGN_OR_RETURN(table.gain, LearnRanker(*lessons, learning, own, table));
    if (lessons->source == LessonSource::kImpressions) {
      table.gain.num_impression_lists = lessons->num_lists();
    }
  }
  VITRINE_ASSIGN_OR_RETURN(const auto ranker, DeepRanker::Create(std::move(table)));
  Log(LogLevel::kInfo, "deep_ranker.learned", {{"what", ranker->learned()}});
  ReportProgress(context, 1);
  Model model = MakeModel(ranker);
  model.settings = reader.complete();
  return model;
}

absl::StatusOr<Model> RenewRanker(const Dataset& dataset, const Model& ranker,
                                  const TrainingContext& context) {
  if (IsCancelled(context)) return Cancelled(kName);
  DeepRankerTable table = static_cast<const DeepRanker&>(*ranker.scorer).table();
  table.item_facts = ItemFacts(dataset);
  table.unknown_facts = UnknownItemFacts();
  table.item_behaviour = MeasureBehaviour(dataset);
  VITRINE_ASSIGN_OR_RETURN(const auto renewed, DeepRanker::Create(std::move(table)));
  ReportProgress(context, 1);
  Model model = MakeModel(renewed);
  model.settings = ranker.settings;
  return model;
}

Trainer DeepRankerTrainer() {
  return {.name = kName,
          .description = "ranks the best of the blend anew: wide and deep with crosses of features",
          .defaults = Defaults(),
          .ranges = {BetweenLog("learning_rate", 5e-4, 0.01), BetweenLog("weight_decay", 1e-3, 1),
                     Between("dropout", 0, 0.5), BetweenLog("pointwise_weight", 0.5, 20),
                     OneOf("hidden", {"16", "32", "64"})},
          .learns_by_epochs = true,
          .train = &TrainAlone};
}

}  // namespace vitrine
