#pragma once

#include <grpcpp/support/byte_buffer.h>

#include <cstddef>
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

// Of all requests together, what gRPC keeps around each included: some 700,000 short ones.
inline constexpr std::size_t kMaxRequestBytes = 256U << 20U;

// Requests to send in turn, made before the clock runs: as many as the run can send, unless there
// is but one that it can say, or `max_bytes` end them before. Of each 10,000 every call of the mix
// has its share, rounded, in an order drawn by the seed. The same options give the same requests,
// and a longer run begins with those of a shorter one.
std::vector<LoadRequest> MakeRequests(const LoadOptions& options,
                                      std::size_t max_bytes = kMaxRequestBytes);

}  // namespace vitrine
