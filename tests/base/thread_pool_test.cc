#include "vitrine/base/thread_pool.h"

#include <gmock/gmock.h>
#include <sched.h>

#include <atomic>
#include <cmath>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace vitrine {
namespace {

using ::testing::Each;

TEST(ThreadPoolTest, RunsEveryShardOnce) {
  for (const std::size_t num_threads : {1, 2, 8}) {
    ThreadPool pool(num_threads);
    for (const std::size_t num_shards : {0, 1, 2, 7, 1000}) {
      std::vector<std::atomic<int>> runs(num_shards);

      pool.ParallelFor(num_shards, [&](std::size_t shard) { ++runs[shard]; });

      for (const auto& count : runs) EXPECT_EQ(count, 1);
    }
  }
}

TEST(ThreadPoolTest, ShardsReducedInOrderGiveTheSameBitsAtAnyThreadCount) {
  const auto sum = [](std::size_t num_threads) {
    constexpr std::size_t kShards = 64;
    std::vector<float> partial(kShards);
    ThreadPool pool(num_threads);
    pool.ParallelFor(kShards, [&](std::size_t shard) {
      for (std::size_t i = shard * 1000; i < (shard + 1) * 1000; ++i) {
        partial[shard] += std::sin(static_cast<float>(i));
      }
    });
    float total = 0;
    for (const float part : partial) total += part;
    return total;
  };

  const float one = sum(1);
  EXPECT_EQ(sum(2), one);
  EXPECT_EQ(sum(7), one);
}

TEST(ThreadPoolTest, UsesItsOwnThreadsOnly) {
  ThreadPool pool(3);
  std::mutex mutex;
  std::set<std::thread::id> seen;

  pool.ParallelFor(100, [&](std::size_t) {
    std::lock_guard lock(mutex);
    seen.insert(std::this_thread::get_id());
  });

  EXPECT_EQ(pool.num_threads(), 3U);
  EXPECT_LE(seen.size(), 3U);
  EXPECT_FALSE(seen.contains(std::this_thread::get_id()));
}

TEST(ThreadPoolTest, TheDestructorRunsWhatWasSubmitted) {
  std::atomic<int> runs = 0;
  {
    ThreadPool pool(2, ThreadPriority::kBackground);
    for (int i = 0; i < 100; ++i) {
      pool.Submit([&] {
        std::this_thread::yield();
        ++runs;
      });
    }
  }
  EXPECT_EQ(runs, 100);
}

TEST(ThreadPoolTest, InTheBackgroundItYieldsToAllElse) {
  const int own_policy = sched_getscheduler(0);
  int policy = -1;
  {
    ThreadPool pool(1, ThreadPriority::kBackground);
    pool.Submit([&policy] { policy = sched_getscheduler(0); });
  }
  EXPECT_EQ(policy, SCHED_IDLE);
  EXPECT_EQ(sched_getscheduler(0), own_policy) << "who submits stays as it was";
}

TEST(ThreadPoolTest, ATaskMaySubmitAnother) {
  std::atomic<int> runs = 0;
  {
    ThreadPool pool(1);
    pool.Submit([&] {
      pool.Submit([&] { ++runs; });
      ++runs;
    });
  }
  EXPECT_EQ(runs, 2);
}

TEST(ThreadPoolTest, SeveralThreadsMayShareIt) {
  ThreadPool pool(2);
  std::vector<std::vector<int>> results(4, std::vector<int>(50));
  std::vector<std::thread> callers;
  for (auto& result : results) {
    callers.emplace_back(
        [&] { pool.ParallelFor(result.size(), [&](std::size_t shard) { result[shard] = 1; }); });
  }
  for (auto& caller : callers) caller.join();

  for (const auto& result : results) EXPECT_THAT(result, Each(1));
}

}  // namespace
}  // namespace vitrine
