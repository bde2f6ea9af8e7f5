#include <gmock/gmock.h>

#include <cmath>
#include <vector>

#include "testing/status_matchers.h"
#include "vitrine/models/model_kinds.h"
#include "vitrine/scorers/sequential/repeat_purchase.h"
#include "vitrine/training/trainer.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;

Interaction At(int day, std::uint32_t item, EventType type = EventType::kPurchaseComplete) {
  return {day * kMicrosPerDay, ItemIndex{item}, 5, 1, type};
}

Dataset Shop(const std::vector<std::vector<Interaction>>& histories) {
  Dataset dataset;
  dataset.item_ids = {"a", "b", "c"};
  dataset.items.resize(3);
  dataset.now_us = 100 * kMicrosPerDay;
  for (const auto& history : histories) {
    dataset.interactions.insert(dataset.interactions.end(), history.begin(), history.end());
    dataset.user_begin.push_back(dataset.interactions.size());
  }
  return dataset;
}

RepeatPurchaseTable Trained(const Dataset& dataset, const Settings& settings = {}) {
  ThreadPool pool(1);
  const auto model = FindTrainer("repeat_purchase")->train(dataset, settings, {.pool = &pool});
  EXPECT_THAT(model, IsOk());
  return static_cast<const RepeatPurchase&>(*model->scorer).table();
}

TEST(RepeatPurchaseTrainerTest, CountsHowOftenBuyersBuyAgain) {
  // a: again in 2 of 3 later visits; b: in 1 of 2.
  const Dataset shop = Shop({{At(1, 0), At(10, 0), At(10, 1), At(20, 0), At(30, 2), At(30, 1)}});

  const RepeatPurchaseTable table = Trained(shop, {{"item_prior_visits", "1"}});

  const double usual = (2.0 + 1 + 20 * 0.05) / (3 + 2 + 20);
  EXPECT_FLOAT_EQ(table.repeat_rate[0], static_cast<float>((2 + usual) / (3 + 1)));
  EXPECT_FLOAT_EQ(table.repeat_rate[1], static_cast<float>((1 + usual) / (2 + 1)));
  EXPECT_FLOAT_EQ(table.repeat_rate[2], static_cast<float>(usual));
}

TEST(RepeatPurchaseTrainerTest, LearnsHowLongItemsLast) {
  std::vector<std::vector<Interaction>> histories;
  for (int shopper = 0; shopper < 40; ++shopper) {
    histories.push_back({At(1, 0), At(1, 1), At(8, 0), At(15, 0), At(61, 1)});
  }

  const RepeatPurchaseTable table = Trained(Shop(histories));

  EXPECT_NEAR(table.interval[0], std::log(7.5), 0.15);
  EXPECT_NEAR(table.interval[1], std::log(60.5), 0.4);
  EXPECT_GT(table.weights.rhythm_spread, 0.5F);
}

TEST(RepeatPurchaseTrainerTest, CountsVisitsByDayFromTheFirstToTheLast) {
  const DailySales sales =
      Trained(Shop({{At(7, 0), At(10, 0)}, {At(7, 0), At(7, 1)}, {At(8, 2)}})).trends.sales();

  EXPECT_EQ(sales.first_us, 7 * kMicrosPerDay);
  EXPECT_EQ(sales.last_us, 10 * kMicrosPerDay);
  EXPECT_THAT(sales.visits, ElementsAre(2, 1, 0, 1));
  EXPECT_THAT(sales.by_item.Columns(0), ElementsAre(0, 3));
  EXPECT_THAT(sales.by_item.Values(0), ElementsAre(2, 1));
  EXPECT_THAT(sales.by_item.Columns(1), ElementsAre(0));
  EXPECT_THAT(sales.by_item.Columns(2), ElementsAre(1));
}

TEST(RepeatPurchaseTrainerTest, WhatFewShoppersBoughtCountsAsNotSoldInTheVisitsOfAll) {
  const Dataset shop = Shop({{At(7, 0), At(10, 0), At(10, 1)}, {At(7, 0)}, {At(8, 2)}});

  const RepeatPurchaseTable table = Trained(shop, {{"min_shoppers", "2"}});

  const DailySales& sales = table.trends.sales();
  EXPECT_THAT(sales.visits, ElementsAre(2, 1, 0, 1));
  EXPECT_THAT(sales.by_item.Columns(0), ElementsAre(0, 3));
  EXPECT_THAT(sales.by_item.Columns(1), IsEmpty());
  EXPECT_THAT(sales.by_item.Columns(2), IsEmpty());
  EXPECT_EQ(table.repeat_rate, Trained(shop).repeat_rate);  // Of buyers' own habits.
}

TEST(RepeatPurchaseTrainerTest, SalesOlderThanTenYearsAreForgotten) {
  const DailySales sales = Trained(Shop({{At(0, 0)}, {At(9000, 1)}})).trends.sales();

  EXPECT_EQ(sales.visits.size(), 3650U);
  EXPECT_THAT(sales.by_item.Columns(0), IsEmpty());
  EXPECT_THAT(sales.by_item.Columns(1), ElementsAre(3649));
}

TEST(RepeatPurchaseTrainerTest, OrdersAloneCountWhereThereAreAny) {
  const Dataset with_orders = Shop({{At(1, 0, EventType::kDetailPageView), At(2, 1)}});
  const Dataset without = Shop({{At(1, 0, EventType::kDetailPageView)}});

  EXPECT_TRUE(Trained(with_orders).rules.is_purchases_only);
  EXPECT_FALSE(Trained(with_orders).trends.IsSold(ItemIndex{0}));
  EXPECT_TRUE(Trained(with_orders, {{"events", "all"}}).trends.IsSold(ItemIndex{0}));
  EXPECT_FALSE(Trained(without).rules.is_purchases_only);
  EXPECT_TRUE(Trained(without).trends.IsSold(ItemIndex{0}));
}

}  // namespace
}  // namespace vitrine
