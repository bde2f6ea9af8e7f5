#include "vitrine/base/thread_pool.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cassert>
#include <utility>

namespace vitrine {

ThreadPool::ThreadPool(std::size_t num_threads, ThreadPriority priority) {
  assert(num_threads >= 1);
  // What ParallelFor needs at most, however its tasks and their taking interleave: a loop that
  // allocates nothing must not do so when two tasks happen to wait for the first time.
  tasks_.reserve(2 * num_threads);
  threads_.reserve(num_threads);
  for (std::size_t i = 0; i < num_threads; ++i) {
    threads_.emplace_back([this, priority] { Work(priority); });
  }
}

ThreadPool::~ThreadPool() {
  {
    std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void ThreadPool::Submit(std::function<void()> task) {
  {
    std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  wake_.notify_one();
}

void ThreadPool::ParallelFor(std::size_t num_shards, const std::function<void(std::size_t)>& body) {
  std::atomic<std::size_t> next = 0;
  std::mutex done_mutex;
  std::condition_variable done;
  std::size_t running = std::min(num_shards, num_threads());
  const auto run = [&] {
    for (std::size_t shard = next++; shard < num_shards; shard = next++) body(shard);
    std::lock_guard lock(done_mutex);
    if (--running == 0) done.notify_one();  // Under the lock: the waiter owns these locals.
  };

  // By reference: a copy of `run` would be allocated, and a training calls this all the time.
  for (std::size_t i = 0, tasks = running; i < tasks; ++i) Submit([&run] { run(); });
  std::unique_lock lock(done_mutex);
  done.wait(lock, [&] { return running == 0; });
}

std::function<void()> ThreadPool::TakeNext() {
  std::function<void()> task = std::move(tasks_[next_++]);
  if (2 * next_ >= tasks_.size()) {  // As many moves as were taken at most: constant for each.
    tasks_.erase(tasks_.begin(), tasks_.begin() + static_cast<std::ptrdiff_t>(next_));
    next_ = 0;
  }
  return task;
}

void ThreadPool::Work(ThreadPriority priority) {
  if (priority == ThreadPriority::kBackground) {
    // A nice thread that runs may go on for some milliseconds when another one wakes; this one goes
    // at once. Of the calling thread alone, on Linux. Failing to yield is no reason to stop.
    const sched_param none{};
    (void)sched_setscheduler(0, SCHED_IDLE, &none);
  }
  while (true) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return is_stopping_ || next_ < tasks_.size(); });
    if (next_ == tasks_.size()) return;
    const std::function<void()> task = TakeNext();
    lock.unlock();
    task();
  }
}

}  // namespace vitrine
