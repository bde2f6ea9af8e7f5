#include "training/item_shards.h"

#include <algorithm>

#include "training/trainers.h"

namespace vitrine {

namespace {

// Shards between two reports, at which a cancelled training stops.
constexpr std::size_t kShardsPerReport = 64;

}  // namespace

absl::Status ForEachShard(const ItemShards& shards, const TrainingContext& context,
                          const std::function<void(std::size_t begin, std::size_t end)>& body) {
  const std::size_t num_shards = (shards.num_items + shards.shard_items - 1) / shards.shard_items;
  for (std::size_t first = 0; first < num_shards; first += kShardsPerReport) {
    if (IsCancelled(context)) return Cancelled(shards.trainer);
    const double done = static_cast<double>(first) / static_cast<double>(num_shards);
    ReportProgress(context, shards.from + (shards.to - shards.from) * done);
    const std::size_t count = std::min(kShardsPerReport, num_shards - first);
    context.pool->ParallelFor(count, [&](std::size_t shard) {
      const std::size_t begin = (first + shard) * shards.shard_items;
      body(begin, std::min(begin + shards.shard_items, shards.num_items));
    });
  }
  if (IsCancelled(context)) return Cancelled(shards.trainer);
  ReportProgress(context, shards.to);
  return absl::OkStatus();
}

}  // namespace vitrine
