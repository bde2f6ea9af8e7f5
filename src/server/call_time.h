#pragma once

#include <grpcpp/server_context.h>

#include <chrono>
#include <functional>

namespace vitrine {

// Until when a call's answer has to be finished, so that it reaches the caller in time. By a clock
// that nobody sets: what a step takes can be read from it too.
class Countdown {
 public:
  using Clock = std::chrono::steady_clock;

  // What is kept back of the time that is left on arrival, for the page that is made of what is
  // ready and for its way to the caller: a fifth, at least 0.5 ms, at most 50 ms.
  static Clock::duration ReserveOf(Clock::duration left);

  // `left`: until the caller's deadline.
  Countdown(Clock::time_point arrival, Clock::duration left)
      : due_(arrival + (left - ReserveOf(left))) {}

  // How long a step may take that it does not end too late. None may begin where that is no time.
  Clock::duration Left(Clock::time_point now) const { return due_ - now; }

 private:
  Clock::time_point due_;
};

// How long a call is waited for, as of its arrival. The call's context must outlive it.
struct CallTime {
  // As Countdown has it. Empty where the caller gave no deadline: then nobody asks the clock.
  std::function<bool()> is_late{};
  std::function<std::chrono::nanoseconds()> time_left{};
  // Whether the caller has gone, or has no time left at all.
  std::function<bool()> is_gone{};
};
CallTime TimeOf(const grpc::CallbackServerContext& context);

}  // namespace vitrine
