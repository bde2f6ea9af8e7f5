#pragma once

#include <cstdint>
#include <limits>

#include "vitrine/base/clock.h"
#include "vitrine/feature_store/event.h"

namespace vitrine {

// What a visit and an order are, for all who count them: behaviour features and `insight`.
//
// A visit (session) is a shopper's events without a longer pause than this. Impressions neither
// begin nor lengthen one: they are the shop's doing.
inline constexpr double kSessionGapMinutes = 30;
inline constexpr Micros kSessionGapUs =
    static_cast<Micros>(kSessionGapMinutes * 60) * kMicrosPerSecond;

// An order is all purchases of one shopper with one order id; without an id, all of one moment. Its
// time is that of the first. This is what they say that it came to, in millionths of the currency's
// unit, whichever that is.
struct OrderAmounts {
  static constexpr std::int64_t kUnknown = -1;
  // Amounts stop here, 2.3 million millions, so that no sum of two overflows.
  static constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / 4;

  std::int64_t revenue = kUnknown;  // Of the whole order: the largest that was named.
  std::int64_t lines = kUnknown;    // Quantity x unit price, summed where there is a price.

  // Another purchase of the same order. In any order, the result is the same.
  void Add(const OrderAmounts& other);

  // What the order came to; kUnknown: nobody said.
  std::int64_t value() const { return revenue >= 0 ? revenue : lines; }
  bool operator==(const OrderAmounts&) const = default;
};

// Quantity x unit price; OrderAmounts::kUnknown without a price.
std::int64_t AmountOf(const EventItem& item);

// What one purchase says.
OrderAmounts AmountsOf(const Event& purchase);

}  // namespace vitrine
