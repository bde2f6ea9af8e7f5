#pragma once

#include <grpcpp/server_context.h>

#include <chrono>
#include <functional>

namespace vitrine {

// What is kept back of the time that a caller gives: for the model that is being asked when the
// rest is up, for the page that is then made, and for its way to the caller. A fifth of what was
// left on arrival, at least 0.5 ms, at most 50 ms.
std::chrono::system_clock::duration ReserveOf(std::chrono::system_clock::duration left);

// How long a call is waited for, as of its arrival. The call's context must outlive it.
struct CallTime {
  // Whether no more than the reserve is left. Empty where the caller gave no deadline: then nobody
  // asks the clock.
  std::function<bool()> is_late{};
  // Whether the caller has gone, or has no time left at all.
  std::function<bool()> is_gone{};
};
CallTime TimeOf(const grpc::CallbackServerContext& context);

}  // namespace vitrine
