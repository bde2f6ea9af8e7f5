// What swaps of models cost whoever is served meanwhile.
//
//   swap_bench STORE [--repeats N] [--seconds N] [--rate N] [--concurrency N] [--mix MIX]
//
// Serves the store with `vitrine serve`, which must have it for itself, and puts the load of
// `vitrine bench` on it: shoppers drawn from all who have an account, items from the whole
// catalogue, as many calls as come back with 16 in flight, or --rate of them due a second. A repeat
// (5) is a window (200 s) without a swap and one as long with a hundred swaps between the live
// version and the one before, spread evenly. In the end swaps go on to 200 at least, and the
// server's memory is held against that before the first. The load records no events unless --mix
// says so: the memory would grow by what they hold.
//
// The bounds: no call fails, p99 is at most 1.2 times that without swaps, as the median of the
// repeats, and the memory at most 1.05 times what it was. docs/lifecycle.md has figures.

#include <sys/types.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "bench/measuring.h"
#include "cli/server_child.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/log.h"
#include "vitrine/base/status_macros.h"
#include "vitrine/client/client.h"
#include "vitrine/client/load_comparison.h"
#include "vitrine/client/load_generator.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kSwapsOfWindow = 100;
constexpr int kAllSwaps = 200;     // Before the memory is looked at again.
constexpr int kSettledSwaps = 10;  // Both versions have been there, and every cache is filled.
constexpr double kSettleSeconds = 20;
constexpr std::size_t kMaxUsers = 1'000'000;  // As of `vitrine bench`.

constexpr double kMostOfP99 = 1.2;
constexpr double kMostOfMemory = 1.05;

struct Plan {
  std::string store{};
  std::string mix = "recommend=0.9,similar=0.08,rank=0.02";
  int num_repeats = 5;
  double seconds = 200;  // Of a window.
  double rate = 0;       // Calls due a second; 0: as many as come back.
  std::size_t concurrency = 16;
};

// What all loads together came to.
struct Findings {
  int num_loads = 0;
  int num_swaps = 0;
  std::uint64_t num_calls = 0;
  std::uint64_t num_errors = 0;
  std::uint64_t num_cut_short = 0;
  std::vector<double> ratios{};      // Of p99, with swaps by without: one of each repeat.
  int least_swaps = kSwapsOfWindow;  // That were over in time, of any window with swaps.
  double megabytes_before = 0;
  double megabytes_after = 0;
};

SteadyClock::duration Seconds(double seconds) {
  return std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(seconds));
}

// The load of the plan, but for its address: about everybody with an account, and all items.
absl::StatusOr<LoadOptions> LoadOf(const Plan& plan) {
  LoadOptions load{.concurrency = plan.concurrency, .seconds = plan.seconds, .rate = plan.rate};
  VITRINE_ASSIGN_OR_RETURN(load.mix, ParseLoadMix(plan.mix));
  FeatureStoreOptions options;
  options.is_read_only = true;
  VITRINE_ASSIGN_OR_RETURN(
      const auto store, FeatureStore::Open(plan.store, options, LocalFileSystem(), SystemClock()));
  std::unordered_set<std::string> seen;
  VITRINE_RETURN_IF_ERROR(store->ReadEvents(0, [&](std::uint64_t /*offset*/, const Event& event) {
    if (!event.user_id.empty() && seen.insert(event.user_id).second) {
      load.user_ids.push_back(event.user_id);
    }
    return load.user_ids.size() < kMaxUsers;
  }));
  const Catalogue& catalogue = store->catalogue();
  for (const auto& item : catalogue.List(ItemIndex{0}, catalogue.num_indices())) {
    load.item_ids.push_back(item->id);
  }
  if (load.user_ids.size() > 1 && !load.item_ids.empty()) return load;
  return absl::FailedPreconditionError(absl::StrFormat(
      "%s has %d shoppers with an account and an event, and %d items; wants two shoppers and an "
      "item: import a shop into it (docs/cli.md)",
      plan.store, load.user_ids.size(), load.item_ids.size()));
}

absl::Status Swap(Client& client) { return client.RollBackModels("").status(); }

absl::Status SwapBeforeTheLoad(Client& client) {
  const absl::Status swapped = Swap(client);
  if (swapped.code() != absl::StatusCode::kFailedPrecondition) return swapped;
  return absl::FailedPreconditionError(
      absl::StrFormat("the store has no two versions of its models to swap (%s); run `vitrine "
                      "train --store STORE --force` twice",
                      std::string(swapped.message())));
}

void Note(const LoadReport& report, const std::string& what, Findings& found) {
  absl::PrintF(
      "%-14s %8d calls, %6.0f a second, %d failed, %d cut short, p50 %.2f ms, p99 %.2f ms, max "
      "%.1f ms\n",
      what, report.num_calls, report.calls_per_second, report.num_errors, report.num_cut_short,
      report.p50_us / 1e3, report.p99_us / 1e3, report.max_us / 1e3);
  std::fflush(stdout);
  found.num_calls += report.num_calls;
  found.num_errors += report.num_errors;
  found.num_cut_short += report.num_cut_short;
}

// What answers holds on to the models of its last answer: after this they are those that serve, and
// what was replaced is freed. Returns the megabytes of the server then.
absl::StatusOr<double> Settle(const LoadOptions& load, pid_t server, Findings& found) {
  LoadOptions some = RepeatOf(load, found.num_loads++);
  some.seconds = std::min(load.seconds, kSettleSeconds);
  VITRINE_ASSIGN_OR_RETURN(const LoadReport report, GenerateLoad(some));
  Note(report, "settling", found);
  std::this_thread::sleep_for(std::chrono::seconds(3));
  return MemoryBytes("VmRSS", std::to_string(server)) / 1e6;
}

struct Window {
  LoadReport report{};
  int num_swaps = 0;  // That were over before it was.
};

// A load with swaps in it, spread evenly over what is measured of it. One that takes longer than
// its share of the time is followed by the next at once.
absl::StatusOr<Window> MeasureWithSwaps(LoadOptions load, Client& client) {
  Window window;
  absl::Status failure;
  std::atomic<bool> is_over = false;
  const auto swap_in_turn = [&] {
    const auto begin = SteadyClock::now() + Seconds(load.warm_up_seconds);
    for (int swap = 0; swap < kSwapsOfWindow; ++swap) {
      std::this_thread::sleep_until(begin + Seconds(load.seconds * swap / kSwapsOfWindow));
      if (is_over) return;
      failure = Swap(client);
      if (!failure.ok()) return;
      if (!is_over) ++window.num_swaps;
    }
  };
  std::thread swaps;
  load.on_begin = [&] { swaps = std::thread(swap_in_turn); };
  absl::StatusOr<LoadReport> report = GenerateLoad(load);
  is_over = true;
  if (swaps.joinable()) swaps.join();
  VITRINE_RETURN_IF_ERROR(report.status());
  VITRINE_RETURN_IF_ERROR(failure);
  window.report = *std::move(report);
  return window;
}

// Both windows of a repeat, of other requests each.
absl::Status Repeat(const LoadOptions& load, Client& client, Findings& found) {
  VITRINE_ASSIGN_OR_RETURN(const LoadReport idle, GenerateLoad(RepeatOf(load, found.num_loads++)));
  Note(idle, "without swaps", found);
  VITRINE_ASSIGN_OR_RETURN(const Window swaps,
                           MeasureWithSwaps(RepeatOf(load, found.num_loads++), client));
  Note(swaps.report, absl::StrFormat("%d swaps", swaps.num_swaps), found);
  found.num_swaps += swaps.num_swaps;
  found.least_swaps = std::min(found.least_swaps, swaps.num_swaps);
  found.ratios.push_back(swaps.report.p99_us / idle.p99_us);
  absl::PrintF("               p99 %.2f times that without\n", found.ratios.back());
  return absl::OkStatus();
}

void PrintProtocol(const Plan& plan, const LoadOptions& load) {
  absl::PrintF("shop       %s: %d shoppers, %d items\n", plan.store, load.user_ids.size(),
               load.item_ids.size());
  absl::PrintF("load       %s, %s\n", plan.mix,
               load.rate > 0 ? absl::StrFormat("%g calls due a second, at most %d in flight",
                                               load.rate, load.concurrency)
                             : absl::StrFormat("as many calls as come back with %d in flight",
                                               load.concurrency));
  absl::PrintF(
      "repeats    %d, each %g s without a swap, then %g s with %d swaps, one every %.2f s\n",
      plan.num_repeats, load.seconds, load.seconds, kSwapsOfWindow, load.seconds / kSwapsOfWindow);
  absl::PrintF("memory     of the server, before the first and after %d swaps\n",
               std::max(kAllSwaps, plan.num_repeats * kSwapsOfWindow));
  absl::PrintF("machine    %s, %d cores, which the load generator shares\n\n", ProcessorName(),
               std::thread::hardware_concurrency());
  std::fflush(stdout);
}

const char* Verdict(bool holds) { return holds ? "holds" : "DOES NOT HOLD"; }

void PrintFindings(Findings found) {
  std::sort(found.ratios.begin(), found.ratios.end());
  const double of_p99 = found.ratios[found.ratios.size() / 2];
  const double of_memory = found.megabytes_after / found.megabytes_before;
  absl::PrintF("\nfailed     %d of %d calls; the bound is none: %s\n", found.num_errors,
               found.num_calls, Verdict(found.num_errors == 0));
  absl::PrintF("cut short  %d lists, for want of time\n", found.num_cut_short);
  absl::PrintF(
      "p99        %.2f times that without swaps, the median of %d (%.2f to %.2f); the bound is "
      "%.2f: %s\n",
      of_p99, found.ratios.size(), found.ratios.front(), found.ratios.back(), kMostOfP99,
      found.least_swaps < kSwapsOfWindow
          ? absl::StrFormat("NOT MEASURED, since only %d of %d swaps were over within a window; "
                            "give it longer ones with --seconds",
                            found.least_swaps, kSwapsOfWindow)
          : Verdict(of_p99 <= kMostOfP99));
  absl::PrintF(
      "memory     %.1f MB before, %.1f MB after %d swaps, %.3f times; the bound is %.2f: %s\n",
      found.megabytes_before, found.megabytes_after, found.num_swaps, of_memory, kMostOfMemory,
      Verdict(of_memory <= kMostOfMemory));
}

absl::StatusOr<Findings> Measure(const LoadOptions& load, int num_repeats, pid_t server) {
  Findings found;
  const auto client = Client::Connect(load.address);
  for (int swap = 0; swap < kSettledSwaps; ++swap) {
    VITRINE_RETURN_IF_ERROR(SwapBeforeTheLoad(*client));
  }
  VITRINE_ASSIGN_OR_RETURN(found.megabytes_before, Settle(load, server, found));
  for (int repeat = 0; repeat < num_repeats; ++repeat) {
    VITRINE_RETURN_IF_ERROR(Repeat(load, *client, found));
  }
  for (; found.num_swaps < kAllSwaps; ++found.num_swaps) {
    VITRINE_RETURN_IF_ERROR(Swap(*client));
  }
  VITRINE_ASSIGN_OR_RETURN(found.megabytes_after, Settle(load, server, found));
  return found;
}

absl::Status Run(const Plan& plan) {
  SetLogLevel(LogLevel::kError);
  VITRINE_ASSIGN_OR_RETURN(LoadOptions load, LoadOf(plan));
  const testing::TemporaryFolder folder;
  std::ofstream(folder / "config.toml") << "[lifecycle]\nauto_train_events = 0\n";
  testing::ServerChild server(plan.store, folder / "config.toml", folder / "log");
  load.address = server.WaitForAddress();
  if (load.address.empty()) {
    std::ostringstream text;
    text << std::ifstream(folder / "log").rdbuf();
    return absl::UnavailableError("the server did not come up:\n" + text.str());
  }
  PrintProtocol(plan, load);
  VITRINE_ASSIGN_OR_RETURN(Findings found, Measure(load, plan.num_repeats, server.id()));
  PrintFindings(std::move(found));
  server.End(SIGTERM);
  return absl::OkStatus();
}

// Nothing where the arguments make no sense.
std::optional<Plan> ReadPlan(int argc, char** argv) {
  if (argc < 2 || argc % 2 != 0) return std::nullopt;  // The program, the store, and pairs.
  Plan plan{.store = argv[1]};
  for (int i = 2; i < argc; i += 2) {
    const std::string flag = argv[i];
    double number = 0;
    if (!absl::SimpleAtod(argv[i + 1], &number)) number = -1;
    if (flag == "--repeats" && number >= 1 && number <= 100) {
      plan.num_repeats = static_cast<int>(number);
    } else if (flag == "--seconds" && number > 0) {
      plan.seconds = number;
    } else if (flag == "--rate" && number >= 0) {
      plan.rate = number;
    } else if (flag == "--concurrency" && number >= 1 && number <= 10'000) {
      plan.concurrency = static_cast<std::size_t>(number);
    } else if (flag == "--mix") {
      plan.mix = argv[i + 1];
    } else {
      return std::nullopt;
    }
  }
  return plan;
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  const std::optional<vitrine::Plan> plan = vitrine::ReadPlan(argc, argv);
  if (!plan.has_value()) {
    std::fprintf(stderr,
                 "usage: swap_bench STORE [--repeats N] [--seconds N] [--rate N] "
                 "[--concurrency N] [--mix MIX]\n");
    return 2;
  }
  const absl::Status status = vitrine::Run(*plan);
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return status.ok() ? 0 : 1;
}
