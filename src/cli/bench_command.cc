#include "cli/bench_command.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "absl/strings/str_format.h"
#include "cli/address.h"
#include "cli/bench_chart.h"
#include "cli/bench_report.h"
#include "cli/command.h"
#include "cli/target.h"
#include "vitrine/base/atomic_file.h"
#include "vitrine/base/file_system.h"
#include "vitrine/base/log.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/client/client.h"
#include "vitrine/client/load_comparison.h"
#include "vitrine/client/load_generator.h"

namespace vitrine::cli {
namespace {

constexpr std::size_t kMaxUsers = 1'000'000;
constexpr std::size_t kMaxItems = 1'000'000;
constexpr int kItemsOfPage = 1000;

constexpr int kRepeats = 5;                   // Against Check.
constexpr std::size_t kMostInFlight = 64;     // Of a sweep.
constexpr std::size_t kInFlightOfRates = 64;  // At most, unless the command says otherwise.
constexpr int kMaxRates = 50;

struct BenchFlags {
  LoadOptions load;
  Target target;
  std::string rpc = "RecommendItems";
  std::string mix;
  std::string data;
  std::string chart;
  std::vector<double> rates;
  bool is_concurrency_given = false;
  bool is_checked = false;
  bool is_remote = false;
  bool is_json = false;
};

LoadCall CallOf(const std::string& rpc) {
  for (const LoadCall call :
       {LoadCall::kRecordEvents, LoadCall::kSimilarItems, LoadCall::kRankItems, LoadCall::kCheck}) {
    if (rpc == NameOf(call)) return call;
  }
  return LoadCall::kRecommendItems;
}

// The first distinct users of a file whose lines start "user<TAB>", as evaluate reads them.
absl::StatusOr<std::vector<std::string>> ReadUsers(const std::string& path) {
  std::ifstream file(path);
  if (!file.is_open()) return absl::NotFoundError(absl::StrFormat("%s cannot be opened", path));
  std::unordered_set<std::string> seen;
  std::vector<std::string> users;
  std::string line;
  while (users.size() < kMaxUsers && std::getline(file, line)) {
    const std::string user = line.substr(0, line.find('\t'));
    if (!user.empty() && seen.insert(user).second) users.push_back(user);
  }
  return users;
}

// The catalogue, page by page, as far as kMaxItems.
absl::StatusOr<std::vector<std::string>> ListItemIds(const LoadOptions& load) {
  const auto client = Client::Connect(load.address, load.client);
  v1::ListItemsRequest request;
  request.set_page_size(kItemsOfPage);
  std::vector<std::string> ids;
  do {
    VITRINE_ASSIGN_OR_RETURN(const v1::ListItemsResponse page, client->ListItems(request));
    for (const v1::Item& item : page.items()) ids.push_back(item.item_id());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty() && ids.size() < kMaxItems);
  if (!ids.empty()) return ids;
  return absl::FailedPreconditionError("the shop has no items to send calls about");
}

absl::StatusOr<LoadOptions> ReadLoad(const BenchFlags& flags) {
  LoadOptions load = flags.load;
  load.address = flags.target.address;
  VITRINE_ASSIGN_OR_RETURN(load.client, ReadClientOptions(flags.target));
  load.mix = {{.call = CallOf(flags.rpc)}};
  if (!flags.mix.empty()) {
    absl::StatusOr<std::vector<LoadShare>> mix = ParseLoadMix(flags.mix);
    if (!mix.ok()) return UsageError(std::string(mix.status().message()));
    load.mix = *std::move(mix);
  }
  if (!flags.data.empty()) {
    VITRINE_ASSIGN_OR_RETURN(load.user_ids, ReadUsers(flags.data));
  }
  const bool needs_items = std::any_of(load.mix.begin(), load.mix.end(), [](const LoadShare& each) {
    return each.call != LoadCall::kRecommendItems && each.call != LoadCall::kCheck;
  });
  if (needs_items) {
    VITRINE_ASSIGN_OR_RETURN(load.item_ids, ListItemIds(load));
  }
  return load;
}

// How calls follow each other.
struct RunPace {
  std::size_t concurrency = 1;
  double rate = 0;
};

// What to run: the load as it is; for a chart it at each rate, or with ever more calls in flight.
std::vector<RunPace> PacesOf(const BenchFlags& flags) {
  const LoadOptions& load = flags.load;
  if (flags.chart.empty()) return {{load.concurrency, load.rate}};
  std::vector<RunPace> paces;
  for (const double rate : flags.rates) {
    paces.push_back({flags.is_concurrency_given ? load.concurrency : kInFlightOfRates, rate});
  }
  for (std::size_t in_flight = 1; in_flight <= kMostInFlight && flags.rates.empty();
       in_flight *= 2) {
    paces.push_back({in_flight, load.rate});
  }
  return paces;
}

// The load and empty calls in turn, so that what else the machine does falls on both.
absl::Status MeasureAgainstCheck(const LoadOptions& load, BenchResult& result) {
  const LoadOptions check = EmptyCallsOf(load);
  std::vector<LoadReport> reports;
  std::vector<LoadReport> checks;
  for (int i = 0; i < kRepeats; ++i) {
    VITRINE_ASSIGN_OR_RETURN(reports.emplace_back(), GenerateLoad(RepeatOf(load, i)));
    VITRINE_ASSIGN_OR_RETURN(checks.emplace_back(), GenerateLoad(check));
  }
  result.against_check = CompareWithCheck(reports, checks);
  std::sort(reports.begin(), reports.end(),
            [](const LoadReport& a, const LoadReport& b) { return a.p50_us < b.p50_us; });
  result.report = reports[reports.size() / 2];
  return absl::OkStatus();
}

absl::StatusOr<BenchResult> Measure(const BenchFlags& flags, const LoadOptions& load) {
  BenchResult result{.name = flags.mix.empty() ? flags.rpc : flags.mix,
                     .concurrency = load.concurrency,
                     .rate = load.rate,
                     .is_mix = load.mix.size() > 1,
                     .num_users = load.user_ids.size(),
                     .num_items = load.item_ids.size()};
  if (flags.is_checked) {
    VITRINE_RETURN_IF_ERROR(MeasureAgainstCheck(load, result));
  } else {
    VITRINE_ASSIGN_OR_RETURN(result.report, GenerateLoad(load));
  }
  if (result.report.num_calls > result.report.num_errors) return result;
  std::fputs(Describe(result).c_str(), stderr);
  return absl::UnavailableError(result.report.num_calls == 0
                                    ? "no call began while it was measured; give it a longer "
                                      "--duration"
                                    : "no call was answered well");
}

absl::Status WriteChart(const std::string& path, const std::vector<BenchResult>& results) {
  std::vector<BenchPoint> points;
  for (const BenchResult& result : results) points.push_back(PointOf(result));
  const std::string title = "vitrine bench, " + results.front().name;
  return WriteFileAtomically(LocalFileSystem(), path, BenchChart(title, points));
}

// Fails where an open loop is over before its first call behind the warm-up is due.
absl::Status CheckDue(const LoadOptions& load, double rate) {
  if (rate == 0) return absl::OkStatus();
  const double first_due = std::ceil(load.warm_up_seconds * rate) / rate;
  if (first_due < load.warm_up_seconds + load.seconds) return absl::OkStatus();
  return UsageError(
      absl::StrFormat("at %g calls a second none is due in the %g s behind the warm-up of %g s; "
                      "give it a longer --duration or a higher rate",
                      rate, load.seconds, load.warm_up_seconds));
}

absl::Status Run(const BenchFlags& flags) {
  if (!IsPrivateAddress(flags.target.address) && !flags.is_remote) {
    return UsageError(
        absl::StrFormat("%s may be another machine; say --remote if it is yours to put a load on",
                        flags.target.address));
  }
  VITRINE_RETURN_IF_ERROR(CheckFolderOf("--chart", flags.chart));
  SetLogLevel(LogLevel::kWarning);
  const std::vector<RunPace> paces = PacesOf(flags);
  for (const RunPace& pace : paces) VITRINE_RETURN_IF_ERROR(CheckDue(flags.load, pace.rate));
  VITRINE_ASSIGN_OR_RETURN(LoadOptions load, ReadLoad(flags));
  std::vector<BenchResult> results;
  for (const RunPace& pace : paces) {
    load.concurrency = pace.concurrency;
    load.rate = pace.rate;
    VITRINE_ASSIGN_OR_RETURN(results.emplace_back(), Measure(flags, load));
    if (!flags.is_json) std::fputs(Describe(results.back()).c_str(), stdout);
  }
  if (!flags.chart.empty()) VITRINE_RETURN_IF_ERROR(WriteChart(flags.chart, results));
  if (flags.is_json) {
    const std::string json = flags.chart.empty() ? ToJson(results.front()) : ToJson(results);
    std::printf("%s\n", json.c_str());
  }
  return absl::OkStatus();
}

// What is sent.
void AddCallOptions(BenchFlags& flags, CLI::App& command) {
  LoadOptions& load = flags.load;
  CLI::Option* const rpc = command.add_option("--rpc", flags.rpc, "What to call")
                               ->check(CLI::IsMember({"RecommendItems", "SimilarItems", "RankItems",
                                                      "RecordEvents", "Check"}))
                               ->capture_default_str();
  command
      .add_option("--mix", flags.mix,
                  "What to call, by share: recommend, similar, rank, events and check, such as "
                  "recommend=0.95,events=0.05")
      ->excludes(rpc);
  command.add_option("--data", flags.data, "Users to ask for: first column of this TSV file")
      ->check(CLI::ExistingFile);
  command
      .add_option("--skew", load.skew,
                  "The r-th user of the file is asked for in proportion to 1/r^SKEW; 0: all alike")
      ->check(CLI::Range(0.0, 10.0))
      ->capture_default_str();
  command.add_option("--page-size", load.page_size, "Items in a list")
      ->check(CLI::Range(1, 200))
      ->capture_default_str();
  command.add_option("--batch", load.events_per_call, "Events in a RecordEvents call")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command.add_option("--filter", load.filters,
                     "What lists are asked for items of; of several each request draws one");
  command.add_option("--seed", load.seed, "Of all that is drawn")->capture_default_str();
}

// How fast, and how long.
void AddPaceOptions(BenchFlags& flags, CLI::App& command) {
  LoadOptions& load = flags.load;
  command.add_option("--concurrency", load.concurrency, "Calls in flight")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  command.add_option("--duration", load.seconds, "Seconds to measure")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  command.add_option("--warm-up", load.warm_up_seconds, "Seconds before that")
      ->check(CLI::Range(0.0, 60.0))
      ->capture_default_str();
  CLI::Option* const rate =
      command.add_option("--rate", load.rate, "Calls due a second; 0: closed loop")
          ->check(CLI::Range(0.0, 1e6))
          ->capture_default_str();
  CLI::Option* const chart =
      command
          .add_option("--chart", flags.chart,
                      "Run with 1, 2, 4, ... 64 calls in flight, or at --rates, and write "
                      "latencies against throughput to this SVG file")
          ->excludes(rate);
  command.add_option("--rates", flags.rates, "Of a chart: calls due a second, such as 100,200")
      ->delimiter(',')
      ->expected(1, kMaxRates)
      ->check(CLI::Range(0.1, 1e6))
      ->needs(chart);
  command.add_option("--deadline", load.deadline_ms, "Milliseconds that a call may take; 0: 30 s")
      ->check(CLI::Range(0.0, 30'000.0))
      ->capture_default_str();
  command.add_option("--count", load.max_calls, "Stop after so many calls")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{100'000'000}))
      ->capture_default_str();
}

}  // namespace

void AddBenchCommand(CLI::App& app, int& exit_status) {
  CLI::App* command = AddCommand(
      app, "bench", "Put a load on a server and measure its answers",
      "Closed loop: so many calls in flight all the time. Open loop, with --rate: calls are due\n"
      "at a fixed rate, and a late answer counts from when its call was due.\n\n"
      "Examples:\n"
      "  vitrine bench --rpc RecommendItems --data shop.tsv --concurrency 1 --duration 10\n"
      "  vitrine bench --rpc RecordEvents --rate 2000 --concurrency 64 --json\n"
      "  vitrine bench --mix recommend=0.95,events=0.05 --skew 1 --chart load.svg\n"
      "RecordEvents writes page views of made-up visitors into the shop.");
  const auto flags = std::make_shared<BenchFlags>();
  flags->target.address = "127.0.0.1:50051";
  AddTargetOptions(*command, flags->target)->capture_default_str();
  AddCallOptions(*flags, *command);
  AddPaceOptions(*flags, *command);
  command->add_flag("--against-check", flags->is_checked,
                    "Compare with as many empty calls: five repeats of both, in turn");
  command->add_flag("--remote", flags->is_remote, "Allow an address of another machine");
  command->add_flag("--json", flags->is_json, "One JSON object for scripts");
  RunOnParse(command, exit_status, [flags, command] {
    flags->is_concurrency_given = command->count("--concurrency") > 0;
    return Run(*flags);
  });
}

}  // namespace vitrine::cli
