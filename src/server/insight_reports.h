#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "vitrine/base/clock.h"
#include "vitrine/base/counters.h"
#include "vitrine/base/thread_pool.h"
#include "vitrine/feature_store/feature_store.h"
#include "vitrine/insight/insight.h"

namespace vitrine {

// UNAVAILABLE: what was asked for was given up since the server ends.
absl::Status StoppedError();

// The latest report on the shoppers of one store, made when somebody asks, on threads of its own
// that yield to all others, and kept. Thread-safe.
class InsightReports {
 public:
  struct Report {
    Insight insight{};
    Micros made_us = 0;
    std::uint64_t sequence = 0;  // The store's state that it holds at least.
  };
  using Done = std::function<void(const absl::StatusOr<std::shared_ptr<const Report>>&)>;

  // A report that is older than `max_age` is made anew when the store has changed since. `clock`
  // must outlive this.
  // `min_group`: of InsightOptions.
  InsightReports(const Clock& clock, Micros max_age, std::size_t min_group = 1);

  std::size_t min_group() const { return min_group_; }
  ~InsightReports();

  // Counts, as "cache.insight_reports", who finds a report and who has to wait for one. Call before
  // the first Get. `counters` must outlive this.
  void CountIn(Counters& counters);

  // Calls `done` once: at once where a report is kept, even an old one; else with the one that is
  // made now, from the thread that makes it. The store must outlive Wait, and be the same each
  // time.
  //
  // Errors: those of MakeInsight; UNAVAILABLE after Stop.
  void Get(const FeatureStore& store, Done done);

  // Runs `work` once on the thread that makes reports, behind what that is at. `is_stopped` becomes
  // true when the work should end: soon, as Stop's other work does.
  //
  // Errors, and then it does not run: RESOURCE_EXHAUSTED with reason OVERLOADED, kMostWaiting wait
  // already; UNAVAILABLE after Stop.
  absl::Status Submit(std::function<void(const std::atomic<bool>& is_stopped)> work);
  static constexpr std::size_t kMostWaiting = 16;

  // Drops what is kept, and what is being made: a shopper was erased.
  void Forget();

  // Answers everybody who waits, and later ones, with UNAVAILABLE. What is being made is given up.
  void Stop();

  // After Stop: returns when nothing is being made any more, about a second per million events at
  // most.
  void Wait();

 private:
  using Answer = absl::StatusOr<std::shared_ptr<const Report>>;

  void Make(const FeatureStore& store);
  Answer MakeOne(const FeatureStore& store);
  bool IsOld(const Report& report, const FeatureStore& store) const;

  const Clock& clock_;
  const Micros max_age_;
  const std::size_t min_group_;
  Counter* hits_ = nullptr;  // Null, as the other: nobody counts.
  Counter* misses_ = nullptr;
  std::mutex mutex_;
  std::shared_ptr<const Report> report_;  // Guarded by mutex_; null: none is kept.
  std::vector<Done> waiting_;             // Guarded by mutex_.
  std::uint64_t num_forgotten_ = 0;       // Guarded by mutex_: calls of Forget.
  bool is_making_ = false;                // Guarded by mutex_.
  std::size_t num_submitted_ = 0;         // Guarded by mutex_: that wait or run.
  std::atomic<bool> is_stopped_ = false;  // Set under mutex_; ends the report that is being made.
  ThreadPool workers_;
  std::unique_ptr<ThreadPool> maker_;  // One thread. Last: it uses the rest.
};

}  // namespace vitrine
