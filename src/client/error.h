#pragma once

#include <grpcpp/support/status.h>

#include <string>

#include "absl/status/status.h"

namespace vitrine {

// The server's error as a status: its message with one more line per violated field, and its
// details as payloads. Where no server answered the message names `address`.
absl::Status FromGrpcStatus(const grpc::Status& status, const std::string& address);

}  // namespace vitrine
