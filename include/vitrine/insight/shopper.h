#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "vitrine/base/clock.h"

namespace vitrine {

// How much one shopper cares for one category.
struct CategoryTaste {
  std::uint32_t category = 0;  // Index into ShopperTable::categories.
  double share = 0;            // Of the shopper's whole decayed weight, in (0, 1].
};

// An item that a shopper buys again and again, and when it is due.
struct RepeatNeed {
  std::uint32_t item = 0;  // Index into ShopperTable::item_ids.
  std::uint32_t num_purchases = 0;
  double gap_days = 0;  // Median between purchases, at least a day.
  Micros last_us = 0;
  Micros due_us = 0;  // last_us + gap_days; in the past: overdue.
};

// What one shopper did up to one moment. A visit (session) ends when nothing happens for the gap of
// InsightOptions; impressions are the shop's doing and belong to none. Money is in the table's
// currency.
struct ShopperSummary {
  std::string id{};
  bool is_visitor = false;  // Anonymous, and merged into no user.
  Micros first_seen_us = 0;
  Micros last_seen_us = 0;
  Micros first_order_us = 0;  // 0: has none.
  Micros last_order_us = 0;
  std::uint32_t views = 0;  // Detail page views.
  std::uint32_t carts = 0;  // Events that put something into the cart.
  std::uint32_t orders = 0;
  std::uint32_t priced_orders = 0;  // Those whose value is known, in the table's currency.
  std::uint32_t returns = 0;        // Events.
  std::uint32_t sessions = 0;
  std::uint32_t active_days = 0;            // Calendar days with any event.
  std::int64_t value_micros = 0;            // Of all priced orders; returns are not taken off.
  std::int64_t max_order_micros = 0;        // The largest priced order.
  double order_gap_days = 0;                // Median between orders; 0 with fewer than two.
  std::vector<CategoryTaste> favourites{};  // The most liked first, at most three.
  std::vector<RepeatNeed> needs{};          // The soonest due first, at most five.

  // 0 without a priced order.
  double MeanOrderMicros() const {
    return priced_orders == 0 ? 0 : static_cast<double>(value_micros) / priced_orders;
  }
};

// All shoppers of a store as of one moment, in the order of their first event in the log.
struct ShopperTable {
  Micros as_of_us = 0;
  std::string currency{};  // That of most orders; empty when no order has a value.
  std::vector<ShopperSummary> rows{};
  std::vector<std::string> item_ids{};
  std::vector<std::string> item_titles{};  // The id where the catalogue has no title.
  std::vector<std::string> categories{};   // "Home > Kitchen"
};

}  // namespace vitrine
