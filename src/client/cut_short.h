#pragma once

#include <grpcpp/support/byte_buffer.h>

namespace vitrine {

// Whether the `fallbacks` of a list say that something was left out for want of time: "deadline",
// "ranker-late", or "model-late:" and a model. `reply` is a RecommendItemsResponse, a
// SimilarItemsResponse or a RankItemsResponse, and is left as it was; its items are stepped over,
// not parsed. False of bytes that are none of these.
bool WasCutShort(grpc::ByteBuffer& reply);

}  // namespace vitrine
