#pragma once

#include <google/protobuf/arena.h>
#include <grpcpp/support/message_allocator.h>

#include <cstddef>

#include "server/held_reply.h"

namespace vitrine {

// Keeps the messages of each call, with all that they hold, in one piece of memory that is freed as
// a whole: a list of 20 items with their reasons is some two hundred small allocations otherwise.
template <typename Request, typename Response>
class ArenaMessages final : public grpc::MessageAllocator<Request, Response> {
 public:
  grpc::MessageHolder<Request, Response>* AllocateMessages() override { return new Holder(); }

 private:
  class Holder final : public grpc::MessageHolder<Request, Response>, public HeldReply {
   public:
    Holder() {
      this->set_request(google::protobuf::Arena::CreateMessage<Request>(&arena_));
      this->set_response(google::protobuf::Arena::CreateMessage<Response>(&arena_));
    }
    void Release() override { delete this; }
    std::size_t WireBytes() override { return this->response()->ByteSizeLong(); }

   private:
    google::protobuf::Arena arena_;
  };
};

}  // namespace vitrine
