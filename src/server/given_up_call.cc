#include "server/given_up_call.h"

#include <grpc/grpc.h>

#include <memory>
#include <utility>

namespace vitrine {

// Not with TryCancel of its context: that goes with the call, which may end on one thread while
// another gives it up. Neither a lock nor waiting helps, since cancelling one call may run the end
// of a second, and the handler of a third, on the same thread: two threads could wait for each
// other. So this holds a reference of its own to the grpc_call, which the context only points to.
// Cancelling that is sound, and does nothing, once the call is over. The reference is taken before
// the call is finished, so there still is a call.
std::function<void()> GivingUp(grpc::CallbackServerContext& context, std::string message) {
  grpc_call_ref(context.c_call());
  return [call = std::shared_ptr<grpc_call>(context.c_call(), &grpc_call_unref),
          message = std::move(message)] {
    grpc_call_cancel_with_status(call.get(), GRPC_STATUS_RESOURCE_EXHAUSTED, message.c_str(),
                                 nullptr);
  };
}

}  // namespace vitrine
