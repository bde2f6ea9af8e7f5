#pragma once

#include "absl/status/statusor.h"
#include "vitrine/base/thread_pool.h"
#include "vitrine/insight/insight.h"

namespace vitrine {

// Clusters the shoppers by their ScaledFeatures. `before` are rows of the same shoppers as of
// `before_us`, those who came later with last_seen_us 0: each is put where it would be with today's
// means, deviations and centres, so that a move is the shopper's own. A shop whose shoppers are all
// alike has one segment, one of fewer than `min_group` shoppers none. REQUIRES: at least one
// shopper
absl::StatusOr<Segmentation> MakeSegments(const ShopperTable& shoppers,
                                          const std::vector<ShopperSummary>& before,
                                          Micros before_us, const InsightOptions& options,
                                          ThreadPool& pool);

}  // namespace vitrine
