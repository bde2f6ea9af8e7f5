#pragma once

#include <grpcpp/server_context.h>

#include <chrono>
#include <functional>
#include <optional>

namespace vitrine {

// Whether a call's answer has to be finished now, so that it reaches the caller in time. Of one
// thread at a time.
class Countdown {
 public:
  using Clock = std::chrono::system_clock;

  // What is kept back of the time that is left on arrival, for the page that is made of what is
  // ready and for its way to the caller: a fifth, at least 0.5 ms, at most 50 ms.
  static Clock::duration ReserveOf(Clock::duration left);

  Countdown(Clock::time_point arrival, Clock::time_point deadline)
      : due_(deadline - ReserveOf(deadline - arrival)) {}

  // Asked before each step of the work: whether it would end too late, if it took as long as the
  // longest between two questions so far.
  bool IsLate(Clock::time_point now);

  // How long a step may take that it does not end too late. A question as well.
  Clock::duration Left(Clock::time_point now);

 private:
  Clock::time_point due_;
  std::optional<Clock::time_point> asked_;
  Clock::duration longest_step_{};
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
