#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "feature_store/behaviour/facets.h"
#include "feature_store/behaviour/shopper_activity.h"
#include "feature_store/shoppers.h"
#include "vitrine/base/clock.h"
#include "vitrine/feature_store/behaviour/visits_and_orders.h"
#include "vitrine/feature_store/event.h"
#include "vitrine/feature_store/feature.h"

namespace vitrine {

inline constexpr std::size_t kTopNames = 5;      // Entries of a feature of names and weights.
inline constexpr std::size_t kMaxPathSteps = 6;  // Of a path before an order, the last ones.

// Visits among the steps that are kept: events with no more than kSessionGapUs between them.
struct SessionFacts {
  std::uint32_t num_sessions = 0;
  std::uint32_t num_events = 0;
  Micros total_us = 0;  // Between first and last event, over all sessions.
  std::uint32_t with_cart = 0;
  std::uint32_t with_cart_alone = 0;  // And without an order.
  std::uint32_t with_order = 0;
  Micros total_to_order_us = 0;  // From the beginning to the first order.
  std::uint32_t num_paths = 0;   // Orders, those at once after another counted as one.
  std::uint32_t num_typical = 0;
  std::uint64_t typical_path = 0;  // Event types, four bits each, the last in the lowest.
};
SessionFacts FindSessions(std::span<const ShopperActivity::Step> steps);

struct OrderFacts {
  std::uint32_t num_orders = 0;
  std::uint32_t num_30d = 0;  // In (now - 30 days, now]
  std::uint32_t num_90d = 0;
  std::uint32_t num_365d = 0;
  std::uint32_t num_with_value = 0;
  double total = 0;  // In millionths, over those with a value.
  double total_365d = 0;
  std::int64_t largest = -1;     // -1: none has a value.
  std::int64_t last_value = -1;  // Of the last order; -1: unknown.
  Micros first_us = 0;
  Micros last_us = 0;
};
OrderFacts SumOrders(std::span<const ShopperActivity::Order> orders, Micros now);

// What a shopper's history says about kinds of items: per name its share of all positive weight,
// where an interaction weighs its event's weight, halved every kInterestHalfLifeDays. At most
// kTopNames each.
struct AffinityFacts {
  WeightedNames categories{};
  WeightedNames brands{};
  WeightedNames price_bands{};
};
AffinityFacts WeighAffinities(std::span<const HistoryEntry> history, const EventWeights& weights,
                              const Facets& facets);

// How often each word is among those kept; at most kTopNames.
WeightedNames CountWords(std::span<const ShopperActivity::Word> words);

// The smallest of the kTopNames largest weights: whatever is among the top, whatever order is among
// equals, weighs at least that much.
double LeastOfTop(std::vector<double> weights);

// The heaviest first, equal ones by name, at most kTopNames.
void KeepTop(WeightedNames& names);

}  // namespace vitrine
