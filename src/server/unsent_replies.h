#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>

#include "vitrine/base/counters.h"
#include "vitrine/server/api_keys.h"

namespace vitrine {

// The large replies that calls were finished with and that their callers have not taken yet. gRPC
// holds each until its caller makes room for it, and the caller alone says when that is. Where they
// come to more bytes than they may, the oldest are given up: a reply that is read is never the
// oldest for long, so that only slow callers lose theirs. Thread-safe.
class UnsentReplies {
 public:
  // A smaller one is no more than gRPC holds of any call that is open, and costs no lock.
  static constexpr std::size_t kLeastBytes = 16U << 10U;

  // 0: they may come to any number of bytes, and nothing is kept of them.
  explicit UnsentReplies(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  bool is_bounded() const { return max_bytes_ > 0; }

  // Counts those that are given up. Call before the first Add; `given_up` must outlive this.
  void CountIn(Counter& given_up) { given_up_ = &given_up; }

  // Which reply it is; a later one has a larger number.
  using Ticket = std::uint64_t;

  // Takes in a reply, then gives up the oldest ones until the rest is within the bound. The newest
  // stays, however large it is, or nobody would ever get it.
  //
  // `give_up` is called at most once, from any thread, with no lock held: it may call back. Remove
  // does not wait for it, so it must be sound even after the reply is removed.
  Ticket Add(std::size_t bytes, std::function<void()> give_up);

  // The reply is sent, or its caller has gone. Nothing happens to one that was given up before.
  void Remove(Ticket ticket);

  // Of all that are neither removed nor given up.
  std::size_t bytes() const;

 private:
  struct Reply {
    std::size_t bytes = 0;
    std::function<void()> give_up{};
  };

  void Tell(std::size_t num_given_up);

  const std::size_t max_bytes_;
  Counter* given_up_ = nullptr;  // Null: nobody counts.
  mutable std::mutex mutex_;
  std::map<Ticket, Reply> replies_;  // Guarded by mutex_, as all below; the oldest first.
  std::size_t bytes_ = 0;            // Of all of them.
  Ticket next_ = 0;

  static constexpr double kLinesPerSecond = 0.1;
  TokenBucket lines_{kLinesPerSecond};         // Of the log.
  std::atomic<std::uint64_t> num_untold_ = 0;  // Given up since the last of them.
};

}  // namespace vitrine
