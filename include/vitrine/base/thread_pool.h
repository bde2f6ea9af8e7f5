#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace vitrine {

enum class ThreadPriority { kNormal, kBackground };

// A fixed set of threads. The destructor runs what was submitted, then joins. Thread-safe.
//
// Results must not depend on the number of threads: split work into shards whose number depends on
// the data alone, write each shard's result to its own place, and reduce in shard order.
class ThreadPool {
 public:
  // `num_threads` >= 1. kBackground threads yield the CPU to everything else on the machine, at
  // once; where that leaves no core idle, they hardly get on.
  explicit ThreadPool(std::size_t num_threads, ThreadPriority priority = ThreadPriority::kNormal);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  std::size_t num_threads() const { return threads_.size(); }

  // Runs `task` on one of the threads, some time later.
  void Submit(std::function<void()> task);

  // Calls body(shard) once for every shard in [0, num_shards), on the pool's threads and no other,
  // and returns when all are done. Must not be called from a task of the same pool.
  void ParallelFor(std::size_t num_shards, const std::function<void(std::size_t shard)>& body);

 private:
  void Work(ThreadPriority priority);
  std::function<void()> TakeNext();  // REQUIRES: mutex_ is held, next_ < tasks_.size()

  std::mutex mutex_;
  std::condition_variable wake_;
  // A vector keeps its memory, where a deque allocates as it goes: what runs in a loop need not.
  std::vector<std::function<void()>> tasks_;  // Guarded by mutex_.
  std::size_t next_ = 0;                      // In tasks_, those before it are taken. Guarded too.
  bool is_stopping_ = false;                  // Guarded by mutex_.
  std::vector<std::thread> threads_;
};

}  // namespace vitrine
