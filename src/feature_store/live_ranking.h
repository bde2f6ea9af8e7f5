#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "vitrine/base/clock.h"
#include "vitrine/feature_store/ranked_values.h"

namespace vitrine {

// Values of items that change all the time, as of a moment ago. Of few items whoever reads the
// first after a period makes them anew, and the others take the last ones meanwhile. Of many that
// would take longer than an answer: while somebody reads, a thread of its own makes them, so that
// only the first to read after a pause waits. Thread-safe.
class LiveRanking {
 public:
  struct Options {
    Micros period_us = 200'000;   // They are made anew after so long, if it took a quarter at most.
    Micros pause_us = 2'000'000;  // Nobody has read for so long: the thread stops making them.
    std::size_t fewest_in_background = RankedValues::kFewestRanked;  // Items.
  };

  // `make`: the values as of now. Called by one thread at a time, but for the first.
  using Make = std::function<std::vector<float>()>;
  explicit LiveRanking(Make make) : LiveRanking(std::move(make), Options()) {}
  LiveRanking(Make make, const Options& options) : make_(std::move(make)), options_(options) {}
  ~LiveRanking();
  LiveRanking(const LiveRanking&) = delete;
  LiveRanking& operator=(const LiveRanking&) = delete;

  std::shared_ptr<const RankedValues> Read();

 private:
  void KeepFresh();

  const Make make_;
  const Options options_;
  std::mutex mutex_;
  std::condition_variable wake_;
  // All below: guarded by mutex_.
  std::shared_ptr<const RankedValues> ranked_{};
  Micros next_us_ = 0;  // When they are too old. MonotonicNow, as is
  Micros read_us_ = 0;  // when somebody read them last.
  bool is_being_made_ = false;
  bool is_kept_fresh_ = false;  // The thread makes them.
  bool is_stopping_ = false;
  std::thread thread_{};
};

}  // namespace vitrine
