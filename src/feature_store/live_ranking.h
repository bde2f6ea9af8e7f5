#pragma once

#include <condition_variable>
#include <cstdint>
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
// first after a period makes them anew, and others take the last ones meanwhile, unless these are
// too old. Of many that would take longer than an answer: from MakeInBackground on a thread of its
// own makes them while somebody reads; whoever reads after a pause waits for it. Thread-safe.
class LiveRanking {
 public:
  struct Options {
    Micros period_us = 200'000;   // They are made anew after so long, if it took a quarter at most.
    Micros grace_us = 200'000;    // Of few: while one makes them, others take the last for so long.
    Micros pause_us = 2'000'000;  // Nobody has read for so long: the thread stops making them.
  };

  // `make`: the values as of now. Of few items several threads may call it at once.
  using Make = std::function<std::vector<float>()>;
  explicit LiveRanking(Make make) : LiveRanking(std::move(make), Options()) {}
  LiveRanking(Make make, const Options& options) : make_(std::move(make)), options_(options) {}
  ~LiveRanking();
  LiveRanking(const LiveRanking&) = delete;
  LiveRanking& operator=(const LiveRanking&) = delete;

  // From now on a thread makes them, with the priority of who calls this first.
  void MakeInBackground();

  std::shared_ptr<const RankedValues> Read();

 private:
  std::shared_ptr<const RankedValues> MakeNow() const;
  void KeepFresh();
  bool WaitUntilDue(Micros due);  // Until the thread is to make them anew; false: it is to end.

  const Make make_;
  const Options options_;
  std::mutex mutex_;
  std::condition_variable wake_;  // The thread.
  std::condition_variable made_;  // By the thread.
  // All below: guarded by mutex_.
  std::shared_ptr<const RankedValues> ranked_{};
  Micros made_us_ = 0;          // By a reader, as of then. MonotonicNow, as is
  Micros read_us_ = 0;          // when somebody read them last.
  std::uint64_t num_made_ = 0;  // By the thread.
  bool is_being_made_ = false;  // By a reader.
  bool is_kept_fresh_ = false;  // By the thread.
  bool is_waited_for_ = false;  // The thread is.
  bool is_stopping_ = false;
  std::thread thread_{};
};

}  // namespace vitrine
