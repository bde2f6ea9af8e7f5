#include "insight/shopper_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "absl/strings/str_format.h"
#include "insight/made_events.h"
#include "testing/fake_feature_store.h"

namespace vitrine {
namespace {

using testing::Bought;
using testing::Carted;
using testing::Did;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::kDay;
using testing::kHour;
using testing::kMinute;
using testing::kStart;
using testing::TimelinesOf;
using testing::Viewed;

SummaryRules Rules() {
  return {.calendar = *Calendar::Create("UTC"),
          .session_gap_us = 30 * kMinute,
          .taste_half_life_days = 90};
}

// Rows of a catalogue that knows nothing.
std::vector<ShopperSummary> RowsOf(const Timelines& timelines, Micros as_of_us) {
  const testing::FakeFeatureStore store;
  ThreadPool pool(2);
  return MakeShopperSummaries(timelines, LookUpItems(timelines.item_ids, store.catalogue()),
                              Rules(), as_of_us, pool);
}

ShopperSummary OnlyRow(const std::vector<Event>& events, Micros as_of_us) {
  return RowsOf(TimelinesOf(events), as_of_us).front();
}

TEST(ShopperTableTest, AShoppersNumbersCanBeCountedByHand) {
  const ShopperSummary row = OnlyRow(
      {Viewed("ann", 0, "mug"), Viewed("ann", 30 * kMinute, "cup"),  // One visit,
       Carted("ann", 61 * kMinute, "cup"),                           // another,
       Bought("ann", kDay, "cup", 40),                               // and another.
       Bought("ann", 3 * kDay, "mug", 20), Did(EventType::kReturnComplete, "ann", 5 * kDay, "mug"),
       Did(EventType::kImpression, "ann", 6 * kDay, "cup")},
      kStart + 10 * kDay);

  EXPECT_EQ(row.id, "ann");
  EXPECT_EQ(row.views, 2);
  EXPECT_EQ(row.carts, 1);
  EXPECT_EQ(row.orders, 2);
  EXPECT_EQ(row.priced_orders, 2);
  EXPECT_EQ(row.returns, 1);
  EXPECT_EQ(row.sessions, 5);
  EXPECT_EQ(row.active_days, 5);
  EXPECT_EQ(row.value_micros, 60'000'000);
  EXPECT_EQ(row.max_order_micros, 40'000'000);
  EXPECT_EQ(row.MeanOrderMicros(), 30'000'000);
  EXPECT_EQ(row.first_seen_us, kStart);
  EXPECT_EQ(row.last_seen_us, kStart + 6 * kDay);
  EXPECT_EQ(row.first_order_us, kStart + kDay);
  EXPECT_EQ(row.last_order_us, kStart + 3 * kDay);
  EXPECT_EQ(row.order_gap_days, 2);
}

TEST(ShopperTableTest, WhatIsBoughtAgainIsDueAfterTheMedianGap) {
  // Tea on days 0, 10 (two orders that day) and 40: gaps of 10 and 30.
  const ShopperSummary row =
      OnlyRow({Bought("ann", 0, "tea", 3), Bought("ann", 10 * kDay, "tea", 3),
               Bought("ann", 10 * kDay + kHour, "tea", 3), Bought("ann", 40 * kDay, "tea", 3),
               Bought("ann", 20 * kDay, "mug", 3)},
              kStart + 45 * kDay);

  ASSERT_EQ(row.needs.size(), 1);
  EXPECT_EQ(row.needs[0].num_purchases, 3);
  EXPECT_EQ(row.needs[0].gap_days, 20);
  EXPECT_EQ(row.needs[0].last_us, kStart + 40 * kDay);
  EXPECT_EQ(row.needs[0].due_us, kStart + 60 * kDay);
}

TEST(ShopperTableTest, AHabitEndsAfterThreeGaps) {
  const std::vector<Event> events = {Bought("ann", 0, "tea", 3),
                                     Bought("ann", 10 * kDay, "tea", 3)};

  EXPECT_EQ(OnlyRow(events, kStart + 40 * kDay).needs.size(), 1);
  EXPECT_THAT(OnlyRow(events, kStart + 40 * kDay + 1).needs, IsEmpty());
}

TEST(ShopperTableTest, NeedsAreTheSoonestFirstAndAtMostFive) {
  std::vector<Event> events;
  for (int i = 0; i < 7; ++i) {
    const std::string item = absl::StrFormat("i%d", i);
    events.push_back(Bought("ann", 0, item, 1));
    events.push_back(Bought("ann", (20 - i) * kDay, item, 1));
  }

  const ShopperSummary row = OnlyRow(events, kStart + 21 * kDay);

  ASSERT_EQ(row.needs.size(), 5);
  EXPECT_EQ(row.needs[0].due_us, kStart + 28 * kDay);
  EXPECT_EQ(row.needs[4].due_us, kStart + 36 * kDay);
}

TEST(ShopperTableTest, FavouriteCategoriesAreWeighedByDeedAndAge) {
  testing::FakeFeatureStore store;
  store.Put({.id = "mug", .title = "Blue mug", .categories = {"Kitchen"}});
  store.Put({.id = "lamp", .categories = {"Light", "Home"}});
  const Timelines timelines =
      TimelinesOf({Viewed("ann", 90 * kDay, "mug"), Bought("ann", 0, "lamp", 9),  // 5, halved.
                   Viewed("ann", 90 * kDay, "unknown")});
  ThreadPool pool(1);
  const ItemFacts items = LookUpItems(timelines.item_ids, store.catalogue());

  const auto rows = MakeShopperSummaries(timelines, items, Rules(), kStart + 90 * kDay, pool);

  EXPECT_THAT(items.titles, ElementsAre("Blue mug", "lamp", "unknown"));
  EXPECT_THAT(items.categories, ElementsAre("Kitchen", "Light", "Home"));
  ASSERT_EQ(rows[0].favourites.size(), 3);
  EXPECT_EQ(rows[0].favourites[0].category, 1);
  EXPECT_DOUBLE_EQ(rows[0].favourites[0].share, 1.25 / 3.5);
  EXPECT_DOUBLE_EQ(rows[0].favourites[2].share, 1 / 3.5);
}

// Counts by looking at every event of the log, however long it takes.
ShopperSummary SlowRow(const std::vector<Event>& events, const std::string& user, Micros as_of_us) {
  ShopperSummary row{.id = user};
  std::multiset<Micros> moments;
  std::set<Micros> days;
  std::map<Micros, std::int64_t> orders;
  for (const Event& event : events) {
    if (event.user_id != user || event.time_us > as_of_us) continue;
    if (row.last_seen_us == 0) row.first_seen_us = row.last_seen_us = event.time_us;
    row.first_seen_us = std::min(row.first_seen_us, event.time_us);
    row.last_seen_us = std::max(row.last_seen_us, event.time_us);
    row.views += event.type == EventType::kDetailPageView;
    row.carts += event.type == EventType::kAddToCart;
    row.returns += event.type == EventType::kReturnComplete;
    days.insert(event.time_us / kDay);
    if (event.type == EventType::kImpression) continue;
    moments.insert(event.time_us);
    if (event.type == EventType::kPurchaseComplete) {
      orders[event.time_us] += event.items[0].unit_price->micros;
    }
  }
  Micros before = 0;
  for (const Micros moment : moments) {
    row.sessions += before == 0 || moment - before > 30 * kMinute;
    before = moment;
  }
  row.active_days = static_cast<std::uint32_t>(days.size());
  for (const auto& [moment, value] : orders) {
    ++row.orders;
    row.value_micros += value;
    row.max_order_micros = std::max(row.max_order_micros, value);
  }
  return row;
}

TEST(ShopperTableTest, RowsAreThoseOfCountingOneByOneAtAnyMoment) {
  const std::vector<Event> events = testing::RandomEvents(3'000, 25, 7);
  const Timelines timelines = TimelinesOf(events);

  for (const Micros as_of_us : {kStart + 10 * kDay, kStart + 33 * kDay, kStart + 60 * kDay}) {
    for (const ShopperSummary& row : RowsOf(timelines, as_of_us)) {
      const ShopperSummary slow = SlowRow(events, row.id, as_of_us);
      EXPECT_EQ(row.first_seen_us, slow.first_seen_us);
      EXPECT_EQ(row.last_seen_us, slow.last_seen_us);
      EXPECT_EQ(row.views, slow.views);
      EXPECT_EQ(row.carts, slow.carts);
      EXPECT_EQ(row.returns, slow.returns);
      EXPECT_EQ(row.sessions, slow.sessions);
      EXPECT_EQ(row.active_days, slow.active_days);
      EXPECT_EQ(row.orders, slow.orders);
      EXPECT_EQ(row.value_micros, slow.value_micros);
      EXPECT_EQ(row.max_order_micros, slow.max_order_micros);
    }
  }
}

TEST(ShopperTableTest, ThePastIsAsItWasThen) {
  // A shopper's row of an earlier moment is the row that a log without the later events gives.
  const std::vector<Event> events = testing::RandomEvents(2'000, 10, 3);
  const Micros then = kStart + 20 * kDay;

  const std::vector<ShopperSummary> now = RowsOf(TimelinesOf(events), then);
  const std::vector<ShopperSummary> past = RowsOf(TimelinesOf(events, then), then);

  std::map<std::string, ShopperSummary> by_id;
  for (const ShopperSummary& row : now) by_id[row.id] = row;
  EXPECT_EQ(past.size(), 10);
  for (const ShopperSummary& row : past) {
    EXPECT_EQ(by_id[row.id].value_micros, row.value_micros);
    EXPECT_EQ(by_id[row.id].sessions, row.sessions);
    EXPECT_EQ(by_id[row.id].order_gap_days, row.order_gap_days);
    EXPECT_EQ(by_id[row.id].needs.size(), row.needs.size());
  }
}

TEST(ShopperTableTest, AShopperOfLaterHasAnEmptyRow) {
  const auto rows =
      RowsOf(TimelinesOf({Viewed("ann", 0, "mug"), Viewed("bob", kDay, "mug")}), kStart);

  EXPECT_EQ(rows[1].id, "bob");
  EXPECT_EQ(rows[1].last_seen_us, 0);
  EXPECT_EQ(rows[1].sessions, 0);
}

}  // namespace
}  // namespace vitrine
