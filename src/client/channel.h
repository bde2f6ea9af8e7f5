#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <memory>
#include <string>

#include "vitrine/client/client.h"

namespace vitrine {

// A channel to `address` with the options' limits and TLS. Connects with the first call.
std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address,
                                           const ClientOptions& options);

// Shows the options' key with the call, if there is one.
void ShowKey(const std::string& key, grpc::ClientContext& context);

}  // namespace vitrine
