// Writes events into the store of its argument, as fast as it can from four threads, until it is
// killed; prints the id of each one that was acknowledged, one line in one write. The ids start
// with the second argument. crash_test.cc kills it.

#include <unistd.h>

#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "vitrine/base/log.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine {
namespace {

constexpr int kNumThreads = 4;

void WriteForever(FeatureStore& store, const std::string& prefix) {
  for (int number = 0;; ++number) {
    const std::string id = prefix + "-" + std::to_string(number);
    const auto result = store.Write(RecordEvents{{{.event_id = id,
                                                   .type = EventType::kDetailPageView,
                                                   .user_id = "user-" + std::to_string(number % 50),
                                                   .items = {{.item_id = "item-" + id}}}}});
    if (!result.ok()) return;
    const std::string line = id + "\n";  // Short: a write to a pipe is whole up to PIPE_BUF.
    if (write(STDOUT_FILENO, line.data(), line.size()) < 0) return;
  }
}

}  // namespace
}  // namespace vitrine

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: crash_child STORE PREFIX\n");
    return 2;
  }
  vitrine::SetLogLevel(vitrine::LogLevel::kError);
  const auto store = vitrine::FeatureStore::Open(
      argv[1], {.checkpoint_events = 200}, vitrine::LocalFileSystem(), vitrine::SystemClock());
  if (!store.ok()) {
    std::fprintf(stderr, "%s\n", store.status().ToString().c_str());
    return 1;
  }
  std::vector<std::thread> threads;
  for (int thread = 0; thread < vitrine::kNumThreads; ++thread) {
    threads.emplace_back([&, thread] {
      vitrine::WriteForever(**store, std::string(argv[2]) + "-" + std::to_string(thread));
    });
  }
  for (std::thread& thread : threads) thread.join();
  return 1;  // It is meant to be killed before.
}
