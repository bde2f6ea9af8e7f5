#include "insight/timelines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "insight/made_events.h"

namespace vitrine {
namespace {

using testing::Bought;
using testing::Did;
using ::testing::ElementsAre;
using testing::kDay;
using testing::kMinute;
using testing::kStart;
using testing::TimelinesOf;
using testing::Viewed;

std::vector<EventType> TypesOf(const Timelines& timelines, std::size_t shopper) {
  std::vector<EventType> types;
  for (const Act& act : timelines.ActsOf(shopper)) types.push_back(act.type);
  return types;
}

std::int64_t ValueOf(const Event& event) {
  const Timelines timelines = TimelinesOf({event});
  return timelines.orders.front().has_value ? timelines.orders.front().value_micros : -1;
}

TEST(TimelinesTest, EachShoppersEventsAreInOrderOfTimeAndThoseOfOneMomentInThatOfTheLog) {
  const Timelines made = TimelinesOf({
      Viewed("ann", 5 * kMinute, "mug"),
      Viewed("bob", 0, "mug"),
      Did(EventType::kSearch, "ann", kMinute, "cup"),
      Did(EventType::kAddToCart, "ann", 5 * kMinute, "mug"),
  });

  EXPECT_THAT(made.ids, ElementsAre("ann", "bob"));
  EXPECT_THAT(TypesOf(made, 0),
              ElementsAre(EventType::kSearch, EventType::kDetailPageView, EventType::kAddToCart));
  EXPECT_THAT(TypesOf(made, 1), ElementsAre(EventType::kDetailPageView));
  EXPECT_EQ(made.num_events, 4);
  EXPECT_EQ(made.first_us, kStart);
  EXPECT_EQ(made.last_us, kStart + 5 * kMinute);
}

TEST(TimelinesTest, AnEventIsTheUsersElseTheMergedUsersElseTheVisitors) {
  TimelineBuilder builder(0, [](const std::string& visitor) {
    return visitor == "v-ann" ? std::string("ann") : std::string();
  });
  Event event = Viewed("", 0, "mug");
  for (const char* visitor : {"v-ann", "v-2", "v-ann"}) {
    event.visitor_id = visitor;
    builder.Add(event);
  }
  event.user_id = "ann";
  event.visitor_id = "v-2";
  builder.Add(event);

  const Timelines made = builder.Finish();

  EXPECT_THAT(made.ids, ElementsAre("ann", "v-2"));
  EXPECT_THAT(made.is_visitor, ElementsAre(0, 1));
  EXPECT_EQ(made.ActsOf(0).size(), 3);
  EXPECT_EQ(made.ActsOf(1).size(), 1);
  EXPECT_EQ(made.visitor_rows.at("v-ann"), 0);
  EXPECT_EQ(made.visitor_rows.at("v-2"), 1);
}

TEST(TimelinesTest, AUserAndAVisitorOfOneNameAreTwo) {
  Event visitor = Viewed("", 0, "mug");
  visitor.visitor_id = "x";

  EXPECT_THAT(TimelinesOf({Viewed("x", 0, "mug"), visitor}).ids, ElementsAre("x", "x"));
}

TEST(TimelinesTest, PurchasesOfOneOrderIdAreOneOrderAtItsFirstMoment) {
  Event first = Bought("ann", kMinute, "mug", 3);
  Event second = Bought("ann", 0, "cup", 4);
  first.order_id = second.order_id = "o1";
  Event bobs = Bought("bob", 0, "cup", 9);
  bobs.order_id = "o1";

  const Timelines made = TimelinesOf({first, second, bobs});

  ASSERT_EQ(made.OrdersOf(0).size(), 1);
  EXPECT_EQ(made.OrdersOf(0)[0].time_us, kStart);
  EXPECT_EQ(made.OrdersOf(0)[0].value_micros, 7'000'000);
  ASSERT_EQ(made.OrdersOf(1).size(), 1);
  EXPECT_EQ(made.OrdersOf(1)[0].value_micros, 9'000'000);
  for (const Act& act : made.ActsOf(0)) EXPECT_EQ(act.order, 0U);
}

TEST(TimelinesTest, WithoutAnOrderIdThePurchasesOfOneMomentAreOneOrder) {
  const Timelines made = TimelinesOf(
      {Bought("ann", 0, "mug", 3), Bought("ann", 0, "cup", 4), Bought("ann", 1, "cup", 5)});

  ASSERT_EQ(made.OrdersOf(0).size(), 2);
  EXPECT_EQ(made.OrdersOf(0)[0].value_micros, 7'000'000);
  EXPECT_EQ(made.OrdersOf(0)[1].value_micros, 5'000'000);
}

TEST(TimelinesTest, AnOrdersValueIsItsRevenueElseQuantityTimesUnitPrice) {
  Event event = Bought("ann", 0, "mug", 3);
  event.items.front().quantity = 4;
  EXPECT_EQ(ValueOf(event), 12'000'000);

  event.items.push_back({.item_id = "gift"});  // Of unknown price.
  EXPECT_EQ(ValueOf(event), 12'000'000);
  EXPECT_EQ(ValueOf(Did(EventType::kPurchaseComplete, "ann", 0, "gift")), -1);

  event.revenue = Money{.micros = 10'500'000, .currency = "EUR"};
  EXPECT_EQ(ValueOf(event), 10'500'000);
}

TEST(TimelinesTest, TheRevenueOfTheWholeOrderIsCountedOnce) {
  Event event = Did(EventType::kPurchaseComplete, "ann", 0, "mug");
  event.order_id = "o1";
  event.revenue = Money{.micros = 20'000'000, .currency = "EUR"};

  const Timelines made = TimelinesOf({event, event, event});

  ASSERT_EQ(made.orders.size(), 1);
  EXPECT_EQ(made.orders.front().value_micros, 20'000'000);
}

TEST(TimelinesTest, MoneyIsInTheCurrencyOfMostOrders) {
  Event dollars = Bought("ann", kDay, "mug", 3);
  dollars.items.front().unit_price->currency = "USD";
  Event mixed = Bought("ann", 2 * kDay, "mug", 3);
  mixed.revenue = Money{.micros = 1, .currency = "USD"};
  Event unpriced = Did(EventType::kPurchaseComplete, "ann", 3 * kDay, "mug");

  const Timelines made = TimelinesOf(
      {dollars, mixed, unpriced, Bought("ann", 0, "mug", 7), Bought("bob", 0, "mug", 8)});

  EXPECT_EQ(made.currency, "EUR");
  EXPECT_EQ(made.orders_in_other_currencies, 2);
  EXPECT_EQ(made.orders_without_value, 1);
  EXPECT_EQ(made.OrdersOf(0).size(), 4);
  EXPECT_TRUE(made.OrdersOf(0)[0].has_value);
  EXPECT_FALSE(made.OrdersOf(0)[1].has_value);
}

TEST(TimelinesTest, MoneyBeyondTheRangeStaysAtItsEnd) {
  Event event = Bought("ann", 0, "mug", 1);
  event.items.front().unit_price->micros = std::numeric_limits<std::int64_t>::max() - 1;
  event.items.front().quantity = 1'000'000;

  EXPECT_EQ(ValueOf(event), OrderAmounts::kMost);
}

TEST(TimelinesTest, LaterEventsAndTheirShoppersAreLeftOut) {
  const Timelines made = TimelinesOf(
      {Viewed("ann", 0, "mug"), Viewed("ann", kDay, "cup"), Viewed("bob", kDay, "mug")}, kStart);

  EXPECT_THAT(made.ids, ElementsAre("ann"));
  EXPECT_EQ(made.num_events, 1);
  EXPECT_THAT(made.item_ids, ElementsAre("mug"));
}

TEST(TimelinesTest, WhatAShopperIsShownIsNoAct) {
  const Timelines made =
      TimelinesOf({Did(EventType::kImpression, "ann", kDay, "mug"),
                   Did(EventType::kImpression, "ann", 0, "mug"), Viewed("ann", 0, "cup")});

  EXPECT_EQ(made.ActsOf(0).size(), 1);
  EXPECT_THAT(made.ShownTo(0), ElementsAre(kStart, kStart + kDay));
  EXPECT_THAT(made.item_ids, ElementsAre("cup"));
}

}  // namespace
}  // namespace vitrine
