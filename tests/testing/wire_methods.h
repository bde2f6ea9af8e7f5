#pragma once

#include <google/protobuf/descriptor.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/sync_stream.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "grpc/health/v1/health.pb.h"

namespace vitrine::testing {

// By service, in the order of their names, every method, in the order of its file. Of the services
// that the health check names, so that a new one is called by itself. Reflection is not among them:
// it is gRPC's own.
using MethodsByService = std::vector<std::vector<const google::protobuf::MethodDescriptor*>>;
inline MethodsByService MethodsOf(const grpc::health::v1::HealthListResponse& services) {
  std::set<std::string> names;
  for (const auto& [name, status] : services.statuses()) names.insert(name);
  MethodsByService methods;
  for (const std::string& name : names) {
    const auto* service =
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(name);
    if (service == nullptr || service->method_count() == 0) continue;  // "": the whole server.
    auto& added = methods.emplace_back();
    for (int i = 0; i < service->method_count(); ++i) added.push_back(service->method(i));
  }
  return methods;
}

// The one call that goes on until the caller ends it.
inline bool IsEndless(const google::protobuf::MethodDescriptor& method) {
  return method.full_name() == "grpc.health.v1.Health.Watch";
}

// As in a request's first line.
inline std::string PathOf(const google::protobuf::MethodDescriptor& method) {
  return "/" + method.service()->full_name() + "/" + method.name();
}

// Begins a call whose messages are bytes. To the server every call is a stream, of one message or
// more.
using ByteStream = grpc::ClientReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>;
inline std::unique_ptr<ByteStream> BeginCall(grpc::Channel& channel, const std::string& path,
                                             grpc::ClientContext& context) {
  using Factory = grpc::internal::ClientReaderWriterFactory<grpc::ByteBuffer, grpc::ByteBuffer>;
  const grpc::internal::RpcMethod stream(path.c_str(), grpc::internal::RpcMethod::BIDI_STREAMING);
  return std::unique_ptr<ByteStream>(Factory::Create(&channel, stream, &context));
}

}  // namespace vitrine::testing
