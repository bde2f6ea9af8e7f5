// What a server's watching of itself costs each call: metrics, and the log of a call without a
// line.
//
//   request_cost_bench [CALLS]      default: 1,000,000
//
// Each figure is the median of 11 runs, in nanoseconds a call, by one thread and by two at once.
#include <grpcpp/server_context.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "bench/measuring.h"
#include "server/metrics.h"
#include "server/request_log.h"

namespace vitrine {
namespace {

constexpr int kRuns = 11;

double NanosACall(std::size_t num_calls, std::size_t num_threads,
                  const std::function<void()>& call) {
  std::vector<double> nanos;
  for (int run = 0; run < kRuns; ++run) {
    const Micros start = MonotonicNow();
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < num_threads; ++i) {
      threads.emplace_back([&] {
        for (std::size_t done = 0; done < num_calls; ++done) call();
      });
    }
    for (std::thread& thread : threads) thread.join();
    nanos.push_back(SecondsSince(start) * 1e9 / static_cast<double>(num_calls));
  }
  std::nth_element(nanos.begin(), nanos.begin() + kRuns / 2, nanos.end());
  return nanos[kRuns / 2];
}

void Print(const char* what, std::size_t num_calls, const std::function<void()>& call) {
  std::printf("%-52s %8.0f %8.0f\n", what, NanosACall(num_calls, 1, call),
              NanosACall(num_calls, 2, call));
}

void Run(std::size_t num_calls) {
  std::printf("%s, %zu calls\n%-52s %8s %8s\n", ProcessorName().c_str(), num_calls,
              "nanoseconds a call", "1 thread", "2");
  Metrics metrics;
  Method method;
  method.name = "RecommendItems";
  const std::string placement = "recommended-for-you";
  Print("metrics: the call and its list", num_calls, [&] {
    metrics.Called(method, absl::StatusCode::kOk, 250);
    metrics.Listed(placement, 200);
    (void)metrics.TimesNext(ListMethod::kRecommendItems);
  });
  const std::vector<std::string> stages = {"query",  "filter",   "retrieve:ials", "score",
                                           "select", "controls", "explain"};
  Print("metrics: the stages of one list, of which 1 in 64", num_calls / 10, [&] {
    for (const std::string& stage : stages) metrics.Passed(ListMethod::kRecommendItems, stage, 20);
  });

  RequestLog log;
  const absl::Status ok;
  Print("a context with its trailing metadata, no id", num_calls,
        [&] { grpc::CallbackServerContext context; });
  Print("the same with the id, and no line in the log", num_calls, [&] {
    grpc::CallbackServerContext context;
    log.Note(context, {.method = method, .status = ok, .took_us = 250});
  });
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  vitrine::Run(argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1'000'000);
  return 0;
}
