#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <vector>

#include "testing/status_matchers.h"
#include "vitrine/scorers/collaborative/most_popular.h"
#include "vitrine/training/trainer.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;
using testing::IsOk;

Interaction Touch(std::uint32_t item, float weight, int day) {
  return {day * kMicrosPerDay, ItemIndex{item}, weight};
}

// At day 10: item 0 twice by one shopper, item 1 by two, item 2 disliked.
Dataset SmallShop() {
  Dataset shop;
  shop.item_ids = {"a", "b", "c"};
  shop.now_us = 10 * kMicrosPerDay;
  shop.interactions = {Touch(0, 5, 0),  Touch(1, 1, 5),   Touch(0, 1, 10),
                       Touch(2, 1, 10), Touch(2, -5, 10), Touch(1, 1, 10)};
  shop.user_begin = {0, 5, 6};
  return shop;
}

MostPopularTable Train(const Dataset& shop, const Settings& settings) {
  ThreadPool pool(1);
  const auto model = FindTrainer("most_popular")->train(shop, settings, {.pool = &pool});
  EXPECT_THAT(model, IsOk());
  return static_cast<const MostPopular&>(*model->scorer).table();
}

TEST(MostPopularTrainerTest, SumsWeightsThatDecayByHalfLives) {
  EXPECT_THAT(Train(SmallShop(), {{"half_life_days", "5"}}).popularity,
              ElementsAre(FloatEq(5 * 0.25F + 1), FloatEq(0.5F + 1), 0));
}

TEST(MostPopularTrainerTest, WithoutDecayTheAgeDoesNotMatter) {
  EXPECT_THAT(Train(SmallShop(), {{"half_life_days", "0"}}).popularity, ElementsAre(6, 2, 0));
}

TEST(MostPopularTrainerTest, BinaryWithoutDecayCountsShoppers) {
  EXPECT_THAT(Train(SmallShop(), {{"half_life_days", "0"}, {"binary", "true"}}).popularity,
              ElementsAre(1, 2, 0));
}

TEST(MostPopularTrainerTest, BinaryWithDecayCountsTheLatestOfEachShopper) {
  EXPECT_THAT(Train(SmallShop(), {{"half_life_days", "5"}, {"binary", "true"}}).popularity,
              ElementsAre(1, FloatEq(1.5F), 0));
}

TEST(MostPopularTrainerTest, WhatFewShoppersTouchedCountsAsUntouched) {
  const auto popularity = [](const char* min_shoppers) {
    return Train(SmallShop(), {{"half_life_days", "0"}, {"min_shoppers", min_shoppers}}).popularity;
  };

  EXPECT_THAT(popularity("1"), ElementsAre(6, 2, 0));
  EXPECT_THAT(popularity("2"), ElementsAre(0, 2, 0));
  EXPECT_THAT(popularity("3"), ElementsAre(0, 0, 0));
}

TEST(MostPopularTrainerTest, MarksOwnPathsAndThoseAboveThem) {
  Dataset shop = SmallShop();
  shop.items = {std::make_shared<Item>(Item{.id = "a", .categories = {"Home > Mugs", "Home"}}),
                std::make_shared<Item>(Item{.id = "b", .categories = {"Home>Mugs"}}), nullptr};

  const MostPopularTable table = Train(shop, {});

  EXPECT_THAT(table.category_names, ElementsAre("Home", "Home > Mugs"));
  EXPECT_THAT(table.categories.Values(0), ElementsAre(2, 2));
  EXPECT_THAT(table.categories.Values(1), ElementsAre(1, 2));
  EXPECT_TRUE(table.categories.Columns(2).empty());
}

}  // namespace
}  // namespace vitrine
