#include "vitrine/scorers/touched_items.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

namespace vitrine {

bool operator==(const TouchedItem& a, const TouchedItem& b) {
  return a.item == b.item && a.weight == b.weight && a.source == b.source;
}

namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using Source = Contribution::Source;

Interaction Touch(std::uint32_t item, float weight) { return {0, ItemIndex{item}, weight}; }

TEST(TouchedItemsTest, SumsRepeatsByItemInAscendingOrder) {
  const std::vector<Interaction> history = {Touch(7, 1), Touch(2, 5), Touch(7, 3)};

  EXPECT_THAT(TouchedItems({.history = history}, {}, 10),
              ElementsAre(TouchedItem{ItemIndex{2}, 5, Source::kHistory},
                          TouchedItem{ItemIndex{7}, 4, Source::kHistory}));
}

TEST(TouchedItemsTest, LeavesOutWhatCancelsOutAndWhatIsUnknown) {
  const std::vector<Interaction> history = {Touch(1, 3), Touch(1, -3), Touch(10, 1), Touch(3, -1)};

  EXPECT_THAT(TouchedItems({.history = history}, {}, 10),
              ElementsAre(TouchedItem{ItemIndex{3}, -1, Source::kHistory}));
}

TEST(TouchedItemsTest, AddsEachItemOfThePageOnceAndOfTheCartOnce) {
  const std::vector<Interaction> history = {Touch(4, 1)};
  const std::vector<ItemIndex> page = {ItemIndex{4}, ItemIndex{4}};
  const std::vector<ItemIndex> cart = {ItemIndex{4}, ItemIndex{5}};

  EXPECT_THAT(TouchedItems({.history = history, .context_items = page, .cart_items = cart},
                           {.context_weight = 2}, 10),
              ElementsAre(TouchedItem{ItemIndex{4}, 5, Source::kContext},
                          TouchedItem{ItemIndex{5}, 2, Source::kContext}));
}

TEST(TouchedItemsTest, WeighsTheSumNotEachInteraction) {
  const std::vector<Interaction> history = {Touch(1, 3), Touch(1, 4), Touch(2, -3)};
  const Query query{.history = history};

  EXPECT_THAT(TouchedItems(query, {.weighting = Weighting::kLogarithmic}, 10),
              ElementsAre(TouchedItem{ItemIndex{1}, 3, Source::kHistory},
                          TouchedItem{ItemIndex{2}, -2, Source::kHistory}));
  EXPECT_THAT(TouchedItems(query, {.weighting = Weighting::kBinary, .scale = 0.5F}, 10),
              ElementsAre(TouchedItem{ItemIndex{1}, 0.5F, Source::kHistory},
                          TouchedItem{ItemIndex{2}, -0.5F, Source::kHistory}));
}

TEST(TouchedItemsTest, NothingTouchedIsNothing) {
  EXPECT_THAT(TouchedItems({}, {}, 10), IsEmpty());
}

TEST(TouchWeightsTest, AreSoundWithinTheirRangesOnly) {
  EXPECT_TRUE(IsSound({}));
  EXPECT_TRUE(IsSound({.context_weight = 0}));
  EXPECT_FALSE(IsSound({.context_weight = -1}));
  EXPECT_FALSE(IsSound({.context_weight = std::numeric_limits<float>::quiet_NaN()}));
  EXPECT_FALSE(IsSound({.scale = 0}));
  EXPECT_FALSE(IsSound({.scale = std::numeric_limits<float>::infinity()}));
  EXPECT_FALSE(IsSound({.weighting = static_cast<Weighting>(3)}));
}

TEST(EvenTouchedItemsTest, AreKnownAndAsLongTogetherHoweverManyThereAre) {
  const std::vector<Interaction> history = {
      {0, ItemIndex{1}, 3}, {0, ItemIndex{2}, -1}, {0, ItemIndex{3}, 7}};
  ItemBitmap known(5, true);
  known.Erase(ItemIndex{3});

  const auto touched = EvenTouchedItems({.history = history}, {}, known);

  ASSERT_EQ(touched.size(), 2U);
  EXPECT_EQ(touched[0].item, ItemIndex{1});
  EXPECT_FLOAT_EQ(touched[0].weight, 1.5F);  // Over the square root of 3 + 1.
  EXPECT_FLOAT_EQ(touched[1].weight, -0.5F);
}

TEST(EvenTouchedItemsTest, DislikesAloneSayNothing) {
  const std::vector<Interaction> history = {{0, ItemIndex{2}, -1}};

  EXPECT_TRUE(EvenTouchedItems({.history = history}, {}, ItemBitmap(5, true)).empty());
}

TEST(StrongestOfTest, KeepsTheLargestOfEitherSignAndSumsAll) {
  std::vector<TouchedItem> touched;
  for (std::uint32_t i = 0; i < 12; ++i) touched.push_back({ItemIndex{i}, 1, Source::kHistory});
  const std::vector<float> adds = {0.5F, -3, 0, 1, 2, -0.25F, 1, 0, 4, 0.25F, 6, -5};

  const StrongestContributions strongest = StrongestOf(touched, adds);

  std::vector<std::pair<std::uint32_t, float>> found;
  for (const Contribution& each : strongest.strongest()) {
    EXPECT_EQ(each.source, Source::kHistory);
    found.emplace_back(static_cast<std::uint32_t>(each.item), each.value);
  }
  EXPECT_THAT(found, ElementsAre(Pair(10, 6), Pair(11, -5), Pair(8, 4), Pair(1, -3), Pair(4, 2),
                                 Pair(3, 1), Pair(6, 1), Pair(0, 0.5F)));
  EXPECT_EQ(strongest.sum(), 6.5);
  EXPECT_EQ(strongest.size(), 23);
}

TEST(StrongestOfTest, WhatAddsNothingIsNone) {
  const std::vector<TouchedItem> touched = {{ItemIndex{1}, 1, Source::kHistory},
                                            {ItemIndex{2}, 1, Source::kContext}};

  EXPECT_THAT(StrongestOf(touched, std::vector<float>{0, 0}).strongest(), IsEmpty());
  EXPECT_THAT(StrongestOf({}, {}).strongest(), IsEmpty());
}

}  // namespace
}  // namespace vitrine
