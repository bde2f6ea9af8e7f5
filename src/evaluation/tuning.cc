#include "vitrine/evaluation/tuning.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "evaluation/parzen_search.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

// Proposals that were tried before are drawn again, at most so often.
constexpr std::size_t kRedraws = 20;

constexpr double kNoValue = -std::numeric_limits<double>::infinity();

double SecondsSince(Micros start) {
  return static_cast<double>(MonotonicNow() - start) / static_cast<double>(kMicrosPerSecond);
}

absl::StatusOr<double RankingMetrics::*> FindMetric(const std::string& name) {
  std::string names;
  for (const RankingMetricField& field : kRankingMetricFields) {
    if (field.name == name) return field.value;
    names += (names.empty() ? "" : ", ") + std::string(field.name);
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("there is no metric '%s'; there are %s", name, names));
}

// What is searched: the trainer's ranges without those of fixed settings.
absl::StatusOr<std::vector<SettingRange>> Searched(const Trainer& trainer, const Settings& fixed) {
  std::vector<SettingRange> searched;
  for (const SettingRange& range : trainer.ranges) {
    if (!fixed.contains(range.setting)) searched.push_back(range);
  }
  if (!searched.empty()) return searched;
  return absl::InvalidArgumentError(
      trainer.ranges.empty()
          ? absl::StrFormat("model '%s' has no settings to search", trainer.name)
          : absl::StrFormat("every setting of model '%s' that could be searched is set",
                            trainer.name));
}

// Proposes settings that were not tried yet, and learns from what they reached.
class Search {
 public:
  Search(std::vector<SettingRange> ranges, const TuningOptions& options)
      : ranges_(std::move(ranges)), options_(options), parzen_(NumChoices(ranges_), options.seed) {}

  // What the trainer does by itself, as far as it lies on the ranges' scales.
  Settings First(const Settings& defaults) {
    for (const SettingRange& range : ranges_) {
      const std::optional<double> unit = UnitOf(range, defaults.at(range.setting));
      if (unit.has_value()) point_.push_back(*unit);
    }
    if (point_.size() < ranges_.size()) point_.clear();
    return options_.fixed;
  }

  // The settings of trial `number` as they differ from the trainer's own.
  Settings Next(std::size_t number) {
    Settings settings = options_.fixed;
    for (std::size_t draw = 0; draw <= kRedraws; ++draw) {
      const bool is_random = number <= options_.num_random || draw > kRedraws / 2;
      point_ = is_random ? parzen_.Draw() : parzen_.Propose();
      for (std::size_t d = 0; d < ranges_.size(); ++d) {
        settings[ranges_[d].setting] = ValueAt(ranges_[d], point_[d]);
      }
      if (std::find(tried_.begin(), tried_.end(), settings) == tried_.end()) break;
    }
    tried_.push_back(settings);
    return settings;
  }

  // What the latest settings reached.
  void Tell(double value) {
    if (!point_.empty()) parzen_.Tell(point_, value);
  }

 private:
  static std::vector<std::size_t> NumChoices(const std::vector<SettingRange>& ranges) {
    std::vector<std::size_t> num_choices;
    for (const SettingRange& range : ranges) num_choices.push_back(range.choices.size());
    return num_choices;
  }

  std::vector<SettingRange> ranges_;
  const TuningOptions& options_;
  ParzenSearch parzen_;
  std::vector<double> point_;
  std::vector<Settings> tried_;
};

absl::StatusOr<Reached> TrainAndMeasure(const Split& validation, const Trainer& trainer,
                                        const Settings& settings, const TuningOptions& options,
                                        const TrainingContext& context) {
  Reached reached;
  const Micros start = MonotonicNow();
  VITRINE_ASSIGN_OR_RETURN(const Model model, trainer.train(validation.train, settings, context));
  reached.train_seconds = SecondsSince(start);
  EvaluationOptions evaluation = options.evaluation;
  evaluation.is_cancelled = context.is_cancelled;
  const Evaluation measured = EvaluateModel(model, validation, evaluation, *context.pool);
  reached.value =
      measured.at.at(options.evaluation.cutoffs.front()).*FindMetric(options.metric).value();
  reached.evaluate_seconds = measured.seconds;
  return reached;
}

Trial Run(const Measure& measure, const Trainer& trainer, const Settings& settings) {
  const absl::StatusOr<Reached> reached = measure(settings);
  Trial trial{.settings = trainer.defaults, .status = reached.status()};
  for (const auto& [name, value] : settings) trial.settings[name] = value;
  if (!reached.ok()) return trial;
  trial.value = reached->value;
  trial.train_seconds = reached->train_seconds;
  trial.evaluate_seconds = reached->evaluate_seconds;
  return trial;
}

}  // namespace

absl::StatusOr<Tuning> TuneBy(const Measure& measure, Better better, const Trainer& trainer,
                              const TuningOptions& options, const TrainingContext& context,
                              const TrialReport& report) {
  VITRINE_ASSIGN_OR_RETURN(std::vector<SettingRange> searched, Searched(trainer, options.fixed));
  Search search(std::move(searched), options);
  const double sign = better == Better::kHigher ? 1 : -1;
  Tuning tuning;
  while (tuning.trials.size() < options.num_trials && !tuning.is_out_of_patience) {
    const std::size_t number = tuning.trials.size();
    const Settings settings = number == 0 ? search.First(trainer.defaults) : search.Next(number);
    Trial trial = Run(measure, trainer, settings);
    if (IsCancelled(context)) return absl::CancelledError("the search was cancelled");
    if (number == 0 && !trial.status.ok()) return trial.status;
    search.Tell(trial.status.ok() ? sign * trial.value : kNoValue);
    const bool is_best =
        number == 0 ||
        (trial.status.ok() && sign * trial.value > sign * tuning.trials[tuning.best].value);
    tuning.trials.push_back(std::move(trial));
    if (is_best) tuning.best = number;
    tuning.is_out_of_patience = number - tuning.best >= options.patience;
    if (report) report(tuning);
  }
  return tuning;
}

absl::StatusOr<Tuning> Tune(const Split& validation, const Trainer& trainer,
                            const TuningOptions& options, const TrainingContext& context,
                            const TrialReport& report) {
  VITRINE_RETURN_IF_ERROR(FindMetric(options.metric).status());
  const Measure measure = [&](const Settings& settings) {
    return TrainAndMeasure(validation, trainer, settings, options, context);
  };
  return TuneBy(measure, Better::kHigher, trainer, options, context, report);
}

}  // namespace vitrine
