#pragma once

#include <grpcpp/server_context.h>

#include <cstddef>
#include <functional>
#include <utility>

#include "server/unsent_replies.h"

namespace vitrine {

// What our messages of a unary call are besides gRPC's holder of them: a reply of known size, which
// is among the unsent ones until the holder goes. That is when gRPC is done with the call.
class HeldReply {
 public:
  HeldReply() = default;
  HeldReply(const HeldReply&) = delete;
  HeldReply& operator=(const HeldReply&) = delete;

  // Of the message as it is sent.
  virtual std::size_t WireBytes() = 0;

  // Once at most, before the call is finished. `unsent` must outlive the call.
  void AwaitIn(UnsentReplies& unsent, std::size_t bytes, std::function<void()> give_up) {
    unsent_ = &unsent;
    ticket_ = unsent.Add(bytes, std::move(give_up));
  }

 protected:
  ~HeldReply() {
    if (unsent_ != nullptr) unsent_->Remove(ticket_);
  }

 private:
  UnsentReplies* unsent_ = nullptr;  // Null: it is too small to be among them, or not finished.
  UnsentReplies::Ticket ticket_ = 0;
};

// Puts the reply of a call that is about to be finished with OK among `unsent`, if it is large.
// Call it before Finish, and with no lock held: it may give up other calls. All of that is done
// when it returns, so that the call, and with it the server and `unsent`, outlive it.
void AwaitReading(grpc::CallbackServerContext& context, UnsentReplies& unsent);

}  // namespace vitrine
