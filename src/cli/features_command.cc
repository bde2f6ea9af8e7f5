#include "cli/features_command.h"

#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/as_of_command.h"
#include "cli/command.h"
#include "cli/features/features_report.h"
#include "cli/features/table_csv.h"
#include "cli/features/transform_config.h"
#include "vitrine/base/file_system.h"
#include "vitrine/base/status_macros.h"

namespace vitrine::cli {
namespace {

struct FeaturesFlags {
  std::string config;
  std::string pipeline;
  std::string data;
  std::string out;
  std::string applied;
  std::string delimiter = ",";
  std::vector<std::string> missing;
  bool is_json = false;
};

// Prints steps as they happen, or keeps them for one JSON object at the end.
class Reporter {
 public:
  explicit Reporter(bool is_json) : is_json_(is_json) {}

  void ShowTable(const std::string& title, const FeatureTable& table) const {
    if (!is_json_) std::printf("%s\n", TableText(title, table).c_str());
  }

  StepObserver Observer() {
    return [this](const StepTrace& trace) {
      StepReport report = ReportStep(trace);
      if (!is_json_) std::printf("%s\n", StepText(report).c_str());
      if (is_json_) steps_.push_back(std::move(report));
    };
  }

  // The table as it is in the end; says which columns still have gaps.
  void Finish(const std::string& title, const FeatureTable& table) const {
    if (is_json_) {
      std::printf("%s\n", FeaturesJson(table, steps_).c_str());
      return;
    }
    ShowTable(title, table);
    const std::string missing = MissingText(table);
    if (!missing.empty()) std::printf("Values are still missing in: %s\n", missing.c_str());
  }

 private:
  bool is_json_;
  std::vector<StepReport> steps_;
};

absl::Status RunFit(const FeaturesFlags& flags) {
  VITRINE_ASSIGN_OR_RETURN(const char delimiter, ReadDelimiter(flags.delimiter));
  VITRINE_ASSIGN_OR_RETURN(TransformConfig config, LoadTransformConfig(flags.config));
  VITRINE_ASSIGN_OR_RETURN(FeatureTable table,
                           ReadTableCsv(flags.data, {.delimiter = delimiter,
                                                     .missing = config.pipeline.missing,
                                                     .texts = config.texts}));
  Reporter reporter(flags.is_json);
  reporter.ShowTable(flags.data, table);
  VITRINE_ASSIGN_OR_RETURN(
      const FittedPipeline fitted,
      TransformPipeline::Fit(std::move(table), config.pipeline, reporter.Observer()));
  VITRINE_RETURN_IF_ERROR(SavePipeline(fitted.pipeline, LocalFileSystem(), flags.out));
  if (!flags.applied.empty()) {
    VITRINE_RETURN_IF_ERROR(WriteTableCsv(fitted.table, flags.applied, delimiter));
  }
  reporter.Finish("after all steps", fitted.table);
  return absl::OkStatus();
}

absl::Status RunApply(const FeaturesFlags& flags) {
  VITRINE_ASSIGN_OR_RETURN(const char delimiter, ReadDelimiter(flags.delimiter));
  VITRINE_ASSIGN_OR_RETURN(const TransformPipeline pipeline,
                           LoadPipeline(LocalFileSystem(), flags.pipeline));
  const PipelineInput& input = pipeline.input();
  VITRINE_ASSIGN_OR_RETURN(FeatureTable table,
                           ReadTableCsv(flags.data, {.delimiter = delimiter,
                                                     .missing = input.missing,
                                                     .texts = {},
                                                     .columns = input.columns}));
  Reporter reporter(flags.is_json);
  reporter.ShowTable(flags.data, table);
  VITRINE_ASSIGN_OR_RETURN(table, pipeline.Apply(std::move(table), reporter.Observer()));
  VITRINE_RETURN_IF_ERROR(WriteTableCsv(table, flags.out, delimiter));
  reporter.Finish("after all steps", table);
  return absl::OkStatus();
}

absl::Status RunDescribe(const FeaturesFlags& flags) {
  if (flags.data.empty() == flags.pipeline.empty()) {
    return UsageError("wants one of --data, a table, and --pipeline, what was fitted");
  }
  VITRINE_ASSIGN_OR_RETURN(const char delimiter, ReadDelimiter(flags.delimiter));
  if (!flags.pipeline.empty()) {
    VITRINE_ASSIGN_OR_RETURN(const TransformPipeline pipeline,
                             LoadPipeline(LocalFileSystem(), flags.pipeline));
    if (flags.is_json) {
      std::printf("%s\n", PipelineJson(pipeline).c_str());
    } else {
      std::fputs(PipelineText(flags.pipeline, pipeline).c_str(), stdout);
    }
    return absl::OkStatus();
  }
  VITRINE_ASSIGN_OR_RETURN(
      const FeatureTable table,
      ReadTableCsv(flags.data, {.delimiter = delimiter, .missing = flags.missing}));
  Reporter(flags.is_json).Finish(flags.data, table);
  return absl::OkStatus();
}

constexpr const char* kHelp =
    "A pipeline cleans, fills, scales and encodes the columns of a table, step by step, as a TOML\n"
    "file says. Fit it on training rows alone, and apply it to all others.\n\n"
    "Examples:\n"
    "  vitrine features describe --data orders.csv\n"
    "  vitrine features fit --config prepare.toml --data train.csv --out prepare.transform \\\n"
    "    --applied train.prepared.csv\n"
    "  vitrine features apply --pipeline prepare.transform --data new.csv --out new.prepared.csv\n"
    "  vitrine features as-of --store store --labels labels.csv --out train.csv\n"
    "docs/transforms.md has every step, its formula and its settings; docs/features.md every\n"
    "feature that as-of puts beside labels.";

void AddShared(CLI::App* command, FeaturesFlags& flags) {
  command->add_option("--delimiter", flags.delimiter, "Between the fields of CSV, \\t for a tab")
      ->capture_default_str();
  command->add_flag("--json", flags.is_json, "One JSON object for scripts");
}

void AddFit(CLI::App* features, int& exit_status) {
  const auto flags = std::make_shared<FeaturesFlags>();
  CLI::App* command = features->add_subcommand("fit", "Fit a pipeline on the rows of a CSV file");
  command->add_option("--config", flags->config, "TOML file of steps")
      ->required()
      ->check(CLI::ExistingFile);
  command->add_option("--data", flags->data, "CSV file with a header: the training rows")
      ->required()
      ->check(CLI::ExistingFile);
  command->add_option("--out", flags->out, "File to write the pipeline to")->required();
  command->add_option("--applied", flags->applied, "CSV file to write the prepared rows to");
  AddShared(command, *flags);
  RunOnParse(command, exit_status, [flags] { return RunFit(*flags); });
}

void AddApply(CLI::App* features, int& exit_status) {
  const auto flags = std::make_shared<FeaturesFlags>();
  CLI::App* command = features->add_subcommand("apply", "Apply a pipeline to other rows");
  command->add_option("--pipeline", flags->pipeline, "File that fit wrote")
      ->required()
      ->check(CLI::ExistingFile);
  command->add_option("--data", flags->data, "CSV file with the columns fitted on")
      ->required()
      ->check(CLI::ExistingFile);
  command->add_option("--out", flags->out, "CSV file to write the prepared rows to")->required();
  AddShared(command, *flags);
  RunOnParse(command, exit_status, [flags] { return RunApply(*flags); });
}

void AddDescribe(CLI::App* features, int& exit_status) {
  const auto flags = std::make_shared<FeaturesFlags>();
  CLI::App* command =
      features->add_subcommand("describe", "Say what a CSV file or a pipeline holds");
  command->add_option("--data", flags->data, "CSV file with a header")->check(CLI::ExistingFile);
  command->add_option("--pipeline", flags->pipeline, "File that fit wrote")
      ->check(CLI::ExistingFile);
  command->add_option("--missing", flags->missing,
                      "Cells of the CSV file that stand for a missing value; may be given several "
                      "times");
  AddShared(command, *flags);
  RunOnParse(command, exit_status, [flags] { return RunDescribe(*flags); });
}

}  // namespace

void AddFeaturesCommand(CLI::App& app, int& exit_status) {
  CLI::App* command = AddCommand(
      app, "features", "Prepare tables: clean, fill, scale and encode their columns", kHelp);
  command->require_subcommand(1);
  AddFit(command, exit_status);
  AddApply(command, exit_status);
  AddDescribe(command, exit_status);
  AddAsOfCommand(command, exit_status);
}

}  // namespace vitrine::cli
