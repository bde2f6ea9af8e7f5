#pragma once

#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/engine/engine.h"

namespace vitrine {

// Where a list goes on: a version, a fingerprint of the request, the indices of all that was shown
// in its order, and the store's seal over these, in web-safe base64. Indices are the store's for
// good, and so is the key of its seals: a token outlives restarts and models, and only the store
// can make one.

// Empty when the list ends with this page: it is not full, though not for want of time, or
// kMaxListLength have been shown. `shown`: on the pages before. `page`: what this one shows.
std::string NextPageToken(const FeatureStore& store, const RecommendRequest& request,
                          std::span<const ItemIndex> shown, std::span<const BlendedItem> page,
                          bool is_cut_short);

// What was shown before; nothing where the request has no token. Errors: INVALID_ARGUMENT the token
// is none of the store's, was damaged, or is of another request.
absl::StatusOr<std::vector<ItemIndex>> ShownBefore(const FeatureStore& store,
                                                   const RecommendRequest& request);

}  // namespace vitrine
