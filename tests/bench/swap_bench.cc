// What swaps of models cost whoever is served meanwhile: swap_bench STORE [CALLS_PER_SECOND
// [SECONDS]], 0 calls for as many as come back, 10 s by default of either half of a turn. Serves
// the store in this process, which must have it for itself, and prints the latencies of
// RecommendItems while nothing changes and during swaps between two versions, in five turns of
// both, 20 swaps each, and the memory before and after 200. Trains the versions where the store has
// fewer than two.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "vitrine/base/counters.h"
#include "vitrine/base/log.h"
#include "vitrine/base/memory.h"
#include "vitrine/client/load_generator.h"
#include "vitrine/engine/engine.h"
#include "vitrine/lifecycle/lifecycle.h"
#include "vitrine/server/server.h"

namespace vitrine {
namespace {

constexpr int kTurns = 5;
constexpr int kSwapsOfTurn = 20;
constexpr int kAllSwaps = 200;
constexpr int kSettledSwaps = 10;  // Both versions have been there, and every cache is filled.
constexpr double kSeconds = 10;    // Of either half of a turn, unless it is said.

template <typename T>
T OrDie(absl::StatusOr<T> value) {
  if (value.ok()) return *std::move(value);
  std::fprintf(stderr, "%s\n", value.status().ToString().c_str());
  std::exit(1);
}

double ResidentMegabytes() { return static_cast<double>(ResidentMemoryBytes()) / 1e6; }

void Swap(Lifecycle& lifecycle) {
  std::promise<void> is_done;
  lifecycle.MakeLive(std::string(kPreviousAlias), [&](auto versions) {
    OrDie(std::move(versions));
    is_done.set_value();
  });
  is_done.get_future().get();
}

void TrainTwo(Lifecycle& lifecycle) {
  while (OrDie(lifecycle.ListVersions()).previous.empty()) {
    const std::string id = OrDie(lifecycle.StartTraining(/*skips_gate=*/true)).id;
    std::printf("training %s ...\n", id.c_str());
    while (OrDie(lifecycle.GetTraining(id)).state == TrainingProgress::State::kRunning) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    const TrainingProgress run = OrDie(lifecycle.GetTraining(id));
    if (run.state == TrainingProgress::State::kSucceeded) continue;
    std::fprintf(stderr, "%s\n", run.error.c_str());
    std::exit(1);
  }
}

LoadReport Measure(const LoadOptions& load, const char* what) {
  LoadReport report = OrDie(GenerateLoad(load));
  std::printf("%-8s %5d calls, %d errors, p50 %.2f ms, p99 %.2f ms, max %.1f ms\n", what,
              static_cast<int>(report.num_calls), static_cast<int>(report.num_errors),
              report.p50_us / 1e3, report.p99_us / 1e3, report.max_us / 1e3);
  return report;
}

// What answers holds on to the models of its last answer: that these are those that serve, and that
// what was replaced is freed.
void Settle(const LoadOptions& load) {
  Measure(load, "no swap");
  std::this_thread::sleep_for(std::chrono::seconds(3));
}

void Run(const std::string& folder, double rate, double seconds) {
  SetLogLevel(LogLevel::kError);
  const auto store = OrDie(FeatureStore::Open(folder, {}, LocalFileSystem(), SystemClock()));
  KeepFreedMemory(store->catalogue().num_indices());  // As a server does.
  Published<ModelSet> models(std::make_shared<const ModelSet>());
  Counters counters;
  const Engine engine(*store, models, counters, SystemClock(), {});
  LifecycleOptions options;
  options.auto_train_events = 0;
  options.warm_up = [&engine](const auto& next) { engine.WarmUp(next); };
  const auto lifecycle =
      OrDie(Lifecycle::Start(*store, LocalFileSystem(), folder + "/models", models, options));
  TrainTwo(*lifecycle);
  const auto server = OrDie(Server::Create({.address = "127.0.0.1:0"}, SystemClock()));
  server->Serve({.engine = &engine,
                 .store = store.get(),
                 .models = lifecycle.get(),
                 .counters = &counters,
                 .observer = lifecycle.get()});
  LoadOptions load;
  load.address = "127.0.0.1:" + std::to_string(server->port());
  load.rate = rate;
  load.concurrency = 16;
  load.seconds = seconds;

  for (int swap = 0; swap < kSettledSwaps; ++swap) Swap(*lifecycle);
  Settle(load);
  const double before = ResidentMegabytes();
  std::vector<double> ratios;
  for (int turn = 0; turn < kTurns; ++turn) {
    const LoadReport idle = Measure(load, "no swap");
    std::thread swaps([&lifecycle, seconds] {
      for (int swap = 0; swap < kSwapsOfTurn; ++swap) {
        Swap(*lifecycle);
        std::this_thread::sleep_for(std::chrono::duration<double>(0.9 * seconds / kSwapsOfTurn));
      }
    });
    ratios.push_back(Measure(load, "swaps").p99_us / idle.p99_us);
    swaps.join();
  }
  for (int swap = kTurns * kSwapsOfTurn; swap < kAllSwaps; ++swap) Swap(*lifecycle);
  Settle(load);
  const double after = ResidentMegabytes();
  std::sort(ratios.begin(), ratios.end());
  std::printf(
      "p99 during swaps       %.2f of that without, the median of %d turns (%.2f to %.2f)\n",
      ratios[ratios.size() / 2], kTurns, ratios.front(), ratios.back());
  std::printf("memory                 %.1f MB before, %.1f MB after %d swaps, %+.1f %%\n", before,
              after, kAllSwaps, 100 * (after / before - 1));
  server->Drain(kMicrosPerSecond);
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: swap_bench STORE [CALLS_PER_SECOND [SECONDS]]\n");
    return 2;
  }
  vitrine::Run(argv[1], argc > 2 ? std::atof(argv[2]) : 200,
               argc > 3 ? std::atof(argv[3]) : vitrine::kSeconds);
  return 0;
}
