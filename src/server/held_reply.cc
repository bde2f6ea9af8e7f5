#include "server/held_reply.h"

#include <grpc/grpc.h>

#include <cassert>
#include <memory>

namespace vitrine {
namespace {

// gRPC keeps the message until the call is over, beside the bytes that it made of it.
constexpr std::size_t kCopies = 2;

constexpr char kGivenUp[] =
    "the reply was not read, and was given up for those of others; read faster, or ask for less";

// What ends the call, from any thread and at any time.
//
// Not with TryCancel of its context: that goes with the call, which may end on one thread while
// another gives it up. Neither a lock nor waiting helps, since cancelling one call may run the end
// of a second, and the handler of a third, on the same thread: two threads could wait for each
// other. So this holds a reference of its own to the grpc_call, which the context only points to.
// Cancelling that is sound, and does nothing, once the call is over. The reference is taken before
// the call is finished, so there still is a call.
std::function<void()> GivingUp(grpc::CallbackServerContext& context) {
  grpc_call_ref(context.c_call());
  return [call = std::shared_ptr<grpc_call>(context.c_call(), &grpc_call_unref)] {
    grpc_call_cancel_with_status(call.get(), GRPC_STATUS_RESOURCE_EXHAUSTED, kGivenUp, nullptr);
  };
}

}  // namespace

void AwaitReading(grpc::CallbackServerContext& context, UnsentReplies& unsent) {
  if (!unsent.is_bounded()) return;
  auto* reply = dynamic_cast<HeldReply*>(context.GetRpcAllocatorState());
  assert(reply != nullptr);  // MeasuredMessages has left out a method.
  if (reply == nullptr) return;
  const std::size_t bytes = reply->WireBytes();
  if (bytes < UnsentReplies::kLeastBytes) return;
  reply->AwaitIn(unsent, kCopies * bytes, GivingUp(context));
}

}  // namespace vitrine
