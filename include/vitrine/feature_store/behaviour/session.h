#pragma once

#include <cstddef>
#include <optional>

#include "vitrine/base/clock.h"
#include "vitrine/base/ids.h"
#include "vitrine/feature_store/event.h"

namespace vitrine {

// So many of the latest events of a visit are known.
inline constexpr std::size_t kMaxSessionEvents = 128;

// An event of the visit under way, of any type but an impression. A visit ends with a pause of more
// than kSessionGapUs (visits_and_orders.h).
struct SessionEvent {
  Micros time_us = 0;
  EventType type{};
  // The first item of an event that is in the shopper's history; none: a search, a category page.
  std::optional<ItemIndex> item{};
  bool operator==(const SessionEvent&) const = default;
};

}  // namespace vitrine
