#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "feature_store/store_codec.h"
#include "vitrine/feature_store/behaviour/visits_and_orders.h"
#include "vitrine/feature_store/event.h"

namespace vitrine {

// What behaviour features need of one event beside its head: the order that a purchase belongs to
// and what it came to, the words of a search.
struct EventDetails {
  static constexpr std::int64_t kUnknown = OrderAmounts::kUnknown;
  static constexpr std::int64_t kMostMoney = OrderAmounts::kMost;

  std::uint64_t order_key = 0;      // Equal: one order of this shopper. Purchases alone.
  std::int64_t revenue = kUnknown;  // OrderAmounts, in millionths.
  std::int64_t lines = kUnknown;
  std::vector<std::string> words{};  // Tokenize(search_query), in order.
};

// A purchase without an order id is the order of its moment: all purchases of one shopper at one
// moment are one order.
EventDetails DetailsOf(const Event& event, Micros time_us);

// The same from a record of the log, decoding no more than the event's type has.
absl::StatusOr<EventDetails> DetailsOf(const LogHead& head, std::string_view record);

}  // namespace vitrine
