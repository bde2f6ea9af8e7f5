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
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::shared_ptr<const RankedValues> LiveRanking::Read() {
  const Micros now = MonotonicNow();
  {
    std::lock_guard lock(mutex_);
    read_us_ = now;
    const bool is_fresh = is_kept_fresh_ || is_being_made_ || now < next_us_;
    if (ranked_ != nullptr && is_fresh) return ranked_;
    is_being_made_ = true;
  }
  auto made = std::make_shared<const RankedValues>(RankValues(make_()));
  std::lock_guard lock(mutex_);
  ranked_ = std::move(made);
  next_us_ = now + options_.period_us;
  is_being_made_ = false;
  if (ranked_->values.size() >= options_.fewest_in_background && !is_kept_fresh_) {
    is_kept_fresh_ = true;
    if (!thread_.joinable()) thread_ = std::thread([this] { KeepFresh(); });
    wake_.notify_all();
  }
  return ranked_;
}

void LiveRanking::KeepFresh() {
  constexpr Micros kMostOfATime = 4;  // The thread is busy for one part in so many.
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return is_stopping_ || is_kept_fresh_; });
    const std::chrono::microseconds left(std::max<Micros>(next_us_ - MonotonicNow(), 0));
    if (wake_.wait_for(lock, left, [this] { return is_stopping_; })) return;
    const Micros start = MonotonicNow();
    if (start - read_us_ > options_.pause_us) {
      is_kept_fresh_ = false;
      continue;
    }
    lock.unlock();
    auto made = std::make_shared<const RankedValues>(RankValues(make_()));
    const Micros took = MonotonicNow() - start;
    lock.lock();
    ranked_.swap(made);
    next_us_ = start + std::max(options_.period_us, kMostOfATime * took);
  }
}

}  // namespace vitrine
