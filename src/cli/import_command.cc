#include "cli/import_command.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "cli/command.h"
#include "cli/config.h"
#include "cli/import/client_writer.h"
#include "cli/import/importer.h"
#include "cli/progress_bar.h"
#include "cli/target.h"
#include "vitrine/base/file_system.h"
#include "vitrine/base/log.h"
#include "vitrine/base/nearest.h"
#include "vitrine/base/status_macros.h"

namespace vitrine::cli {
namespace {

constexpr std::string_view kStandardInput = "-";
constexpr std::size_t kMaxSourceBytes = 200;  // The rest of an event's id has to fit behind it.

struct ImportFlags {
  std::string store;
  Target target;
  std::string tsv;
  std::string config;
  std::string items;
  std::string users;
  std::string events;
  std::string format;
  std::vector<std::string> map;
  std::vector<std::string> when;
  std::string event_type;
  std::string anonymous = "reject";
  std::string time_format = "auto";
  std::string time_zone = "UTC";
  std::string currency;
  std::string delimiter;
  std::string list_separator = "|";
  std::string source;
  std::string rejects;
  bool is_json = false;
};

// One file to import.
struct InputFile {
  RowKind kind{};
  std::string path{};
};

std::vector<InputFile> InputFiles(const ImportFlags& flags) {
  std::vector<InputFile> files;
  if (!flags.items.empty()) files.push_back({RowKind::kItems, flags.items});
  if (!flags.users.empty()) files.push_back({RowKind::kUsers, flags.users});
  if (!flags.events.empty()) files.push_back({RowKind::kEvents, flags.events});
  return files;
}

absl::Status CheckFlags(const ImportFlags& flags) {
  const int num_places =
      (flags.store.empty() ? 0 : 1) + (flags.target.empty() ? 0 : 1) + (flags.tsv.empty() ? 0 : 1);
  if (num_places != 1) return UsageError("give one of --store DIR, --target ADDR and --tsv FILE");
  const std::size_t num_files = InputFiles(flags).size();
  if (num_files == 0) return UsageError("give --items FILE, --users FILE or --events FILE");
  if (num_files > 1 && (!flags.map.empty() || !flags.when.empty() || !flags.source.empty() ||
                        !flags.rejects.empty())) {
    return UsageError(
        "--map, --when, --source and --rejects speak of one file: import items, users and events "
        "one after the other");
  }
  if (!flags.tsv.empty() && flags.events.empty()) return UsageError("--tsv wants --events FILE");
  return absl::OkStatus();
}

absl::StatusOr<char> OneCharacter(const std::string& text, const char* flag) {
  if (text == "tab" || text == "\\t") return '\t';
  if (text.size() == 1) return text.front();
  return UsageError(absl::StrFormat("%s is \"%s\"; wants one character, or tab", flag, text));
}

absl::StatusOr<std::string> AnonymousColumn(const std::string& text) {
  constexpr std::string_view kVisitor = "visitor:";
  if (text == "reject") return std::string();
  if (text.starts_with(kVisitor) && text.size() > kVisitor.size()) {
    return text.substr(kVisitor.size());
  }
  return UsageError(absl::StrFormat(
      "--anonymous is \"%s\"; wants reject, or visitor:COLUMN such as visitor:InvoiceNo", text));
}

// The errors of the functions that read one flag are errors of usage.
absl::Status AsUsage(const absl::Status& status) {
  return status.ok() ? status : UsageError(std::string(status.message()));
}

absl::StatusOr<RowConverter> MakeConverter(const ImportFlags& flags, const InputFile& file) {
  ConvertOptions options;
  options.kind = file.kind;
  absl::StatusOr<Mapping> mapping = Mapping::Parse(file.kind, flags.map);
  VITRINE_RETURN_IF_ERROR(AsUsage(mapping.status()));
  options.mapping = *std::move(mapping);
  for (const std::string& text : flags.when) {
    absl::StatusOr<Rule> rule = ParseRule(text);
    VITRINE_RETURN_IF_ERROR(AsUsage(rule.status()));
    if (rule->type.has_value() && file.kind != RowKind::kEvents) {
      return UsageError(
          absl::StrFormat("the rule '%s' gives a type, but %s have none", text, Name(file.kind)));
    }
    options.rules.push_back(*std::move(rule));
  }
  if (!flags.event_type.empty()) {
    options.event_type = ParseEventType(flags.event_type);
    if (!options.event_type.has_value()) {
      return UsageError(absl::StrFormat("--event-type %s is no event type; %s", flags.event_type,
                                        Allowed(flags.event_type, EventTypeNames())));
    }
  }
  VITRINE_ASSIGN_OR_RETURN(options.anonymous_column, AnonymousColumn(flags.anonymous));
  VITRINE_ASSIGN_OR_RETURN(options.list_separator,
                           OneCharacter(flags.list_separator, "--list-separator"));
  options.currency = flags.currency;
  options.source =
      flags.source.empty() ? std::filesystem::path(file.path).filename().string() : flags.source;
  if (options.source.size() > kMaxSourceBytes) {
    return UsageError(absl::StrFormat("the source name has %d bytes, wants at most %d: --source",
                                      options.source.size(), kMaxSourceBytes));
  }
  absl::StatusOr<TimeFormat> time_format = TimeFormat::Create(flags.time_format, flags.time_zone);
  VITRINE_RETURN_IF_ERROR(AsUsage(time_format.status()));
  return RowConverter(std::move(options), *std::move(time_format));
}

// All that decides what a row of the file becomes: with other flags an import starts over.
std::string Fingerprint(const ImportFlags& flags, const InputFile& file) {
  std::string text =
      absl::StrFormat("%s\n%s\n%s\n%s\n%s\n%s\n%s\n%s\n%s\n", Name(file.kind), flags.format,
                      flags.event_type, flags.anonymous, flags.time_format, flags.time_zone,
                      flags.currency, flags.delimiter, flags.list_separator);
  for (const std::string& spec : flags.map) text += "map " + spec + "\n";
  for (const std::string& rule : flags.when) text += "when " + rule + "\n";
  return text;
}

// A row reader that owns its file.
class FileRows final : public RowReader {
 public:
  static absl::StatusOr<std::unique_ptr<RowReader>> Open(const ImportFlags& flags,
                                                         const std::string& path) {
    auto rows = std::make_unique<FileRows>();
    if (path != kStandardInput) {
      rows->file_.open(path, std::ios::binary);
      if (!rows->file_.is_open()) {
        return absl::NotFoundError(absl::StrFormat("%s cannot be opened", path));
      }
    }
    std::istream& input = path == kStandardInput ? std::cin : rows->file_;
    const std::string ending = std::filesystem::path(path).extension().string();
    const std::string format =
        flags.format.empty() && !ending.empty() ? ending.substr(1) : flags.format;
    if (format == "jsonl") {
      rows->rows_ = ReadJsonLines(input);
      return rows;
    }
    if (format != "csv" && format != "tsv") {
      return UsageError(absl::StrFormat(
          "what is in %s cannot be told from its name; say --format csv or --format jsonl", path));
    }
    const std::string fallback = format == "tsv" ? "tab" : ",";
    VITRINE_ASSIGN_OR_RETURN(
        const char delimiter,
        OneCharacter(flags.delimiter.empty() ? fallback : flags.delimiter, "--delimiter"));
    absl::StatusOr<std::unique_ptr<RowReader>> csv = ReadCsv(input, delimiter);
    if (!csv.ok()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%s: %s", path, std::string(csv.status().message())));
    }
    rows->rows_ = *std::move(csv);
    return rows;
  }

  absl::StatusOr<bool> Next(Row& row) override { return rows_->Next(row); }
  const std::vector<std::string>& columns() const override { return rows_->columns(); }
  std::uint64_t bytes_read() const override { return rows_->bytes_read(); }

 private:
  std::ifstream file_;
  std::unique_ptr<RowReader> rows_;
};

// Shows how much of the file is read; a pipe has no size.
std::function<void(std::uint64_t)> ShowProgress(ProgressBar& bar, const InputFile& file) {
  std::error_code no_size;
  const auto size = static_cast<double>(std::filesystem::file_size(file.path, no_size));
  const bool has_size = !no_size && size > 0;
  const std::string what = absl::StrFormat("import %s", Name(file.kind));
  return [&bar, has_size, size, what](std::uint64_t bytes_read) {
    bar.Show(what, has_size ? static_cast<double>(bytes_read) / size : -1);
  };
}

absl::StatusOr<ImportCounts> ImportRows(const ImportFlags& flags, const InputFile& file,
                                        RejectLog& rejects, ShopWriter& writer) {
  VITRINE_ASSIGN_OR_RETURN(const RowConverter converter, MakeConverter(flags, file));
  const ProgressNote note(LocalFileSystem(), flags.store + "/imports", converter.options().source);
  const bool has_note = !flags.store.empty() && file.path != kStandardInput;
  ProgressBar bar;
  const ImportJob job = {.kind = file.kind,
                         .open = [&flags, &file] { return FileRows::Open(flags, file.path); },
                         .converter = &converter,
                         .fingerprint = Fingerprint(flags, file),
                         .note = has_note ? &note : nullptr,
                         .rejects = &rejects,
                         .progress = ShowProgress(bar, file)};
  return Import(job, writer, SystemClock());
}

absl::Status ImportFile(const ImportFlags& flags, const InputFile& file, ShopWriter& writer) {
  std::ofstream rejects_file;
  if (!flags.rejects.empty()) {
    rejects_file.open(flags.rejects, std::ios::binary | std::ios::trunc);
    if (!rejects_file.is_open()) {
      return absl::NotFoundError(absl::StrFormat("%s cannot be written", flags.rejects));
    }
  }
  RejectLog rejects(flags.rejects.empty() ? nullptr : &rejects_file);
  const Micros started_us = MonotonicNow();
  VITRINE_ASSIGN_OR_RETURN(const ImportCounts counts, ImportRows(flags, file, rejects, writer));
  const double seconds = static_cast<double>(MonotonicNow() - started_us) / kMicrosPerSecond;
  const std::string report = flags.is_json ? ImportJson(file.kind, counts, seconds) + "\n"
                                           : DescribeImport(file.kind, counts, seconds);
  std::fputs(report.c_str(), stdout);
  rejects_file.flush();
  if (!flags.rejects.empty() && !rejects_file.good()) {
    return absl::UnavailableError(absl::StrFormat("%s could not be written", flags.rejects));
  }
  if (counts.rows > 0 && counts.num_rejected() == counts.rows) {
    return absl::InvalidArgumentError("every row was rejected");
  }
  return absl::OkStatus();
}

absl::Status ImportAll(const ImportFlags& flags, ShopWriter& writer) {
  for (const InputFile& file : InputFiles(flags)) {
    VITRINE_RETURN_IF_ERROR(ImportFile(flags, file, writer));
  }
  return absl::OkStatus();
}

absl::Status ImportIntoTsv(const ImportFlags& flags, const Config& config) {
  std::ofstream output(flags.tsv, std::ios::binary | std::ios::trunc);
  const auto writer = MakeTsvWriter(output, config.store.weights);
  VITRINE_RETURN_IF_ERROR(ImportAll(flags, *writer));
  output.close();
  if (output.good()) return absl::OkStatus();
  return absl::UnavailableError(absl::StrFormat("%s could not be written", flags.tsv));
}

// A pipe gives its rows once. What is not there is opened, too, and says so.
bool CanBeReadTwice(const std::string& path) {
  std::error_code error;
  if (path == kStandardInput) return false;
  return !std::filesystem::exists(path, error) || std::filesystem::is_regular_file(path, error);
}

absl::Status Run(const ImportFlags& flags) {
  VITRINE_RETURN_IF_ERROR(CheckFlags(flags));
  // What is wrong with a flag is said before anything is opened.
  for (const InputFile& file : InputFiles(flags)) {
    VITRINE_RETURN_IF_ERROR(MakeConverter(flags, file).status());
    if (CanBeReadTwice(file.path)) {
      VITRINE_RETURN_IF_ERROR(FileRows::Open(flags, file.path).status());
    }
  }
  VITRINE_ASSIGN_OR_RETURN(const Config config, LoadConfig(flags.config));
  SetLogLevel(LogLevel::kWarning);
  if (!flags.tsv.empty()) return ImportIntoTsv(flags, config);
  if (!flags.target.empty()) {
    VITRINE_ASSIGN_OR_RETURN(const auto client, Connect(flags.target));
    return ImportAll(flags, *MakeClientWriter(*client));
  }
  VITRINE_ASSIGN_OR_RETURN(const auto store, FeatureStore::Open(flags.store, config.store,
                                                                LocalFileSystem(), SystemClock()));
  return ImportAll(flags, *MakeStoreWriter(*store));
}

constexpr const char* kHelp =
    "A column of a field's name is read as that field; --map reads it from another one.\n"
    "  items:  id primary_item_id title description categories brand price currency stock\n"
    "          availability tags image_uris publish_time attributes.NAME\n"
    "  users:  id attributes.NAME\n"
    "  events: event_id type user_id visitor_id session_id event_time item_id quantity\n"
    "          unit_price currency rating search_query page_categories order_id revenue\n"
    "          placement attribution_token\n\n"
    "Every row is written, or rejected for a reason that is counted and sampled. An event without\n"
    "an id gets one from the file's name and its row, so that a second import adds nothing, and\n"
    "one that broke off is simply called again.\n\n"
    "Examples:\n"
    "  vitrine import --store store --items items.csv --events events.jsonl\n"
    "  vitrine import --store store --items orders.csv --map id=StockCode,title=Description\n"
    "  vitrine import --store store --events orders.csv --event-type purchase-complete \\\n"
    "    --map user_id=Customer:integer,item_id=StockCode,event_time=Date,quantity=Quantity \\\n"
    "    --when 'InvoiceNo^=C:return-complete' --when 'Quantity<=0:reject=no-quantity'\n"
    "docs/cli.md explains all of it.";

void AddRowFlags(CLI::App& command, ImportFlags& flags) {
  command.add_option("--map", flags.map,
                     "field=column[:integer|:number],...  may be given several times");
  command
      .add_option("--when", flags.when,
                  "CONDITION:EVENT-TYPE or CONDITION:reject=NAME; may be given several times, the "
                  "first that fits decides")
      ->allow_extra_args(false);
  command.add_option("--event-type", flags.event_type, "Of rows that no rule gives one");
  command
      .add_option("--anonymous", flags.anonymous,
                  "Rows without a customer: reject, or visitor:COLUMN that names the visitor")
      ->capture_default_str();
  command
      .add_option("--time-format", flags.time_format,
                  "auto, unix, unix-ms, or as strptime: '%d/%m/%Y %H:%M'")
      ->capture_default_str();
  command.add_option("--time-zone", flags.time_zone, "Of times that do not say, as Europe/London")
      ->capture_default_str();
  command.add_option("--currency", flags.currency, "Of prices that do not say, as EUR");
  command.add_option("--delimiter", flags.delimiter, "Between the fields of CSV [,]");
  command
      .add_option("--list-separator", flags.list_separator,
                  "Between the values of a cell that holds several")
      ->capture_default_str();
  command.add_option("--source", flags.source,
                     "Name that ids of events without one begin with [the file's name]");
}

}  // namespace

void AddImportCommand(CLI::App& app, int& exit_status) {
  CLI::App* command =
      AddCommand(app, "import", "Import items, users and events from CSV or JSON lines", kHelp);
  const auto flags = std::make_shared<ImportFlags>();
  command->add_option("--store", flags->store, "Folder of the store; made if it is not there");
  AddTargetOptions(*command, flags->target);
  command->add_option("--tsv", flags->tsv,
                      "Instead: write the events' interactions to this file, for evaluate");
  command->add_option("--config", flags->config, "TOML file; with --store and --tsv")
      ->check(CLI::ExistingFile);
  command->add_option("--items", flags->items, "File of items, - for standard input");
  command->add_option("--users", flags->users, "File of users");
  command->add_option("--events", flags->events, "File of events");
  command->add_option("--format", flags->format, "csv, tsv or jsonl [by the file's ending]")
      ->check(CLI::IsMember({"csv", "tsv", "jsonl"}));
  AddRowFlags(*command, *flags);
  command->add_option("--rejects", flags->rejects, "Write the rejected rows to this file, as CSV");
  command->add_flag("--json", flags->is_json, "One JSON object per file for scripts");
  RunOnParse(command, exit_status, [flags] { return Run(*flags); });
}

}  // namespace vitrine::cli
