#pragma once

#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/engine/engine.h"

namespace vitrine {

// Where a list goes on: a fingerprint of the request, and the indices of all that was shown in its
// order, as a sealed_token.h. Indices are the store's for good, as the token is.

// Empty when the list ends with this page: kMaxListLength have been shown. `shown`: on the pages
// before. `page`: what this one shows, which is not the last one.
std::string NextPageToken(const FeatureStore& store, const RecommendRequest& request,
                          std::span<const ItemIndex> shown, std::span<const ItemIndex> page);

// What was shown before; nothing where the request has no token. Errors: INVALID_ARGUMENT the token
// is none of the store's, was damaged, or is of another request.
absl::StatusOr<std::vector<ItemIndex>> ShownBefore(const FeatureStore& store,
                                                   const RecommendRequest& request);

}  // namespace vitrine
