#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "vitrine/base/clock.h"
#include "vitrine/scorers/scorer.h"

namespace vitrine {

// What counts as a purchase, and what as one visit. Part of a model.
struct PurchaseRules {
  bool is_purchases_only = false;  // Only kPurchaseComplete counts; else every interaction.
  float visit_gap_hours = 6;       // A pause longer than this begins a new visit. >= 0
};

// That an item was bought in a visit.
struct Purchase {
  ItemIndex item{};
  std::uint32_t visit = 0;  // From 0, the shopper's oldest.
  Micros time_us = 0;       // Of the first in the visit; 0: unknown.
  bool operator==(const Purchase&) const = default;
};

// What a shopper bought.
struct PurchaseHabits {
  std::uint32_t num_visits = 0;
  std::vector<Purchase> purchases{};  // By item, then visit; one for each such pair.

  // Calls visit(purchases of one item) for each item, in order.
  template <typename Visitor>
  void ForEachItem(const Visitor& visitor) const {
    const std::span<const Purchase> all(purchases);
    for (std::size_t begin = 0, end = 0; begin < all.size(); begin = end) {
      while (end < all.size() && all[end].item == all[begin].item) ++end;
      visitor(all.subspan(begin, end - begin));
    }
  }
};

// The habits that `history` shows, most recent first as in Query. An item that was given back or
// disliked after its last purchase is left out, and so are items at or beyond `num_items`. Where
// all times are 0, every interaction is a visit of its own. O(n log n).
PurchaseHabits HabitsOf(std::span<const Interaction> history, const PurchaseRules& rules,
                        std::size_t num_items);

// ln(days + 0.5): two purchases of one day are apart, and a month is twice as far from a week as a
// fortnight is. Negative spans count as 0.
double LogDays(Micros span_us);

}  // namespace vitrine
