#include "engine/exposure.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "engine/fake_shop.h"
#include "engine/large_shop.h"

namespace vitrine {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using vitrine::testing::FakeClock;
using vitrine::testing::MakeFakeModel;
using vitrine::testing::StatusIs;

using Group = Exposure::Group;

ItemBitmap BitmapOf(std::initializer_list<std::uint32_t> rows) {
  ItemBitmap items;
  for (const std::uint32_t row : rows) items.Insert(ItemIndex{row});
  return items;
}

TEST(ExposedGroupsTest, TheLongTailIsAllButTheMostPopularThatMakeUpFourFifths) {
  const ExposedGroups groups;
  // Of 100: 50 and 30 make up four fifths.
  const auto popularity =
      std::make_shared<const std::vector<float>>(std::vector<float>{10, 50, 10, 30, 0});

  EXPECT_THAT(groups.LongTailOf(ItemBitmap(7, true), popularity).Items(),
              ElementsAre(ItemIndex{0}, ItemIndex{2}, ItemIndex{4}, ItemIndex{5}, ItemIndex{6}));
  EXPECT_THAT(groups.LongTailOf(BitmapOf({1, 2}), popularity).Items(), ElementsAre(ItemIndex{2}));
  const auto other = std::make_shared<const std::vector<float>>(std::vector<float>{1, 1, 1, 1, 1});
  EXPECT_THAT(groups.LongTailOf(ItemBitmap(5, true), other).Items(), ElementsAre(ItemIndex{4}));
}

TEST(ExposedGroupsTest, WhatIsNotPopularIsOfTheLongTailAndChangesNoSum) {
  const float none = std::nanf("");
  const auto popularity =
      std::make_shared<const std::vector<float>>(std::vector<float>{-100, 0, none, 80, 20, -1});
  const auto nothing = std::make_shared<const std::vector<float>>(std::vector<float>{0, -1, none});

  EXPECT_THAT(ExposedGroups().LongTailOf(ItemBitmap(6, true), popularity).Items(),
              ElementsAre(ItemIndex{0}, ItemIndex{1}, ItemIndex{2}, ItemIndex{4}, ItemIndex{5}));
  EXPECT_EQ(ExposedGroups().LongTailOf(ItemBitmap(3, true), nothing).Count(), 3);
}

// Whole numbers, whose sums are exact, and many of them equal; four fifths of some sums are whole
// too.
TEST(ExposedGroupsTest, TheLongTailIsThatOfSortingAll) {
  Random random(3);
  for (std::size_t num_items = 0; num_items < 120; ++num_items) {
    std::vector<float> popularity(num_items);
    double total = 0;
    for (float& value : popularity) {
      value = static_cast<float>(random.Below(2) * random.Below(12));
      total += static_cast<double>(value);
    }
    std::vector<std::size_t> rows(num_items);
    std::iota(rows.begin(), rows.end(), 0);
    std::stable_sort(rows.begin(), rows.end(),
                     [&](auto a, auto b) { return popularity[a] > popularity[b]; });
    ItemBitmap tail(num_items, /*is_full=*/true);
    double sum = 0;
    for (const std::size_t row : rows) {
      if (sum >= Exposure::kHeadShare * total) break;
      tail.Erase(ItemIndex{static_cast<std::uint32_t>(row)});
      sum += static_cast<double>(popularity[row]);
    }

    const ItemBitmap found =
        ExposedGroups().LongTailOf(ItemBitmap(num_items, /*is_full=*/true),
                                   std::make_shared<const std::vector<float>>(popularity));

    EXPECT_EQ(found.Items(), tail.Items()) << num_items << " items";
  }
}

TEST(ExposedGroupsTest, WhatWasPublishedSinceAnyHourIsYoungerThanThat) {
  constexpr Micros kHour = kMicrosPerDay / 24;
  constexpr std::uint32_t kHours = 100;
  vitrine::testing::FakeFeatureStore store;
  for (std::uint32_t hour = 0; hour < kHours; ++hour) {
    store.Put({.id = std::to_string(hour), .publish_time_us = FakeClock::kStart + hour * kHour});
  }
  store.Put({.id = "without a time"});
  store.Retire("99");
  const FilteredItems filtered(store.catalogue());
  ItemBitmap allowed(kHours + 1, /*is_full=*/true);
  allowed.Erase(ItemIndex{60});
  for (std::uint32_t hour = 0; hour < kHours; ++hour) {
    const Micros since = FakeClock::kStart + hour * kHour;

    const ItemBitmap young =
        ExposedGroups::PublishedSince(since, allowed, store.catalogue(), filtered);

    for (std::uint32_t row = 0; row <= kHours; ++row) {
      const bool is_young = row > hour && row < 99 && row != 60;
      EXPECT_EQ(young.Contains(ItemIndex{row}), is_young) << "hour " << hour << ", row " << row;
    }
  }
}

TEST(ExposureQuotaTest, IsOwedInFullFromTheTopOn) {
  const ItemBitmap group = BitmapOf({1});
  ExposureQuota quota(0.25, &group, {});

  std::vector<bool> due;
  for (std::size_t position = 1; position <= 8; ++position) {
    due.push_back(quota.IsDue(position));
    quota.Count(ItemIndex{due.back() ? 1U : 0U});
  }

  EXPECT_THAT(due, ElementsAre(false, false, false, true, false, false, false, true));
}

TEST(ExposureQuotaTest, MakesUpAheadForPinsThatAreNotOfTheGroup) {
  const ItemBitmap group = BitmapOf({1});
  const std::vector<std::pair<std::size_t, ItemIndex>> pins = {{3, ItemIndex{5}},
                                                               {4, ItemIndex{6}}};

  ExposureQuota quota(0.5, &group, pins);  // Two of the first four, where two are pinned.
  EXPECT_TRUE(quota.IsDue(1));

  const std::vector<std::pair<std::size_t, ItemIndex>> helpful = {{3, ItemIndex{5}},
                                                                  {4, ItemIndex{1}}};
  ExposureQuota helped(0.5, &group, helpful);
  EXPECT_FALSE(helped.IsDue(1));
  helped.Count(ItemIndex{0});
  EXPECT_TRUE(helped.IsDue(2));
}

TEST(ExposedItemsTest, AreAskedForAsTheyAreNeeded) {
  std::vector<std::size_t> asked;
  ExposedItems items(
      {[&](std::size_t k) {
         asked.push_back(k);
         std::vector<BlendedItem> found;
         for (std::uint32_t row = 0; row < std::min<std::size_t>(k, 60); ++row) {
           found.push_back({.item = ItemIndex{row}});
         }
         return found;
       },
       [](std::size_t) { return std::vector<BlendedItem>{{.item = ItemIndex{99}}}; }});
  EXPECT_THAT(asked, IsEmpty());

  std::vector<ItemIndex> open;
  while (const auto next = items.Next([](ItemIndex item) { return Row(item) % 20 == 19; })) {
    open.push_back(next->item);
  }

  EXPECT_THAT(
      open, ElementsAre(ItemIndex{19}, ItemIndex{39}, ItemIndex{19}, ItemIndex{39}, ItemIndex{59},
                        ItemIndex{99}));  // Here nothing closes; on a list what stands there does.
  EXPECT_THAT(asked, ElementsAre(50, 200));
}

class ExposureTest : public vitrine::testing::FakeShop {
 protected:
  static constexpr Micros kNow = FakeClock::kStart;

  ExposureTest() {
    Publish({Popular()});  // Scores 1, 0.8, 0.6, 0.4, 0.2.
    store_.Put({.id = "d", .brand = "X", .publish_time_us = kNow - 13 * kMicrosPerDay});
    store_.Put({.id = "e", .brand = "X", .publish_time_us = kNow - kMicrosPerDay / 2});
    store_.Put({.id = "c", .publish_time_us = kNow - 14 * kMicrosPerDay});  // By a moment too old.
  }
};

TEST_F(ExposureTest, ANewItemComesWhereTheShareWouldBeMissed) {
  const RecommendReply reply = Recommend({.controls = {.exposure = {Group::kNew, 0.5}}});

  EXPECT_THAT(Ids(reply), ElementsAre("a", "d", "b", "e", "c"));
  EXPECT_FLOAT_EQ(reply.items[1].score, 0.4F);  // As without a quota.
  EXPECT_THAT(reply.items[1].reasons, ElementsAre(Reason{.kind = Reason::Kind::kPopular},
                                                  Reason{.kind = Reason::Kind::kNewArrival}));
}

TEST_F(ExposureTest, AFilterSaysWhichItemsHaveAShare) {
  const Exposure of_brand{.group = Group::kFilter, .share = 0.5, .filter = "brand = \"X\""};

  EXPECT_THAT(RecommendedIds({.controls = {.exposure = of_brand}}),
              ElementsAre("a", "d", "b", "e", "c"));
  EXPECT_THAT(RecommendedIds({.controls = {.exposure = {Group::kFilter, 1, "brand = \"None\""}}}),
              ElementsAre("a", "b", "c", "d", "e"));  // There are no such items.
}

TEST_F(ExposureTest, AFilterThatIsMissingWrongOrOfAnotherGroupIsRefused) {
  const auto refused = [&](const Exposure& exposure) {
    return engine_.Recommend({.controls = {.exposure = exposure}}).status();
  };

  EXPECT_THAT(refused({Group::kFilter, 0.5, ""}),
              vitrine::testing::StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(refused({Group::kFilter, 0.5, "brand = ("}),
              vitrine::testing::StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(refused({Group::kNew, 0.5, "brand = \"X\""}),
              vitrine::testing::StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(ExposureTest, WhatIsNotInTheRankingComesFromWhatIsPopular) {
  Publish({MakeFakeModel("most_popular", ModelFamily::kPopularity, {5, 4, 3})});
  store_.SetPopularity({0, 0, 0, 1, 2});

  const RecommendReply reply = Recommend({.controls = {.exposure = {Group::kNew, 0.5}}});

  EXPECT_THAT(Ids(reply), ElementsAre("a", "e", "b", "d", "c"));
  EXPECT_THAT(reply.fallbacks, Contains("backfill"));
  EXPECT_THAT(RecommendedIds({.controls = {.is_strict = true, .exposure = {Group::kNew, 0.5}}}),
              ElementsAre("a", "b", "c"));
}

TEST_F(ExposureTest, LimitsHoldForExposedItemsToo) {
  EXPECT_THAT(RecommendedIds({.controls = {.max_per_brand = 1, .exposure = {Group::kNew, 0.5}}}),
              ElementsAre("a", "d", "b", "c"));
}

TEST_F(ExposureTest, TheAnswerOnAnItemNamesTheQuota) {
  const auto reply = engine_.ExplainItem(
      {.request = {.page_size = 2, .controls = {.exposure = {Group::kNew, 0.5}}}, .item_id = "b"});

  ASSERT_THAT(reply, vitrine::testing::IsOk());
  EXPECT_EQ(reply->outcome, ItemOutcome::kRankedLower);
  EXPECT_THAT(reply->detail, HasSubstr("exposure"));
}

TEST_F(ExposureTest, ItsShareMustBeFromZeroToOne) {
  for (const double share : {-0.1, 1.1, std::nan("")}) {
    EXPECT_THAT(engine_.Recommend({.controls = {.exposure = {Group::kNew, share}}}),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

class LargeExposureTest : public vitrine::testing::LargeShop {
 protected:
  // Ids of the long tail, worked out slowly.
  std::set<std::string> LongTail() const {
    const std::vector<float> popularity = store_.LivePopularity()->values;
    std::vector<std::size_t> rows(popularity.size());
    std::iota(rows.begin(), rows.end(), 0);
    std::stable_sort(rows.begin(), rows.end(),
                     [&](auto a, auto b) { return popularity[a] > popularity[b]; });
    const double total = std::accumulate(popularity.begin(), popularity.end(), 0.0);
    std::set<std::string> tail;
    double sum = 0;
    for (const std::size_t row : rows) {
      if (sum >= 0.8 * total) tail.insert(store_.catalogue().Id(ItemIndex(row)));
      sum += static_cast<double>(popularity[row]);
    }
    return tail;
  }

  ListControls RandomControls(Random& random) const {
    ListControls controls{
        .diversity = {static_cast<Diversity::Method>(random.Below(3)), 0.3},
        .exposure = {Group::kLongTail, 0.1 * static_cast<double>(1 + random.Below(10))}};
    for (std::uint64_t pin = random.Below(6); pin > 0; --pin) {
      controls.pins.push_back({items_[pin * 40 + random.Below(40)].id, 3 * pin + random.Below(3)});
    }
    if (random.Below(3) == 0) controls.boosts = {{"brand = \"B2\"", 0.5}, {"brand = \"B4\"", -0.7}};
    return controls;
  }
};

// Of the group in the first n, for each n.
std::vector<std::size_t> NumExposed(const std::vector<std::string>& ids,
                                    const std::set<std::string>& group) {
  std::vector<std::size_t> counts;
  std::size_t count = 0;
  for (const std::string& id : ids) counts.push_back(count += group.contains(id) ? 1 : 0);
  return counts;
}

TEST_F(LargeExposureTest, TheQuotaHoldsAtEveryPrefixAsFarAsPinsLeavePlaces) {
  const std::set<std::string> tail = LongTail();
  ASSERT_GT(tail.size(), 100U);
  Random random(17);
  for (int round = 0; round < 60; ++round) {
    SCOPED_TRACE(round);
    const ListControls controls = RandomControls(random);
    const std::vector<std::string> ids = RecommendedIds({.page_size = 60, .controls = controls});
    ASSERT_EQ(ids.size(), 60U);

    const std::vector<std::size_t> counts = NumExposed(ids, tail);
    std::size_t num_possible = 0;
    for (std::size_t n = 1; n <= ids.size(); ++n) {
      const bool is_pinned = std::any_of(
          controls.pins.begin(), controls.pins.end(),
          [&](const Pin& pin) { return pin.position == n && pin.item_id == ids[n - 1]; });
      num_possible += !is_pinned || tail.contains(ids[n - 1]) ? 1 : 0;
      const auto owed = static_cast<std::size_t>(
          std::floor(static_cast<double>(n) * controls.exposure.share + 1e-9));
      EXPECT_GE(counts[n - 1], std::min(owed, num_possible)) << n;
    }
  }
}

TEST_F(LargeExposureTest, NothingChangesWhereTheQuotaIsMetAnyway) {
  const std::set<std::string> tail = LongTail();
  Random random(18);
  int num_met = 0;
  for (int round = 0; round < 60; ++round) {
    ListControls controls = RandomControls(random);
    controls.exposure.share = 0.05 * static_cast<double>(1 + random.Below(6));
    ListControls plain = controls;
    plain.exposure = {};
    const std::vector<std::string> without = RecommendedIds({.page_size = 40, .controls = plain});

    const std::vector<std::size_t> counts = NumExposed(without, tail);
    bool is_met = true;
    for (std::size_t n = 1; n <= counts.size(); ++n) {
      const double owed = static_cast<double>(n) * controls.exposure.share;
      is_met = is_met && counts[n - 1] >= static_cast<std::size_t>(std::floor(owed + 1e-9));
    }
    if (!is_met) continue;
    ++num_met;
    EXPECT_EQ(RecommendedIds({.page_size = 40, .controls = controls}), without) << round;
  }
  EXPECT_GT(num_met, 10);
}

TEST_F(LargeExposureTest, PagesAreThePartsOfOneLongPage) {
  Random random(19);
  for (int round = 0; round < 20; ++round) {
    RecommendRequest request{.page_size = 60, .controls = RandomControls(random)};
    const std::vector<std::string> long_page = RecommendedIds(request);

    std::vector<std::string> pages;
    request.page_size = 7;
    while (pages.size() + 7 <= 60) {
      const RecommendReply reply = Recommend(request);
      for (const RecommendedItem& item : reply.items) pages.push_back(item.item_id);
      request.page_token = reply.next_page_token;
    }

    EXPECT_EQ(pages, std::vector<std::string>(long_page.begin(), long_page.begin() + 56)) << round;
  }
}

TEST_F(LargeExposureTest, ScoresAreThoseOfTheRankingAndLimitsHold) {
  const RecommendReply all = Recommend({.page_size = 200, .controls = {.max_per_brand = 900}});
  std::map<std::string, float> scores;
  for (const RecommendedItem& item : all.items) scores[item.item_id] = item.score;

  const RecommendReply reply = Recommend(
      {.page_size = 20, .controls = {.max_per_brand = 2, .exposure = {Group::kLongTail, 0.8}}});

  std::map<std::string, int> num_of_brand;
  for (const RecommendedItem& item : reply.items) {
    EXPECT_EQ(item.score, scores.at(item.item_id)) << item.item_id;
    if (!item.item->brand.empty()) ++num_of_brand[item.item->brand];
  }
  for (const auto& [brand, count] : num_of_brand) EXPECT_LE(count, 2) << brand;
}

TEST_F(LargeExposureTest, WhereTheGroupIsUsedUpTheListGoesOn) {
  const std::set<std::string> tail = LongTail();
  const std::vector<std::string> ids =
      RecommendedIds({.page_size = 200, .controls = {.exposure = {Group::kLongTail, 1}}});

  ASSERT_EQ(ids.size(), 200U);
  const auto first_other =
      std::find_if(ids.begin(), ids.end(), [&](const auto& id) { return !tail.contains(id); });
  EXPECT_GT(first_other - ids.begin(), 90);
  EXPECT_NE(first_other, ids.end());
}

}  // namespace
}  // namespace vitrine
