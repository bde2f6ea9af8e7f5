#include "feature_store/live_ranking.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace vitrine {

LiveRanking::~LiveRanking() {
  {
    std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void LiveRanking::MakeInBackground() {
  std::lock_guard lock(mutex_);
  if (!thread_.joinable()) thread_ = std::thread([this] { KeepFresh(); });
}

std::shared_ptr<const RankedValues> LiveRanking::Read() {
  const Micros now = MonotonicNow();
  std::unique_lock lock(mutex_);
  read_us_ = now;
  if (thread_.joinable()) {
    if (is_kept_fresh_) return ranked_;
    is_waited_for_ = true;
    wake_.notify_one();
    // Not for is_kept_fresh_, which may be over before this goes on.
    made_.wait(lock, [this, before = num_made_] { return num_made_ != before; });
    return ranked_;
  }
  const Micros lasts_us = options_.period_us + (is_being_made_ ? options_.grace_us : 0);
  if (ranked_ != nullptr && now < made_us_ + lasts_us) return ranked_;
  is_being_made_ = true;
  lock.unlock();
  std::shared_ptr<const RankedValues> ranked = MakeNow();
  lock.lock();
  is_being_made_ = false;
  // Others, who found the last ones too old, may have made newer ones meanwhile.
  if (thread_.joinable() || now <= made_us_) return ranked;
  made_us_ = now;
  ranked_ = std::move(ranked);
  return ranked_;
}

std::shared_ptr<const RankedValues> LiveRanking::MakeNow() const {
  return std::make_shared<const RankedValues>(RankValues(make_()));
}

void LiveRanking::KeepFresh() {
  constexpr Micros kParts = 4;  // Of the time, of which it makes them for one at most.
  for (Micros due = 0; WaitUntilDue(due);) {
    const Micros start = MonotonicNow();
    std::shared_ptr<const RankedValues> ranked = MakeNow();
    due = start + std::max(options_.period_us, kParts * (MonotonicNow() - start));
    std::lock_guard lock(mutex_);
    ranked_.swap(ranked);  // The last ones go when others may read again.
    ++num_made_;
    is_kept_fresh_ = true;
    is_waited_for_ = false;
    made_.notify_all();
  }
}

bool LiveRanking::WaitUntilDue(Micros due) {
  std::unique_lock lock(mutex_);
  if (is_kept_fresh_) {
    const std::chrono::microseconds left(std::max<Micros>(due - MonotonicNow(), 0));
    if (wake_.wait_for(lock, left, [this] { return is_stopping_; })) return false;
    if (MonotonicNow() - read_us_ <= options_.pause_us) return true;
    is_kept_fresh_ = false;
  }
  wake_.wait(lock, [this] { return is_stopping_ || is_waited_for_; });
  return !is_stopping_;
}

}  // namespace vitrine
