#include "cli/as_of_command.h"

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/config.h"
#include "cli/features/labels.h"
#include "cli/features/table_csv.h"
#include "cli/features/training_set.h"
#include "vitrine/base/atomic_file.h"
#include "vitrine/base/file_system.h"
#include "vitrine/base/log.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine::cli {
namespace {

constexpr char kArrival[] = "arrival";
constexpr char kEventTime[] = "event-time";

struct AsOfFlags {
  std::string store;
  std::string labels;
  std::string out;
  std::string config;
  std::string known_since = kArrival;
  std::string delimiter = ",";
  std::string time_zone = "UTC";
  bool is_json = false;
  TrainingSetOptions options{};
};

// Reads beside the server that owns the store, if there is one.
absl::Status Run(AsOfFlags& flags) {
  VITRINE_ASSIGN_OR_RETURN(flags.options.delimiter, ReadDelimiter(flags.delimiter));
  flags.options.known_since =
      flags.known_since == kEventTime ? KnownSince::kEventTime : KnownSince::kArrival;
  VITRINE_ASSIGN_OR_RETURN(const Labels labels,
                           ReadLabels(flags.labels, {.delimiter = flags.options.delimiter,
                                                     .time_zone = flags.time_zone}));
  VITRINE_RETURN_IF_ERROR(ChooseFeatures(flags.options.features, labels).status());
  VITRINE_ASSIGN_OR_RETURN(Config config, LoadConfig(flags.config));
  config.store.is_read_only = true;
  SetLogLevel(LogLevel::kWarning);
  VITRINE_ASSIGN_OR_RETURN(const auto store, FeatureStore::Open(flags.store, config.store,
                                                                LocalFileSystem(), SystemClock()));
  VITRINE_ASSIGN_OR_RETURN(const TrainingSet set, MakeTrainingSet(*store, labels, flags.options));
  VITRINE_RETURN_IF_ERROR(WriteFileAtomically(LocalFileSystem(), flags.out, set.csv));
  if (flags.is_json) {
    std::printf("%s\n", TrainingSetJson(flags.out, set).c_str());
  } else {
    std::fputs(TrainingSetText(flags.out, set).c_str(), stdout);
  }
  return absl::OkStatus();
}

constexpr const char* kHelp =
    "\nEach row of the labels has a time, and a user_id, a visitor_id or an item_id. It comes out "
    "as\n"
    "it is, with a column for each behaviour feature of that shopper and that item, as known at\n"
    "that time: nothing that became known later is in it, so a model learns from what serving\n"
    "would have seen. A feature's cell is empty where nothing is known and it has no default.\n\n"
    "What counts as known:\n"
    "  --known-since arrival     events that had reached the store by then, late ones not yet\n"
    "  --known-since event-time  events that had happened by then: for a log that was imported\n"
    "                            after the fact, all of which arrived today\n"
    "A label that is itself an event of the log, such as an order to be foretold, is known at its\n"
    "own time, and would tell the answer: --before leaves out what became known at that moment.\n\n"
    "Examples:\n"
    "  vitrine features as-of --store store --labels labels.csv --out train.csv\n"
    "  vitrine features as-of --store store --labels orders.csv --out train.csv --before \\\n"
    "    --known-since event-time --features orders,days_since_last_order,item_conversion_rate\n"
    "docs/features.md has every feature with its unit, window and default.";

}  // namespace

void AddAsOfCommand(CLI::App* features, int& exit_status) {
  const auto flags = std::make_shared<AsOfFlags>();
  CLI::App* command = features->add_subcommand(
      "as-of", "Put features beside labels, as known at each label's time: a training set");
  command->footer(kHelp);
  command->add_option("--store", flags->store, "Folder of the store")
      ->required()
      ->check(CLI::ExistingDirectory);
  command->add_option("--labels", flags->labels, "CSV file with a header: time, user_id, item_id")
      ->required()
      ->check(CLI::ExistingFile);
  command->add_option("--out", flags->out, "CSV file to write the rows to")->required();
  command
      ->add_option("--features", flags->options.features,
                   "Names, with commas between them; else all that fit the labels")
      ->delimiter(',');
  command->add_option("--known-since", flags->known_since, "When an event counts as known")
      ->check(CLI::IsMember({kArrival, kEventTime}))
      ->capture_default_str();
  command->add_flag("--before", flags->options.is_strict,
                    "Leave out what became known at the label's very moment");
  command->add_option("--time-zone", flags->time_zone, "Of times without an offset")
      ->capture_default_str();
  command
      ->add_option("--delimiter", flags->delimiter,
                   "Between the fields of both files, \\t for a tab")
      ->capture_default_str();
  command->add_option("--config", flags->config, "TOML file")->check(CLI::ExistingFile);
  command->add_flag("--json", flags->is_json, "One JSON object for scripts");
  RunOnParse(command, exit_status, [flags] { return Run(*flags); });
}

}  // namespace vitrine::cli
