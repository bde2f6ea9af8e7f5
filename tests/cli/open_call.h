#pragma once

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <memory>
#include <string>

namespace vitrine::testing {

// A call of gRPC's own reflection that is left open, which a drain waits for.
class OpenCall {
 public:
  explicit OpenCall(const std::string& address)
      : stub_(grpc::CreateChannel(address, grpc::InsecureChannelCredentials())),
        call_(stub_.PrepareCall(
            &context_, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &queue_)) {
    call_->StartCall(nullptr);
    if (!IsDone()) return;
    const grpc::Slice list_services("\x3a\x00", 2);
    call_->Write(grpc::ByteBuffer(&list_services, 1), nullptr);
    if (!IsDone()) return;
    call_->Read(&answer_, nullptr);
    is_open_ = IsDone();
  }
  ~OpenCall() {
    context_.TryCancel();
    queue_.Shutdown();
    while (IsDone()) continue;
  }

  // The server has answered in it.
  bool is_open() const { return is_open_; }

 private:
  bool IsDone() {
    void* tag = nullptr;
    bool is_ok = false;
    return queue_.Next(&tag, &is_ok) && is_ok;
  }

  grpc::TemplatedGenericStub<grpc::ByteBuffer, grpc::ByteBuffer> stub_;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::ClientAsyncReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>> call_;
  grpc::ByteBuffer answer_;
  bool is_open_ = false;
};

}  // namespace vitrine::testing
