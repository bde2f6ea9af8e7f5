#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>

#include "vitrine/base/matrix.h"
#include "vitrine/base/thread_pool.h"

namespace vitrine::nn {

// At most so many shards: enough for the cores of a server, few enough that each is worth waking a
// thread for.
inline constexpr std::size_t kMaxShards = 32;

// Fewer numbers are not worth it.
inline constexpr Eigen::Index kMinShardNumbers = 16384;

// Calls body(shard) for each shard.
template <typename Body>
void ForEachShard(std::size_t num_shards, ThreadPool* pool, const Body& body) {
  if (pool == nullptr || num_shards < 2) {
    for (std::size_t shard = 0; shard < num_shards; ++shard) body(shard);
    return;
  }
  pool->ParallelFor(num_shards, std::cref(body));  // A reference: the body's copy is allocated.
}

// Parts that `count` things of `numbers_each` are cut into. Depends on these alone.
inline std::size_t NumShards(Eigen::Index count, Eigen::Index numbers_each) {
  const Eigen::Index wanted = count * std::max<Eigen::Index>(numbers_each, 1) / kMinShardNumbers;
  return static_cast<std::size_t>(std::clamp<Eigen::Index>(
      wanted, 1, std::min<Eigen::Index>(std::max<Eigen::Index>(count, 1), kMaxShards)));
}

// Calls body(shard, begin, end) for consecutive ranges of [0, count).
template <typename Body>
void ForEachRange(Eigen::Index count, Eigen::Index numbers_each, ThreadPool* pool,
                  const Body& body) {
  const std::size_t num_shards = NumShards(count, numbers_each);
  const auto range = [&](std::size_t shard) {
    const auto total = static_cast<std::size_t>(count);
    body(shard, static_cast<Eigen::Index>(shard * total / num_shards),
         static_cast<Eigen::Index>((shard + 1) * total / num_shards));
  };
  ForEachShard(num_shards, pool, range);
}

// Calls body(begin, end) for ranges of rows of a matrix of `columns`.
template <typename Body>
void ForEachRows(Eigen::Index rows, Eigen::Index columns, ThreadPool* pool, const Body& body) {
  ForEachRange(rows, columns, pool, [&](std::size_t, Eigen::Index begin, Eigen::Index end) {
    if (begin < end) body(begin, end);
  });
}

}  // namespace vitrine::nn
