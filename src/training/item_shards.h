#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

#include "absl/status/status.h"
#include "vitrine/training/trainer.h"

namespace vitrine {

// How a trainer goes over all items.
struct ItemShards {
  std::string_view trainer{};  // Who is cancelled.
  std::size_t num_items = 0;
  std::size_t shard_items = 64;
  double from = 0;  // Progress at the first item
  double to = 1;    // and after the last.
};

// Calls body(begin, end) for the shards that make up [0, num_items), on context.pool, and reports
// progress. Errors: CANCELLED.
absl::Status ForEachShard(const ItemShards& shards, const TrainingContext& context,
                          const std::function<void(std::size_t begin, std::size_t end)>& body);

}  // namespace vitrine
