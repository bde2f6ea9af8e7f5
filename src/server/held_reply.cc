#include "server/held_reply.h"

#include <cassert>

#include "server/given_up_call.h"

namespace vitrine {
namespace {

// gRPC keeps the message until the call is over, beside the bytes that it made of it.
constexpr std::size_t kCopies = 2;

constexpr char kGivenUp[] =
    "the reply was not read, and was given up for those of others; read faster, or ask for less";

}  // namespace

void AwaitReading(grpc::CallbackServerContext& context, UnsentReplies& unsent) {
  if (!unsent.is_bounded()) return;
  auto* reply = dynamic_cast<HeldReply*>(context.GetRpcAllocatorState());
  assert(reply != nullptr);  // MeasuredMessages has left out a method.
  if (reply == nullptr) return;
  const std::size_t bytes = reply->WireBytes();
  if (bytes < UnsentReplies::kLeastBytes) return;
  reply->AwaitIn(unsent, kCopies * bytes, GivingUp(context, kGivenUp));
}

}  // namespace vitrine
