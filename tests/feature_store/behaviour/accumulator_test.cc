#include <gmock/gmock.h>

#include <cmath>
#include <set>

#include "feature_store/behaviour/active_days.h"
#include "feature_store/behaviour/decayed_sum.h"
#include "feature_store/behaviour/facets.h"
#include "feature_store/behaviour/item_activity.h"
#include "feature_store/behaviour/ledger.h"
#include "feature_store/behaviour/shopper_activity.h"
#include "feature_store/behaviour/user_facts.h"
#include "vitrine/base/random.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

constexpr Micros kMinute = 60 * kMicrosPerSecond;
constexpr Micros kStart = 1'000 * kMicrosPerDay;

ShopperActivity::Step Step(int minute, EventType type) {
  return {.time_us = kStart + minute * kMinute,
          .offset = static_cast<std::uint64_t>(minute) & 0xFFFF,
          .type = static_cast<std::uint64_t>(type) & 0xFF};
}

TEST(ActiveDaysTest, RunsAreWhatASetOfDaysSays) {
  Random random(1);
  for (int round = 0; round < 200; ++round) {
    ActiveDays days;
    ActiveDays other;
    std::set<std::int64_t> want;
    const std::uint64_t span = 1 + random.Below(300);
    const std::uint64_t count = random.Below(200);
    for (std::uint64_t i = 0; i < count; ++i) {
      const auto day = static_cast<std::int64_t>(20'000 + random.Below(span));
      (random.Below(2) == 0 ? days : other).Add(day);
      want.insert(day);
    }
    days.Merge(other);
    const auto run_before = [&](std::int64_t day) {
      std::uint32_t run = 0;
      while (want.contains(day - run)) ++run;
      return run;
    };
    std::uint32_t longest = 0;
    for (const std::int64_t day : want) longest = std::max(longest, run_before(day));

    EXPECT_EQ(days.Count(), want.size());
    EXPECT_EQ(days.LongestRun(), longest);
    EXPECT_EQ(days.CurrentRun(20'100),
              want.contains(20'100) ? run_before(20'100) : run_before(20'099));
    EXPECT_EQ(days.Count(20'050, 20'079), static_cast<std::size_t>(std::distance(
                                              want.lower_bound(20'050), want.upper_bound(20'079))));
  }
}

TEST(DailyCountsTest, LateDaysCountWithinTheWindowAndOlderOnesDoNot) {
  DailyCounts counts;
  for (const std::int64_t day : {100, 131, 100, 99, 140, 140, 109, 108}) counts.Add(day);

  EXPECT_EQ(counts.On(140), 2U);
  EXPECT_EQ(counts.On(131), 1U);
  EXPECT_EQ(counts.On(109), 1U);
  EXPECT_EQ(counts.On(108), 0U);  // 32 days before the last.
  EXPECT_EQ(counts.On(110), 0U);
  EXPECT_EQ(counts.On(141), 0U);
}

TEST(DecayedSumTest, HalvesWithEveryHalfLifeWhateverTheOrder) {
  DecayedSum forth;
  forth.Add(10, 1);
  forth.Add(12, 3);
  DecayedSum back;
  back.Add(12, 3);
  back.Add(10, 1);

  EXPECT_DOUBLE_EQ(forth.At(12), 3.25);
  EXPECT_DOUBLE_EQ(forth.At(13), 1.625);
  EXPECT_DOUBLE_EQ(back.At(12), 3.25);
  EXPECT_DOUBLE_EQ(forth.At(10), 13);
}

TEST(ShopperActivityTest, TheOrderOfEventsAndMergesChangesNothing) {
  Random random(3);
  std::vector<LogHead> heads;
  for (int i = 0; i < 400; ++i) {
    heads.push_back({.type = static_cast<EventType>(1 + random.Below(13)),
                     .user = UserIndex{0},
                     .time_us = kStart + static_cast<Micros>(random.Below(5'000)) * kMinute,
                     .items = {{.item = ItemIndex{1}, .quantity = 2}}});
  }
  const auto add = [&](ShopperActivity& activity, std::size_t i) {
    const EventDetails details = {.order_key = i % 7, .revenue = static_cast<std::int64_t>(i % 50)};
    activity.Add(i, heads[i], details);
  };
  std::vector<std::size_t> order(heads.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  ShopperActivity in_order;
  for (const std::size_t i : order) add(in_order, i);
  random.Shuffle(order);
  ShopperActivity one;
  ShopperActivity other;
  for (const std::size_t i : order) add(i % 3 == 0 ? other : one, i);
  one.Merge(other);

  EXPECT_NEAR(one.recent_views.At(34), in_order.recent_views.At(34), 1e-9);
  for (ShopperActivity* activity : {&one, &in_order}) {
    activity->recent_views = activity->recent_carts = activity->recent_purchases = DecayedSum();
  }
  EXPECT_TRUE(one == in_order);
}

TEST(ShopperActivityTest, ComesBackFromItsBytes) {
  ShopperActivity activity;
  activity.Add(7, {.type = EventType::kSearch, .user = UserIndex{0}, .time_us = kStart},
               {.words = {"red", "mug"}});
  activity.Add(9, {.type = EventType::kPurchaseComplete, .user = UserIndex{0}, .time_us = 5},
               {.order_key = 3, .revenue = 10});
  ByteWriter writer;
  activity.Write(writer);
  ByteReader reader(writer.bytes());
  ShopperActivity back;
  back.Read(reader);

  EXPECT_TRUE(reader.Finish("activity").ok());
  EXPECT_TRUE(back == activity);
}

TEST(SessionTest, APauseOfMoreThanHalfAnHourEndsASession) {
  const std::vector<ShopperActivity::Step> steps = {
      Step(0, EventType::kSearch), Step(10, EventType::kDetailPageView),
      Step(20, EventType::kDetailPageView), Step(50, EventType::kAddToCart),
      Step(52, EventType::kPurchaseComplete),
      // 31 minutes later.
      Step(83, EventType::kAddToCart)};

  const SessionFacts facts = FindSessions(steps);

  EXPECT_EQ(facts.num_sessions, 2U);
  EXPECT_EQ(facts.num_events, 6U);
  EXPECT_EQ(facts.total_us, 52 * kMinute);
  EXPECT_EQ(facts.with_cart, 2U);
  EXPECT_EQ(facts.with_cart_alone, 1U);
  EXPECT_EQ(facts.total_to_order_us, 52 * kMinute);
  EXPECT_EQ(facts.typical_path, 0x4358U);  // Search, detail, cart, purchase.
}

TEST(OrderTest, RevenueOfAnOrderIsNamedOnceAndLinesAddUp) {
  ShopperActivity activity;
  const LogHead purchase = {
      .type = EventType::kPurchaseComplete, .user = UserIndex{0}, .time_us = kStart};
  activity.Add(0, purchase, {.order_key = 1, .revenue = 30, .lines = 10});
  activity.Add(1, purchase, {.order_key = 1, .revenue = 30, .lines = 15});
  activity.Add(2, purchase, {.order_key = 2, .lines = 10});
  activity.Add(3, purchase, {.order_key = 2, .lines = 15});
  activity.Add(4, purchase, {.order_key = 3});

  const OrderFacts facts = SumOrders(activity.orders, kStart);

  EXPECT_EQ(facts.num_orders, 3U);
  EXPECT_EQ(facts.num_with_value, 2U);
  EXPECT_DOUBLE_EQ(facts.total, 55);
  EXPECT_EQ(facts.largest, 30);
}

TEST(FacetsTest, TheMedianFollowsTheCatalogue) {
  Facets facets;
  const auto set = [&](std::uint32_t row, const char* category, std::int64_t price) {
    const Item item = {.categories = {category}, .price = Money{price, "EUR"}};
    facets.Set(ItemIndex{row}, &item);
  };
  set(0, "mugs", 10);
  set(1, "mugs", 30);
  set(2, "mugs", 20);
  EXPECT_EQ(facets.MedianPrice(ItemIndex{0}), 20);

  set(1, "cups", 30);  // It moves, and comes back dearer.
  EXPECT_EQ(facets.MedianPrice(ItemIndex{0}), 10);
  set(1, "mugs", 40);
  set(3, "mugs", 50);
  EXPECT_EQ(facets.MedianPrice(ItemIndex{0}), 20);

  facets.Set(ItemIndex{0}, nullptr);
  EXPECT_EQ(facets.MedianPrice(ItemIndex{0}), std::nullopt);
  EXPECT_EQ(facets.MedianPrice(ItemIndex{1}), 40);
  EXPECT_EQ(facets.MedianPrice(ItemIndex{9}), std::nullopt);
}

TEST(FacetsTest, PriceBandsAreStepsOfOneTwoFive) {
  EXPECT_EQ(PriceBandName(PriceBandOf(0)), "below 1");
  EXPECT_EQ(PriceBandName(PriceBandOf(999'999)), "below 1");
  EXPECT_EQ(PriceBandName(PriceBandOf(1'000'000)), "1 to 2");
  EXPECT_EQ(PriceBandName(PriceBandOf(4'990'000)), "2 to 5");
  EXPECT_EQ(PriceBandName(PriceBandOf(50'000'000)), "50 to 100");
  EXPECT_EQ(PriceBandName(PriceBandOf(19'999'000'000)), "10000 to 20000");
}

TEST(LedgerTest, ACutIsTheStateAtItsBeginning) {
  struct Number {
    std::uint64_t value = 0;
    void Write(ByteWriter& writer) const { writer.Unsigned(value); }
    void Read(ByteReader& reader) { value = reader.Unsigned(); }
    bool operator==(const Number&) const = default;
  };
  Ledger<Number> ledger;
  const auto set = [&](std::size_t index, std::uint64_t value) {
    ledger.Change(index, [&](Number& number) { number.value = value; });
  };
  set(3, 30);
  set(200, 20);
  ledger.BeginCut();
  set(3, 31);
  set(3, 32);
  set(4, 40);
  ByteWriter writer;
  for (std::size_t shard = 0; shard < Ledger<Number>::kNumShards; ++shard) {
    ledger.WriteShard(shard, writer);
    set(200, 21);
  }
  ledger.EndCut();
  ByteReader reader(writer.bytes());
  Ledger<Number> back;
  for (std::size_t shard = 0; shard < Ledger<Number>::kNumShards; ++shard) {
    EXPECT_TRUE(back.ReadShard(reader, [](std::uint64_t) { return false; }).ok());
  }

  EXPECT_EQ(back.Get(3).value, 30U);
  EXPECT_EQ(back.Get(4).value, 0U);
  EXPECT_EQ(back.Get(200).value, 20U);
  EXPECT_EQ(ledger.Get(3).value, 32U);
}

TEST(CountWordsTest, TheMostFrequentComeFirstAndEqualOnesByName) {
  std::vector<ShopperActivity::Word> words;
  for (const char* word : {"b", "a", "c", "b", "d", "e", "f"}) words.push_back({.text = word});

  EXPECT_THAT(CountWords(words),
              ElementsAre(Pair("b", 2), Pair("a", 1), Pair("c", 1), Pair("d", 1), Pair("e", 1)));
}

}  // namespace
}  // namespace vitrine
