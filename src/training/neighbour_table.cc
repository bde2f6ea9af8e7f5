#include "training/neighbour_table.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>

#include "training/trainers.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {

namespace {

constexpr std::size_t kSampledShard = 32;

// The absolute weight from which on `mean_neighbours` per target are kept.
float CutOf(std::vector<float> sizes, std::size_t num_targets, std::size_t mean_neighbours) {
  const std::size_t num_kept = num_targets * mean_neighbours;
  if (num_kept >= sizes.size()) return 0;
  const auto cut = sizes.begin() + static_cast<std::ptrdiff_t>(num_kept);
  std::nth_element(sizes.begin(), cut, sizes.end(), std::greater<>());
  return *cut;
}

absl::StatusOr<float> JudgeCut(const ItemShards& shards, std::size_t mean_neighbours,
                               const TrainingContext& context, const SourcesOfTargets& sources) {
  const std::size_t num_shards = (shards.num_items + shards.shard_items - 1) / shards.shard_items;
  const std::size_t num_samples = (num_shards + kSampledShard - 1) / kSampledShard;
  std::vector<std::vector<float>> sizes(num_samples);
  std::vector<std::size_t> num_targets(num_samples, 0);
  if (IsCancelled(context)) return Cancelled(shards.trainer);
  ReportProgress(context, shards.from);
  context.pool->ParallelFor(num_samples, [&](std::size_t sample) {
    const std::size_t begin = sample * kSampledShard * shards.shard_items;
    const std::size_t end = std::min(begin + shards.shard_items, shards.num_items);
    num_targets[sample] = end - begin;
    for (const auto& target : sources(begin, end)) {
      for (const ScoredItem& source : target) {
        const float size = std::abs(source.score);
        if (size > 0) sizes[sample].push_back(size);
      }
    }
  });

  std::vector<float> all;
  std::size_t num_sampled = 0;
  for (std::size_t sample = 0; sample < num_samples; ++sample) {
    all.insert(all.end(), sizes[sample].begin(), sizes[sample].end());
    num_sampled += num_targets[sample];
  }
  return CutOf(std::move(all), num_sampled, mean_neighbours);
}

bool ByItem(const ScoredItem& a, const ScoredItem& b) { return a.item < b.item; }

}  // namespace

absl::StatusOr<CsrMatrix> NeighbourTable(const ItemShards& shards, const TrainingContext& context,
                                         const SourcesOfTargets& sources) {
  std::vector<std::vector<ScoredItem>> by_target(shards.num_items);
  VITRINE_RETURN_IF_ERROR(ForEachShard(shards, context, [&](std::size_t begin, std::size_t end) {
    std::vector<std::vector<ScoredItem>> found = sources(begin, end);
    for (std::size_t target = begin; target < end; ++target) {
      std::sort(found[target - begin].begin(), found[target - begin].end(), ByItem);
      by_target[target] = std::move(found[target - begin]);
    }
  }));

  CsrMatrix matrix;
  matrix.num_rows = shards.num_items;
  matrix.num_cols = shards.num_items;
  for (std::vector<ScoredItem>& target : by_target) {
    for (const ScoredItem& source : target) {
      matrix.column.push_back(static_cast<std::uint32_t>(source.item));
      matrix.value.push_back(source.score);
    }
    matrix.row_begin.push_back(matrix.column.size());
    target = {};
  }
  return Transpose(matrix);
}

absl::StatusOr<CsrMatrix> CutNeighbourTable(const ItemShards& shards, std::size_t mean_neighbours,
                                            const TrainingContext& context,
                                            const SourcesOfTargets& sources) {
  VITRINE_ASSIGN_OR_RETURN(const float cut, JudgeCut(shards, mean_neighbours, context, sources));
  return NeighbourTable(shards, context, [&](std::size_t begin, std::size_t end) {
    std::vector<std::vector<ScoredItem>> found = sources(begin, end);
    for (std::vector<ScoredItem>& target : found) {
      std::erase_if(target, [cut](const ScoredItem& source) {
        return !(std::abs(source.score) >= cut) || source.score == 0;
      });
      target.shrink_to_fit();
    }
    return found;
  });
}

}  // namespace vitrine
