#include "vitrine/scorers/sequential/recent_items.h"

#include <gmock/gmock.h>

#include <limits>
#include <vector>

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::size_t kItems = 100;
constexpr auto kHistory = Contribution::Source::kHistory;
constexpr auto kContext = Contribution::Source::kContext;

auto Is(std::uint32_t item, float weight, Contribution::Source source = kHistory) {
  return ::testing::AllOf(::testing::Field(&TouchedItem::item, ItemIndex{item}),
                          ::testing::Field(&TouchedItem::weight, ::testing::FloatEq(weight)),
                          ::testing::Field(&TouchedItem::source, source));
}

Interaction At(Micros time_us, std::uint32_t item, float weight = 1) {
  return {time_us, ItemIndex{item}, weight};
}

std::vector<TouchedItem> Recent(const std::vector<Interaction>& history,
                                const RecencyWeights& weights = {}) {
  return RecentItems({.history = history}, weights, kItems);
}

TEST(RecentItemsTest, EachStepBackCountsLess) {
  EXPECT_THAT(Recent({At(9, 1), At(8, 2), At(7, 3)}),
              ElementsAre(Is(1, 1), Is(2, 0.5F), Is(3, 0.25F)));
}

TEST(RecentItemsTest, AnItemCountsOnceWhereItWasTouchedLast) {
  EXPECT_THAT(Recent({At(9, 1), At(8, 2), At(7, 1), At(6, 3)}),
              ElementsAre(Is(1, 1), Is(2, 0.5F), Is(3, 0.25F)));
}

TEST(RecentItemsTest, TheItemsOfOneMomentShareAStep) {
  EXPECT_THAT(Recent({At(9, 1), At(9, 2), At(9, 3), At(8, 4)}),
              ElementsAre(Is(1, 1), Is(2, 1), Is(3, 1), Is(4, 0.5F)));
}

TEST(RecentItemsTest, WithoutTimesTheOrderIsTheTime) {
  EXPECT_THAT(Recent({At(0, 1), At(0, 2)}), ElementsAre(Is(1, 1), Is(2, 0.5F)));
}

TEST(RecentItemsTest, ThePageComesLastAndTheCartBeforeIt) {
  const std::vector<Interaction> history = {At(9, 1), At(8, 2)};
  const std::vector<ItemIndex> page = {ItemIndex{7}};
  const std::vector<ItemIndex> cart = {ItemIndex{5}, ItemIndex{2}};

  EXPECT_THAT(
      RecentItems({.history = history, .context_items = page, .cart_items = cart}, {}, kItems),
      ElementsAre(Is(7, 1, kContext), Is(5, 0.5F, kContext), Is(2, 0.5F, kContext), Is(1, 0.25F)));
}

TEST(RecentItemsTest, ReadsNoMoreStepsThanAsked) {
  EXPECT_THAT(Recent({At(9, 1), At(8, 2), At(8, 3), At(7, 4)}, {.max_steps = 2}),
              ElementsAre(Is(1, 1), Is(2, 0.5F), Is(3, 0.5F)));
}

TEST(RecentItemsTest, AnItemThatWasDislikedLastIsLeftOutAndMakesNoStep) {
  EXPECT_THAT(Recent({At(9, 1, -5), At(8, 2), At(7, 1), At(6, 3), At(5, 2, -4)}),
              ElementsAre(Is(2, 1), Is(3, 0.5F)));
}

TEST(RecentItemsTest, ANeutralRatingIsNoDislike) {
  EXPECT_THAT(Recent({At(9, 1, 0), At(8, 2), At(7, 1)}), ElementsAre(Is(2, 1), Is(1, 0.5F)));
}

TEST(RecentItemsTest, ItemsThatAreUnknownMakeNoStep) {
  EXPECT_THAT(Recent({At(9, kItems), At(8, 2)}), ElementsAre(Is(2, 1)));
  EXPECT_THAT(Recent({At(9, 0xFFFFFFFF)}), IsEmpty());
}

TEST(RecentItemsTest, AgeHalvesTheWeightAfterTheHalfLife) {
  const std::vector<Interaction> history = {At(98 * kMicrosPerDay, 1), At(96 * kMicrosPerDay, 2)};
  const std::vector<ItemIndex> page = {ItemIndex{3}};

  EXPECT_THAT(
      RecentItems({.history = history, .context_items = page, .now_us = 100 * kMicrosPerDay},
                  {.step_decay = 1, .half_life_days = 2}, kItems),
      ElementsAre(Is(3, 1, kContext), Is(1, 0.5F), Is(2, 0.25F)));
}

TEST(RecentItemsTest, AnEventAfterNowIsAsOldAsNow) {
  EXPECT_THAT(Recent({At(kMicrosPerDay, 1)}, {.half_life_days = 1}), ElementsAre(Is(1, 1)));
}

TEST(RecentItemsTest, SaysWhichWeightsMakeSense) {
  EXPECT_TRUE(IsSound(RecencyWeights{}));
  EXPECT_FALSE(IsSound(RecencyWeights{.max_steps = 0}));
  EXPECT_FALSE(IsSound(RecencyWeights{.step_decay = 0}));
  EXPECT_FALSE(IsSound(RecencyWeights{.step_decay = 1.5F}));
  EXPECT_FALSE(IsSound(RecencyWeights{.half_life_days = -1}));
  EXPECT_FALSE(IsSound(RecencyWeights{.half_life_days = std::numeric_limits<float>::quiet_NaN()}));
}

}  // namespace
}  // namespace vitrine
