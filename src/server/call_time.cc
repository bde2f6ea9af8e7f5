#include "server/call_time.h"

#include <algorithm>
#include <memory>

namespace vitrine {

Countdown::Clock::duration Countdown::ReserveOf(Clock::duration left) {
  return std::clamp<Clock::duration>(left / 5, std::chrono::microseconds(500),
                                     std::chrono::milliseconds(50));
}

bool Countdown::IsLate(Clock::time_point now) { return Left(now) <= longest_step_; }

Countdown::Clock::duration Countdown::Left(Clock::time_point now) {
  if (asked_.has_value()) longest_step_ = std::max(longest_step_, now - *asked_);
  asked_ = now;
  return due_ - now;
}

CallTime TimeOf(const grpc::CallbackServerContext& context) {
  using SystemTime = Countdown::Clock;
  CallTime time{.is_gone = [&context] { return context.IsCancelled(); }};
  const SystemTime::time_point deadline = context.deadline();
  if (deadline == SystemTime::time_point::max()) return time;
  // Shared by the rows of a page.
  const auto countdown = std::make_shared<Countdown>(SystemTime::now(), deadline);
  time.is_late = [countdown] { return countdown->IsLate(SystemTime::now()); };
  time.time_left = [countdown] { return countdown->Left(SystemTime::now()); };
  return time;
}

}  // namespace vitrine
