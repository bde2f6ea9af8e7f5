#include "vitrine/feature_store/behaviour/visits_and_orders.h"

#include <algorithm>

namespace vitrine {
namespace {

// Of amounts of which either may be unknown.
std::int64_t Sum(std::int64_t a, std::int64_t b) {
  if (a < 0 || b < 0) return std::max(a, b);
  return std::min(OrderAmounts::kMost, a + b);
}

}  // namespace

std::int64_t AmountOf(const EventItem& item) {
  if (!item.unit_price.has_value()) return OrderAmounts::kUnknown;
  std::int64_t amount = 0;
  if (__builtin_mul_overflow(item.unit_price->micros, item.quantity, &amount)) {
    return OrderAmounts::kMost;
  }
  return std::min(OrderAmounts::kMost, amount);
}

void OrderAmounts::Add(const OrderAmounts& other) {
  revenue = std::max(revenue, other.revenue);
  lines = Sum(lines, other.lines);
}

OrderAmounts AmountsOf(const Event& purchase) {
  OrderAmounts amounts;
  if (purchase.revenue.has_value()) {
    amounts.revenue = std::min(OrderAmounts::kMost, purchase.revenue->micros);
  }
  for (const EventItem& item : purchase.items) amounts.lines = Sum(amounts.lines, AmountOf(item));
  return amounts;
}

}  // namespace vitrine
