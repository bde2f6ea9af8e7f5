#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "training/item_shards.h"
#include "vitrine/math/sparse.h"
#include "vitrine/math/top_k.h"

namespace vitrine {

// For the targets [begin, end), in order: the items that speak for each, and how much. Called from
// the threads of the pool.
using SourcesOfTargets =
    std::function<std::vector<std::vector<ScoredItem>>(std::size_t begin, std::size_t end)>;

// The item-to-item matrix that `sources` tells by target, turned: row j holds the items that j
// speaks for, as ItemNeighbours wants it. Errors: CANCELLED.
absl::StatusOr<CsrMatrix> NeighbourTable(const ItemShards& shards, const TrainingContext& context,
                                         const SourcesOfTargets& sources);

// The same, cut: it keeps the weights of largest absolute value, `mean_neighbours` per item on
// average, wherever they are, so that the scores of popular items, to which many speak a little,
// suffer no more than others. At equal size a cut by target takes four times as much accuracy, and
// one by source twice as much (Gowalla, linear filter). Where to cut is judged from every
// thirty-second shard, which is computed twice.
absl::StatusOr<CsrMatrix> CutNeighbourTable(const ItemShards& shards, std::size_t mean_neighbours,
                                            const TrainingContext& context,
                                            const SourcesOfTargets& sources);

}  // namespace vitrine
