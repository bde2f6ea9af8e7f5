// What trainings may take of the processor: as many threads as are set, which yield to all else.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

#include "lifecycle/lifecycle_fixture.h"

namespace vitrine {
namespace {

// Of the store, of the shadow, and those that train, watch and go back.
constexpr std::size_t kOtherThreads = 5;

// Threads of this process that yield to all else, whoever began them.
std::size_t NumBackgroundThreads() {
  std::size_t count = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    const pid_t id = std::stoi(task.path().filename().string());
    if (sched_getscheduler(id) == SCHED_IDLE) ++count;
  }
  return count;
}

TEST_F(LifecycleTest, ATrainingRunsOnTheThreadsThatAreSetAndAllYieldToWhatElseRuns) {
  for (const std::size_t num_threads : {1U, 4U}) {
    std::atomic<int> policy = -1;
    std::atomic<std::size_t> num_background = 0;
    LifecycleOptions options = shop_.Options();
    options.num_threads = num_threads;
    options.warm_up = [&](const std::shared_ptr<const ModelSet>&) {  // By who trains, at its end.
      policy = sched_getscheduler(0);
      num_background = NumBackgroundThreads();
    };
    Start(options);
    EXPECT_TRUE(Eventually([&] { return NumBackgroundThreads() == kOtherThreads + num_threads; }));

    Train();
    lifecycle_.reset();

    EXPECT_EQ(policy, SCHED_IDLE);
    EXPECT_EQ(num_background, kOtherThreads + num_threads);
  }
}

}  // namespace
}  // namespace vitrine
