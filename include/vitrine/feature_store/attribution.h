#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/clock.h"
#include "vitrine/base/ids.h"
#include "vitrine/feature_store/feature_store.h"

namespace vitrine {

// Which list an event came of. Clients get it sealed with the list and hand it on with the events
// (Event::attribution_token), so that these can be joined to what was shown: docs/attribution.md.
// It says nothing of the shopper.
struct Attribution {
  std::string placement{};
  std::string model_version{};        // Empty: no model made the list.
  Micros time_us = 0;                 // When it was made.
  std::size_t first_position = 1;     // Of the first item, all pages of the list counted through.
  std::vector<ItemIndex> items{};     // In their order.
  std::vector<float> propensities{};  // [items], above 0, at most 1. Empty: nothing was drawn.
  bool operator==(const Attribution&) const = default;

  // The place of the item on the list, all its pages counted through; nothing where it has it not.
  std::optional<std::size_t> PositionOf(ItemIndex item) const;
};

// In web-safe base64: about 100 bytes, and 3 for each item of a shop of 10,000, 8 where items were
// drawn. Takes a microsecond or two: docs/attribution.md.
std::string SealAttribution(const FeatureStore& store, const Attribution& attribution);

// INVALID_ARGUMENT: the token is none that this store gave, or was damaged.
absl::StatusOr<Attribution> ReadAttribution(const FeatureStore& store, std::string_view token);

}  // namespace vitrine
