#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace vitrine {

// A number that only grows. Thread-safe.
class Counter {
 public:
  void Add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

// The process's counters by name, such as "engine.fallback.live-popularity": the seam between the
// code that counts and whatever exports the numbers. Thread-safe.
class Counters {
 public:
  // The counter called `name`, made on first use; valid as long as this object. Look it up once,
  // outside hot loops.
  Counter& Get(std::string_view name);

  std::map<std::string, std::uint64_t> Read() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Counter>, std::less<>> counters_;  // Guarded by mutex_.
};

}  // namespace vitrine
