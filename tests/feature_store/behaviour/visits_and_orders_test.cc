#include "vitrine/feature_store/behaviour/visits_and_orders.h"

#include <gtest/gtest.h>

namespace vitrine {
namespace {

constexpr std::int64_t kUnknown = OrderAmounts::kUnknown;
constexpr std::int64_t kMost = OrderAmounts::kMost;

EventItem Priced(std::int64_t micros, std::uint32_t quantity) {
  return {.item_id = "mug", .quantity = quantity, .unit_price = Money{micros, "EUR"}};
}

OrderAmounts Together(OrderAmounts a, const OrderAmounts& b) {
  a.Add(b);
  return a;
}

TEST(OrderAmountsTest, LinesSumQuantityTimesPriceWhereThereIsOne) {
  const Event purchase{.items = {Priced(5, 3), {.item_id = "gift"}, Priced(7, 2)}};

  EXPECT_EQ(AmountsOf(purchase), (OrderAmounts{.revenue = kUnknown, .lines = 29}));
  EXPECT_EQ(AmountsOf(purchase).value(), 29);
}

TEST(OrderAmountsTest, ARevenueGoesBeforeTheLinesAndNothingIsUnknown) {
  EXPECT_EQ(AmountsOf({.items = {Priced(5, 1)}, .revenue = Money{4, "EUR"}}).value(), 4);
  EXPECT_EQ(AmountsOf({.revenue = Money{0, "EUR"}}).value(), 0);
  EXPECT_EQ(AmountsOf({.items = {{.item_id = "gift"}}}).value(), kUnknown);
}

TEST(OrderAmountsTest, TwoPurchasesOfOneOrderKeepTheLargerRevenueAndAllLines) {
  const OrderAmounts one{.revenue = 9, .lines = kUnknown};
  const OrderAmounts other{.revenue = 12, .lines = 4};

  EXPECT_EQ(Together(one, other), (OrderAmounts{.revenue = 12, .lines = 4}));
  EXPECT_EQ(Together(other, one), (OrderAmounts{.revenue = 12, .lines = 4}));
  EXPECT_EQ(Together(other, other), (OrderAmounts{.revenue = 12, .lines = 8}));
  EXPECT_EQ(Together({}, {}), OrderAmounts());
}

TEST(OrderAmountsTest, NoAmountLeavesItsRange) {
  const OrderAmounts large = AmountsOf({.items = {Priced(kMost, 1'000'000), Priced(1, 1)},
                                        .revenue = Money{4 * (kMost / 3), "EUR"}});

  EXPECT_EQ(large, (OrderAmounts{.revenue = kMost, .lines = kMost}));
  EXPECT_EQ(Together(large, large), large);
}

}  // namespace
}  // namespace vitrine
