#pragma once

#include <grpcpp/support/byte_buffer.h>

#include <string>
#include <vector>

#include "vitrine/client/load_generator.h"

namespace vitrine {

// The full name of the call, as "/vitrine.v1.RecommendationService/RecommendItems".
std::string MethodOf(LoadCall call);

// Requests to send in turn, made before the clock runs.
std::vector<grpc::ByteBuffer> MakeRequests(const LoadOptions& options);

}  // namespace vitrine
