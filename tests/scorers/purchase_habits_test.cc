#include "vitrine/scorers/sequential/purchase_habits.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Micros kHour = 3600 * kMicrosPerSecond;

Interaction Bought(Micros time_us, std::uint32_t item) {
  return {time_us, ItemIndex{item}, 5, 1, EventType::kPurchaseComplete};
}

Interaction Did(Micros time_us, std::uint32_t item, EventType type, float weight) {
  return {time_us, ItemIndex{item}, weight, 1, type};
}

// `history`: oldest first, as one writes it down.
PurchaseHabits Habits(std::vector<Interaction> history, const PurchaseRules& rules = {}) {
  std::reverse(history.begin(), history.end());
  return HabitsOf(history, rules, 100);
}

Purchase Of(std::uint32_t item, std::uint32_t visit, Micros time_us) {
  return {ItemIndex{item}, visit, time_us};
}

TEST(PurchaseHabitsTest, APauseBeginsANewVisit) {
  const PurchaseHabits habits = Habits(
      {Bought(1 * kHour, 4), Bought(7 * kHour, 2), Bought(14 * kHour, 4), Bought(30 * kHour, 4)});

  EXPECT_EQ(habits.num_visits, 3U);
  EXPECT_THAT(habits.purchases, ElementsAre(Of(2, 0, 7 * kHour), Of(4, 0, 1 * kHour),
                                            Of(4, 1, 14 * kHour), Of(4, 2, 30 * kHour)));
}

TEST(PurchaseHabitsTest, AnItemCountsOnceAVisit) {
  const PurchaseHabits habits = Habits({Bought(1, 4), Bought(1, 2), Bought(2, 4)});

  EXPECT_EQ(habits.num_visits, 1U);
  EXPECT_THAT(habits.purchases, ElementsAre(Of(2, 0, 1), Of(4, 0, 1)));
}

TEST(PurchaseHabitsTest, WithoutTimesEveryInteractionIsAVisit) {
  const PurchaseHabits habits = Habits({Bought(0, 4), Bought(0, 2), Bought(0, 4)});

  EXPECT_EQ(habits.num_visits, 3U);
  EXPECT_THAT(habits.purchases, ElementsAre(Of(2, 1, 0), Of(4, 0, 0), Of(4, 2, 0)));
}

TEST(PurchaseHabitsTest, ViewsAreNoPurchasesWhereOrdersAreKnown) {
  const std::vector<Interaction> history = {Did(1, 3, EventType::kDetailPageView, 1), Bought(2, 4)};

  EXPECT_THAT(Habits(history).purchases, ElementsAre(Of(3, 0, 1), Of(4, 0, 2)));
  EXPECT_THAT(Habits(history, {.is_purchases_only = true}).purchases, ElementsAre(Of(4, 0, 2)));
}

TEST(PurchaseHabitsTest, WhatWasGivenBackIsForgottenUntilItIsBoughtAgain) {
  const auto refusal = Did(2 * kHour, 4, EventType::kReturnComplete, -4);

  EXPECT_THAT(Habits({Bought(kHour, 4), refusal}).purchases, IsEmpty());
  EXPECT_THAT(Habits({Bought(kHour, 4), refusal, Bought(20 * kHour, 4)}).purchases,
              ElementsAre(Of(4, 1, 20 * kHour)));
}

TEST(PurchaseHabitsTest, TakingAnItemOutOfTheCartForgetsNoOrder) {
  const std::vector<Interaction> history = {Bought(1, 4),
                                            Did(2, 4, EventType::kRemoveFromCart, -1)};

  EXPECT_THAT(Habits(history, {.is_purchases_only = true}).purchases, ElementsAre(Of(4, 0, 1)));
}

TEST(PurchaseHabitsTest, ItemsBeyondTheEndAreLeftOutAndMakeNoVisit) {
  const PurchaseHabits habits = Habits({Bought(kHour, 100), Bought(20 * kHour, 4)});

  EXPECT_EQ(habits.num_visits, 1U);
  EXPECT_THAT(habits.purchases, ElementsAre(Of(4, 0, 20 * kHour)));
}

TEST(PurchaseHabitsTest, VisitsItemByItem) {
  std::vector<std::size_t> counts;

  Habits({Bought(kHour, 4), Bought(kHour, 2), Bought(20 * kHour, 4)})
      .ForEachItem(
          [&](std::span<const Purchase> purchases) { counts.push_back(purchases.size()); });

  EXPECT_THAT(counts, ElementsAre(1, 2));
}

TEST(PurchaseHabitsTest, LogDaysGrowsFromHalfADay) {
  EXPECT_DOUBLE_EQ(LogDays(0), std::log(0.5));
  EXPECT_DOUBLE_EQ(LogDays(-kHour), std::log(0.5));
  EXPECT_DOUBLE_EQ(LogDays(10 * kMicrosPerDay), std::log(10.5));
}

}  // namespace
}  // namespace vitrine
