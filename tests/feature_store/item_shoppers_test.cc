// How many shoppers touched each item, against a look at every history: after single changes, and
// over random streams of them.

#include "feature_store/item_shoppers.h"

#include <gmock/gmock.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "feature_store/shoppers.h"
#include "testing/status_matchers.h"
#include "vitrine/base/random.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using testing::IsOk;

constexpr std::size_t kNumTouched = 5;  // Items 0 to 4.
constexpr std::size_t kLimit = 4;       // Of a history.
constexpr std::uint32_t kNumPeople = 12;
constexpr std::uint64_t kOffsets = (std::uint64_t{1} << 56) - 1;
constexpr UserIndex kAnn{0};
constexpr UserIndex kBob{1};
constexpr UserIndex kPhone{2};

HistoryEntry Touch(std::uint32_t item, Micros time_us, EventType type = EventType::kDetailPageView,
                   float value = 1) {
  HistoryEntry entry;
  entry.time_us = time_us;
  entry.offset = static_cast<std::uint64_t>(time_us) & kOffsets;
  entry.type = static_cast<std::uint64_t>(type) & 0xFF;
  entry.item = ItemIndex{item};
  entry.value = value;
  return entry;
}

// Shoppers whose items are counted. All of kNumPeople are known, the even ones as visitors.
struct People {
  People() {
    for (std::uint32_t number = 0; number < kNumPeople; ++number) Introduce(UserIndex{number});
  }

  void Introduce(UserIndex index) {
    const ShopperKind kind = Row(index) % 2 == 0 ? ShopperKind::kVisitor : ShopperKind::kUser;
    shoppers.SetRow(index, {.kind = kind, .id = std::to_string(Row(index))});
  }

  void MergeInto(UserIndex from, UserIndex into) {
    ShopperRow row = *shoppers.Row(from);
    row.merged_into = into;
    shoppers.SetRow(from, row);
    shoppers.Merge(from, into);
  }

  std::vector<std::uint32_t> Counts() const { return items.Counts(kNumTouched); }

  // The same, from what every shopper's history says.
  std::vector<std::uint32_t> Recount() const {
    std::vector<std::uint32_t> counts(kNumTouched);
    for (std::uint32_t number = 0; number < kNumPeople; ++number) {
      std::set<ItemIndex> touched;
      for (const HistoryEntry& entry : shoppers.Read(UserIndex{number}).history) {
        const auto type = static_cast<EventType>(entry.type);
        if (EventWeights().Of(type, entry.value) > 0) touched.insert(entry.item);
      }
      for (const ItemIndex item : touched) ++counts[Row(item)];
    }
    return counts;
  }

  ItemShoppers items{EventWeights()};
  Shoppers shoppers{kLimit, &items};
};

// What a checkpoint of `people` is read to.
void ExpectSameFromACheckpoint(const People& people) {
  ByteWriter writer;
  for (std::size_t shard = 0; shard < Shoppers::kNumShards; ++shard) {
    people.shoppers.WriteShard(shard, std::numeric_limits<std::uint64_t>::max(), writer);
  }
  People read;
  for (std::uint32_t number = 0; number < kNumPeople; ++number) {
    const auto row = people.shoppers.Row(UserIndex{number});
    if (row.has_value()) read.shoppers.SetRow(UserIndex{number}, *row);
  }
  ByteReader reader(writer.bytes());
  for (std::size_t shard = 0; shard < Shoppers::kNumShards; ++shard) {
    ASSERT_THAT(read.shoppers.ReadShard(reader), IsOk());
  }
  read.shoppers.MoveMerged();
  EXPECT_EQ(read.Counts(), people.Counts());
}

TEST(ItemShoppersTest, AShopperCountsOnceHoweverOften) {
  People people;
  people.shoppers.AddEvent(kAnn, std::vector{Touch(0, 1), Touch(0, 1), Touch(1, 1)}, {});
  people.shoppers.AddEvent(kAnn, std::vector{Touch(0, 2)}, {});
  people.shoppers.AddEvent(kBob, std::vector{Touch(0, 3)}, {});

  EXPECT_THAT(people.Counts(), ElementsAre(2, 1, 0, 0, 0));
  EXPECT_THAT(people.items.AreFew(2, 3), ElementsAre(false, true, true));
}

TEST(ItemShoppersTest, WhatWeighsNothingOrLessIsNoTouch) {
  People people;
  people.shoppers.AddEvent(
      kAnn,
      std::vector{Touch(0, 1, EventType::kNotInterested), Touch(1, 2, EventType::kRate, 2.5F),
                  Touch(2, 3, EventType::kRate, 5)},
      {});

  EXPECT_THAT(people.Counts(), ElementsAre(0, 0, 1, 0, 0));
}

TEST(ItemShoppersTest, WhatWasShownIsNoTouch) {
  People people;
  people.shoppers.AddEvent(kAnn, {}, std::vector{Touch(0, 1, EventType::kImpression)});

  EXPECT_THAT(people.Counts(), ElementsAre(0, 0, 0, 0, 0));
}

TEST(ItemShoppersTest, WhatAFullHistoryLosesCountsNoMoreUnlessItHasItElsewhere) {
  People people;
  for (const std::uint32_t item : {0U, 1U, 0U, 2U}) {
    people.shoppers.AddEvent(kAnn, std::vector{Touch(item, 1)}, {});
  }
  ASSERT_THAT(people.Counts(), ElementsAre(1, 1, 1, 0, 0));

  people.shoppers.AddEvent(kAnn, std::vector{Touch(3, 2)}, {});  // An older 0 goes.
  EXPECT_THAT(people.Counts(), ElementsAre(1, 1, 1, 1, 0));
  people.shoppers.AddEvent(kAnn, std::vector{Touch(1, 2)}, {});  // And 1, for itself.
  EXPECT_THAT(people.Counts(), ElementsAre(1, 1, 1, 1, 0));
  people.shoppers.AddEvent(kAnn, std::vector{Touch(4, 2)}, {});  // And the other 0.
  EXPECT_THAT(people.Counts(), ElementsAre(0, 1, 1, 1, 1));
}

TEST(ItemShoppersTest, WhatIsTooLateToBeKeptCountsNothing) {
  People people;
  people.shoppers.AddEvent(kAnn,
                           std::vector{Touch(0, 10), Touch(0, 11), Touch(0, 12), Touch(0, 13)}, {});

  people.shoppers.AddEvent(kAnn, std::vector{Touch(1, 9)}, {});
  people.shoppers.AddEvent(kAnn, std::vector{Touch(0, 9)}, {});

  EXPECT_THAT(people.Counts(), ElementsAre(1, 0, 0, 0, 0));
}

TEST(ItemShoppersTest, AVisitorWhoTurnsOutToBeAUserIsTheSameShopper) {
  People people;
  people.shoppers.AddEvent(kPhone, std::vector{Touch(0, 1), Touch(1, 2), Touch(2, 3)}, {});
  people.shoppers.AddEvent(kBob, std::vector{Touch(0, 4), Touch(3, 5)}, {});
  ASSERT_THAT(people.Counts(), ElementsAre(2, 1, 1, 1, 0));

  people.MergeInto(kPhone, kBob);

  EXPECT_THAT(people.Counts(), ElementsAre(1, 1, 1, 1, 0));  // Of five, the first 0 is too much.
}

TEST(ItemShoppersTest, WhoIsErasedOrRebuiltCountsForWhatIsLeft) {
  People people;
  people.shoppers.AddEvent(kAnn, std::vector{Touch(0, 1), Touch(1, 2)}, {});
  people.shoppers.AddEvent(kBob, std::vector{Touch(0, 1), Touch(2, 2)}, {});

  people.shoppers.SetPast(kBob, {.history = {Touch(3, 5), Touch(2, 2)}}, /*has_events=*/true);
  EXPECT_THAT(people.Counts(), ElementsAre(1, 1, 1, 1, 0));
  people.shoppers.Erase(kAnn);
  EXPECT_THAT(people.Counts(), ElementsAre(0, 0, 1, 1, 0));
}

TEST(ItemShoppersTest, ACheckpointIsCountedAnewMergesSinceIncluded) {
  People people;
  people.shoppers.AddEvent(kPhone, std::vector{Touch(0, 1), Touch(1, 2)}, {});
  people.shoppers.AddEvent(kBob, std::vector{Touch(0, 3), Touch(3, 4)}, {});
  ByteWriter writer;
  for (std::size_t shard = 0; shard < Shoppers::kNumShards; ++shard) {
    people.shoppers.WriteShard(shard, 100, writer);
  }
  People read;
  ShopperRow merged = *read.shoppers.Row(kPhone);
  merged.merged_into = kBob;
  read.shoppers.SetRow(kPhone, merged);

  ByteReader reader(writer.bytes());
  for (std::size_t shard = 0; shard < Shoppers::kNumShards; ++shard) {
    ASSERT_THAT(read.shoppers.ReadShard(reader), IsOk());
  }
  read.shoppers.MoveMerged();

  EXPECT_THAT(read.Counts(), ElementsAre(1, 1, 0, 1, 0));
}

// One change of any kind.
void ChangeAtRandom(Random& random, Micros now, People& people) {
  const auto touch = [&] {
    constexpr EventType kTypes[] = {EventType::kDetailPageView, EventType::kPurchaseComplete,
                                    EventType::kNotInterested, EventType::kRate};
    HistoryEntry entry = Touch(static_cast<std::uint32_t>(random.Below(kNumTouched)),
                               now - static_cast<Micros>(random.Below(12)), kTypes[random.Below(4)],
                               static_cast<float>(random.Below(6)));
    entry.offset = static_cast<std::uint64_t>(now) & kOffsets;
    return entry;
  };
  const UserIndex someone{static_cast<std::uint32_t>(random.Below(kNumPeople))};
  const auto owner = people.shoppers.Resolve(someone);
  if (!owner.has_value()) return people.Introduce(someone);
  switch (random.Below(12)) {
    case 0:  // With all that the shopper was.
      for (const UserIndex visitor : people.shoppers.VisitorsOf(someone)) {
        people.shoppers.Erase(visitor);
      }
      return people.shoppers.Erase(someone);
    case 1: {
      const UserIndex other{static_cast<std::uint32_t>(random.Below(kNumPeople) | 1)};
      const bool is_visitor = Row(someone) % 2 == 0 && owner == someone;
      if (is_visitor && people.shoppers.Row(other).has_value()) people.MergeInto(someone, other);
      return;
    }
    case 2: {
      ShopperPast past;
      for (std::uint64_t more = random.Below(8); more > 0; --more) past.history.push_back(touch());
      return people.shoppers.SetPast(*owner, std::move(past), /*has_events=*/true);
    }
    default: {
      std::vector<HistoryEntry> entries;
      for (std::uint64_t more = random.Below(3); more < 3; ++more) entries.push_back(touch());
      return people.shoppers.AddEvent(*owner, entries, {});
    }
  }
}

class RandomShoppersTest : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(RandomShoppersTest, CountsAreThoseOfARecount) {
  Random random(GetParam());
  People people;
  for (int step = 1; step <= 2'000 && !HasFailure(); ++step) {
    SCOPED_TRACE(step);
    ChangeAtRandom(random, step + 100, people);
    EXPECT_EQ(people.Counts(), people.Recount());
    if (step % 50 == 0) ExpectSameFromACheckpoint(people);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomShoppersTest, ::testing::Range<std::uint64_t>(1, 9));

}  // namespace
}  // namespace vitrine
