#pragma once

#include <grpcpp/server_context.h>

#include <functional>
#include <string>

namespace vitrine {

// What ends the call with RESOURCE_EXHAUSTED and this message, from any thread and at any time;
// once the call is over it does nothing. Take it before the call is finished. It may run the ends
// of calls here and now, so call it with no lock held.
std::function<void()> GivingUp(grpc::CallbackServerContext& context, std::string message);

}  // namespace vitrine
