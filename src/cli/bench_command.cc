#include "cli/bench_command.h"

#include <cstdio>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <unordered_set>
#include <vector>

#include "absl/strings/str_format.h"
#include "cli/address.h"
#include "cli/command.h"
#include "vitrine/base/log.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/client/client.h"
#include "vitrine/client/load_generator.h"

namespace vitrine::cli {
namespace {

constexpr int kMaxItems = 1000;
constexpr std::size_t kMaxUsers = 100'000;

struct BenchFlags {
  LoadOptions load;
  std::string rpc = "RecommendItems";
  std::string data;
  bool is_remote = false;
  bool is_json = false;
};

LoadCall CallOf(const std::string& rpc) {
  if (rpc == "RecordEvents") return LoadCall::kRecordEvents;
  return rpc == "Check" ? LoadCall::kCheck : LoadCall::kRecommendItems;
}

// The distinct users of a file whose lines start "user<TAB>", as evaluate reads them.
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

absl::StatusOr<std::vector<std::string>> ListItemIds(const std::string& address) {
  v1::ListItemsRequest request;
  request.set_page_size(kMaxItems);
  VITRINE_ASSIGN_OR_RETURN(const v1::ListItemsResponse response,
                           Client::Connect(address)->ListItems(request));
  std::vector<std::string> ids;
  for (const v1::Item& item : response.items()) ids.push_back(item.item_id());
  if (!ids.empty()) return ids;
  return absl::FailedPreconditionError("the shop has no items to record events of");
}

std::string ToJson(const BenchFlags& flags, const LoadReport& report) {
  const nlohmann::ordered_json json = {{"rpc", flags.rpc},
                                       {"concurrency", flags.load.concurrency},
                                       {"rate", flags.load.rate},
                                       {"seconds", report.seconds},
                                       {"calls", report.num_calls},
                                       {"calls_per_second", report.calls_per_second},
                                       {"mean_us", report.mean_us},
                                       {"p50_us", report.p50_us},
                                       {"p90_us", report.p90_us},
                                       {"p99_us", report.p99_us},
                                       {"p999_us", report.p999_us},
                                       {"max_us", report.max_us},
                                       {"errors", report.num_errors},
                                       {"errors_by_code", report.errors}};
  return json.dump();
}

std::string Describe(const BenchFlags& flags, const LoadReport& report) {
  std::string text = absl::StrFormat(
      "%s, %d in flight, %s: %d calls in %.1f s, %.0f a second\n"
      "latency in ms: mean %.3f  p50 %.3f  p90 %.3f  p99 %.3f  p99.9 %.3f  max %.3f\n",
      flags.rpc, flags.load.concurrency,
      flags.load.rate > 0 ? absl::StrFormat("%.0f due a second", flags.load.rate) : "closed loop",
      report.num_calls, report.seconds, report.calls_per_second, report.mean_us / 1e3,
      report.p50_us / 1e3, report.p90_us / 1e3, report.p99_us / 1e3, report.p999_us / 1e3,
      report.max_us / 1e3);
  for (const auto& [code, count] : report.errors) {
    text += absl::StrFormat("%d answers were %s\n", count, code);
  }
  return text;
}

absl::Status Run(const BenchFlags& flags) {
  LoadOptions load = flags.load;
  if (!IsPrivateAddress(load.address) && !flags.is_remote) {
    return UsageError(absl::StrFormat(
        "%s may be another machine; say --remote if it is yours to put a load on", load.address));
  }
  SetLogLevel(LogLevel::kWarning);
  load.call = CallOf(flags.rpc);
  if (!flags.data.empty()) {
    VITRINE_ASSIGN_OR_RETURN(load.user_ids, ReadUsers(flags.data));
  }
  if (load.call == LoadCall::kRecordEvents) {
    VITRINE_ASSIGN_OR_RETURN(load.item_ids, ListItemIds(load.address));
  }
  VITRINE_ASSIGN_OR_RETURN(const LoadReport report, GenerateLoad(load));
  const std::string text = flags.is_json ? ToJson(flags, report) + "\n" : Describe(flags, report);
  std::fputs(text.c_str(), stdout);
  if (report.num_calls > report.num_errors) return absl::OkStatus();
  return absl::UnavailableError("no call was answered well");
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
      "RecordEvents writes page views of made-up visitors into the shop.");
  const auto flags = std::make_shared<BenchFlags>();
  LoadOptions& load = flags->load;
  load.address = "127.0.0.1:50051";
  command->add_option("--target", load.address, "Address of the server")->capture_default_str();
  command->add_option("--rpc", flags->rpc, "What to call")
      ->check(CLI::IsMember({"RecommendItems", "RecordEvents", "Check"}))
      ->capture_default_str();
  command->add_option("--concurrency", load.concurrency, "Calls in flight")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  command->add_option("--duration", load.seconds, "Seconds to measure")
      ->check(CLI::Range(0.1, 3600.0))
      ->capture_default_str();
  command->add_option("--warm-up", load.warm_up_seconds, "Seconds before that")
      ->check(CLI::Range(0.0, 60.0))
      ->capture_default_str();
  command->add_option("--rate", load.rate, "Calls due a second; 0: closed loop")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  command->add_option("--count", load.max_calls, "Stop after so many calls")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{100'000'000}))
      ->capture_default_str();
  command->add_option("--data", flags->data, "Users to ask for: first column of this TSV file")
      ->check(CLI::ExistingFile);
  command->add_option("--page-size", load.page_size, "Items in a list")
      ->check(CLI::Range(1, 200))
      ->capture_default_str();
  command->add_option("--filter", load.filter, "What RecommendItems asks for items of");
  command->add_flag("--remote", flags->is_remote, "Allow an address of another machine");
  command->add_flag("--json", flags->is_json, "One JSON object for scripts");
  RunOnParse(command, exit_status, [flags] { return Run(*flags); });
}

}  // namespace vitrine::cli
