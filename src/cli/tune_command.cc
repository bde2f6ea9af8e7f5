#include "cli/tune_command.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "cli/command.h"
#include "cli/config.h"
#include "cli/evaluation_settings.h"
#include "cli/evaluation_split.h"
#include "cli/tuning_report.h"
#include "vitrine/base/atomic_file.h"
#include "vitrine/base/log.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/evaluation/tuning.h"

namespace vitrine::cli {
namespace {

struct TuneFlags {
  SplitFlags split;
  std::string config;
  std::string scorer;
  std::vector<std::string> set;
  std::string metric = "ndcg@20";
  std::size_t num_trials = 50;
  std::size_t num_random = 12;
  std::size_t patience = 25;
  std::uint64_t seed = 1;
  std::size_t num_threads = 0;
  std::string out;
  bool is_as_paper = false;
  bool is_json = false;
};

// Of ratings: the lower the better.
absl::Status CheckRatingMetric(const std::string& metric) {
  if (metric == "rmse" || metric == "mae") return absl::OkStatus();
  return UsageError(
      absl::StrFormat("--metric is \"%s\"; of --protocol ratings it is rmse or mae", metric));
}

// "ndcg@20": the metric, and the cut-off of the lists.
absl::Status ReadMetric(const std::string& text, TuningOptions& options) {
  const std::size_t at = text.find('@');
  std::size_t cutoff = 0;
  const char* const end = text.data() + text.size();
  const bool is_number = at != std::string::npos &&
                         std::from_chars(text.data() + at + 1, end, cutoff).ptr == end &&
                         at + 1 < text.size();
  if (!is_number || cutoff < 1 || cutoff > 1000) {
    return UsageError(absl::StrFormat(
        "--metric is \"%s\"; wants a metric and a list length from 1 to 1000, as in ndcg@20",
        text));
  }
  options.metric = text.substr(0, at);
  options.evaluation.cutoffs = {cutoff};
  return absl::OkStatus();
}

absl::StatusOr<TuningOptions> MakeOptions(const TuneFlags& flags) {
  TuningOptions options{.num_trials = flags.num_trials,
                        .num_random = flags.num_random,
                        .patience = flags.patience,
                        .seed = flags.seed};
  VITRINE_RETURN_IF_ERROR(IsOfRatings(flags.split) ? CheckRatingMetric(flags.metric)
                                                   : ReadMetric(flags.metric, options));
  options.evaluation.as_paper = flags.is_as_paper;
  VITRINE_ASSIGN_OR_RETURN(const Config config, LoadConfig(flags.config));
  ComparisonOptions given;
  given.settings = config.lifecycle.settings;
  VITRINE_RETURN_IF_ERROR(ApplySettings(flags.scorer, flags.set, given));
  options.fixed = given.settings[flags.scorer];
  return options;
}

// The command again, as far as it decides what was found.
std::string Origin(const TuneFlags& flags) {
  const SplitFlags& split = flags.split;
  const bool is_fixed = split.protocol == "fixed";
  std::string text = absl::StrFormat(
      "vitrine tune --scorer %s --protocol %s %s %s --format %s --share %g --metric %s --trials %d "
      "--random %d --patience %d --seed %d",
      flags.scorer, split.protocol, is_fixed ? "--train" : "--data",
      is_fixed ? split.train : split.data, split.format, split.share, flags.metric,
      flags.num_trials, flags.num_random, flags.patience, flags.seed);
  if (IsOfRatings(split)) {
    text += absl::StrFormat(" --folds %d --fold-seed %d", split.num_folds, split.fold_seed);
  }
  if (!split.cut.empty()) text += " --cut " + split.cut;
  if (split.is_repeats) text += " --repeats";
  if (split.is_distinct) text += " --distinct";
  if (flags.is_as_paper) text += " --as-paper";
  if (!flags.config.empty()) text += " --config " + flags.config;
  for (const std::string& setting : flags.set) text += " --set " + setting;
  return text;
}

absl::StatusOr<Tuning> Search(const TuneFlags& flags, const Trainer& trainer,
                              const TuningOptions& options, const TrainingContext& context,
                              const TrialReport& report) {
  if (!IsOfRatings(flags.split)) {
    VITRINE_ASSIGN_OR_RETURN(const Split split, ReadSplit(flags.split, Part::kValidation));
    return Tune(split, trainer, options, context, report);
  }
  VITRINE_ASSIGN_OR_RETURN(const RatingPart part, ReadRatings(flags.split, Part::kValidation));
  const Measure measure = [&](const Settings& settings) -> absl::StatusOr<Reached> {
    ComparisonOptions comparison;
    comparison.settings[flags.scorer] = settings;
    VITRINE_ASSIGN_OR_RETURN(
        const RatingRow row,
        MeasureRatings(part.dataset, part.held, flags.scorer, comparison, context, {}));
    return Reached{flags.metric == "mae" ? row.all.mae : row.all.rmse, row.train_seconds,
                   row.evaluate_seconds};
  };
  return TuneBy(measure, Better::kLower, trainer, options, context, report);
}

absl::Status Run(const TuneFlags& flags) {
  VITRINE_RETURN_IF_ERROR(CheckScorer(flags.scorer));
  const Trainer* trainer = FindTrainer(flags.scorer);
  if (trainer == nullptr) {
    return UsageError(absl::StrFormat("%s is no model with settings to search", flags.scorer));
  }
  VITRINE_RETURN_IF_ERROR(CheckSplitFlags(flags.split, Part::kValidation));
  VITRINE_ASSIGN_OR_RETURN(const TuningOptions options, MakeOptions(flags));
  SetLogLevel(LogLevel::kWarning);
  const std::size_t num_cores = std::max(1U, std::thread::hardware_concurrency());
  ThreadPool pool(flags.num_threads == 0 ? num_cores : flags.num_threads);
  const auto report = [&](const Tuning& so_far) {
    const std::string line =
        flags.is_json ? TrialJson(so_far) : TrialLine(so_far, *trainer, options.num_trials);
    std::fprintf(flags.is_json ? stdout : stderr, "%s\n", line.c_str());
    std::fflush(stdout);
  };
  VITRINE_ASSIGN_OR_RETURN(const Tuning tuning,
                           Search(flags, *trainer, options, {.pool = &pool}, report));
  const std::string snippet = ConfigSnippet(tuning, flags.scorer, Origin(flags));
  if (!flags.out.empty()) {
    VITRINE_RETURN_IF_ERROR(WriteFileAtomically(LocalFileSystem(), flags.out, snippet));
  }
  std::printf("%s\n", (flags.is_json ? TuningJson(tuning, flags.scorer) : snippet).c_str());
  return absl::OkStatus();
}

constexpr const char* kHelp =
    "Trains again and again on what a validation part leaves of the training data, at random "
    "first\n"
    "and then near what did well, and prints the best settings as a config file. Which settings\n"
    "are searched, and between what, the trainer says (docs/scorers/). The test part is not "
    "looked\n"
    "at, and --test need not be given.\n\n"
    "Examples:\n"
    "  vitrine tune --scorer ials --train train.txt --format pairs-by-user --set dimensions=64 \\\n"
    "    --metric recall@20 --trials 40 --out ials.toml\n"
    "  vitrine tune --scorer item_knn --protocol temporal --cut 2011-09-10 --data shop.tsv\n"
    "  vitrine evaluate --scorer ials --config ials.toml --train train.txt --test test.txt \\\n"
    "    --format pairs-by-user";

}  // namespace

void AddTuneCommand(CLI::App& app, int& exit_status) {
  CLI::App* command =
      AddCommand(app, "tune", "Look for a scorer's best settings, on a validation part", kHelp);
  const auto flags = std::make_shared<TuneFlags>();
  AddSplitFlags(command, flags->split);
  command->add_option("--scorer", flags->scorer, "A model's name")->required();
  command->add_option("--set", flags->set, "key=value that is kept as it is, not searched");
  command->add_option("--config", flags->config, "TOML file with more of those")
      ->check(CLI::ExistingFile);
  command
      ->add_option("--metric", flags->metric,
                   "What to make as high as possible; of ratings rmse or mae, as low")
      ->capture_default_str();
  command->add_option("--trials", flags->num_trials, "Trainings at most")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  command->add_option("--random", flags->num_random, "Of these, random ones before steered ones")
      ->capture_default_str();
  command
      ->add_option("--patience", flags->patience,
                   "Trials without a better one after which the search ends")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  command->add_option("--seed", flags->seed, "Another one tries other settings")
      ->capture_default_str();
  command->add_flag("--as-paper", flags->is_as_paper,
                    "Measure the scorer as published where serving differs");
  command->add_option("--out", flags->out, "File to write the config to");
  command->add_option("--threads", flags->num_threads, "0: one per core");
  command->add_flag("--json", flags->is_json, "A JSON object for each trial, and one for the end");
  RunOnParse(command, exit_status, [flags] { return Run(*flags); });
}

}  // namespace vitrine::cli
