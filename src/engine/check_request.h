#pragma once

#include "absl/status/status.h"
#include "vitrine/engine/engine.h"

namespace vitrine {

// INVALID_ARGUMENT when a field is out of its range: which, and what is allowed.
absl::Status CheckRequest(const RecommendRequest& request);
absl::Status CheckRequest(const SimilarRequest& request);
absl::Status CheckRequest(const RankRequest& request);
absl::Status CheckRequest(const PurchaseRequest& request);

// The same of what a request, or its placement, wants of a list.
absl::Status CheckControls(const ListControls& controls);

}  // namespace vitrine
