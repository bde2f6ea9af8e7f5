#pragma once

#include <grpcpp/support/byte_buffer.h>

#include <string>
#include <vector>

#include "vitrine/client/load_generator.h"

namespace vitrine {

// The full name of the call, as "/vitrine.v1.RecommendationService/RecommendItems".
std::string MethodOf(LoadCall call);

struct LoadRequest {
  LoadCall call{};
  grpc::ByteBuffer message{};
};

// Requests to send in turn, made before the clock runs: each call of the mix has its share of them,
// rounded, in an order drawn by the seed. The same options give the same requests.
std::vector<LoadRequest> MakeRequests(const LoadOptions& options);

}  // namespace vitrine
