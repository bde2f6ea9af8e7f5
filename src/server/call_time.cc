#include "server/call_time.h"

#include <algorithm>

namespace vitrine {

std::chrono::system_clock::duration ReserveOf(std::chrono::system_clock::duration left) {
  return std::clamp<std::chrono::system_clock::duration>(left / 5, std::chrono::microseconds(500),
                                                         std::chrono::milliseconds(50));
}

CallTime TimeOf(const grpc::CallbackServerContext& context) {
  using Clock = std::chrono::system_clock;
  CallTime time{.is_gone = [&context] { return context.IsCancelled(); }};
  const Clock::time_point deadline = context.deadline();
  if (deadline == Clock::time_point::max()) return time;
  const Clock::time_point due = deadline - ReserveOf(deadline - Clock::now());
  time.is_late = [due] { return Clock::now() >= due; };
  return time;
}

}  // namespace vitrine
