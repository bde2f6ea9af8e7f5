#include "server/call_time.h"

#include <algorithm>

namespace vitrine {

Countdown::Clock::duration Countdown::ReserveOf(Clock::duration left) {
  return std::clamp<Clock::duration>(left / 5, std::chrono::microseconds(500),
                                     std::chrono::milliseconds(50));
}

CallTime TimeOf(const grpc::CallbackServerContext& context) {
  using SystemClock = std::chrono::system_clock;
  CallTime time{.is_gone = [&context] { return context.IsCancelled(); }};
  const SystemClock::time_point deadline = context.deadline();
  if (deadline == SystemClock::time_point::max()) return time;
  const Countdown countdown(Countdown::Clock::now(), deadline - SystemClock::now());
  const auto left = [countdown] { return countdown.Left(Countdown::Clock::now()); };
  time.is_late = [left] { return left().count() <= 0; };
  time.time_left = left;
  return time;
}

}  // namespace vitrine
