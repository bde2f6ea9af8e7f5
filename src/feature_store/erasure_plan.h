#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "absl/status/status.h"
#include "feature_store/local_store.h"

namespace vitrine {

// What forgetting events will do, from two readings of the log: what goes, and what that leaves of
// others. Of an erasure and of old events alike.
struct LocalStore::ErasurePlan {
  using Goes = std::function<bool(std::uint64_t offset, const LogHead& head)>;
  ErasurePlan(double half_life_days, Goes which)
      : goes(std::move(which)), views{.demand = Demand(half_life_days)} {}

  Goes goes;
  // Called with each event of the first reading, before anything else is done with it.
  std::function<void(bool goes, const LogHead& head)> look = [](bool, const LogHead&) {};
  bool deletes_events = true;  // In `batch`; else they go later.
  StoreViews::Erasure views;
  Batch batch{};
  std::uint64_t num_events = 0;
  // Shoppers who stay but lose events, by number.
  std::unordered_map<std::uint32_t, StoreViews::Erasure::Rebuilt> others{};
};

// Adds the deletion of an event, by its row in the log, and of its id to `batch`.
absl::Status DeleteEvent(const StoreKey& store_key, std::string_view key, std::string_view value,
                         Batch& batch);

}  // namespace vitrine
