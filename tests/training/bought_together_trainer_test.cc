#include "training/bought_together_trainer.h"

#include <gmock/gmock.h>

#include <cmath>
#include <vector>

#include "testing/status_matchers.h"
#include "vitrine/training/trainer.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using testing::IsOk;

constexpr Micros kMinute = 60 * kMicrosPerSecond;

struct Bought {
  std::uint32_t item = 0;
  Micros minute = 0;
  EventType type = EventType::kPurchaseComplete;
};

Dataset ShopOf(std::vector<std::vector<Bought>> shoppers, std::size_t num_items) {
  Dataset dataset;
  dataset.item_ids.resize(num_items);
  dataset.items.resize(num_items);
  for (const auto& shopper : shoppers) {
    for (const Bought& each : shopper) {
      dataset.interactions.push_back({.time_us = each.minute * kMinute,
                                      .item = ItemIndex{each.item},
                                      .weight = 1,
                                      .type = each.type});
    }
    dataset.user_begin.push_back(dataset.interactions.size());
  }
  return dataset;
}

std::vector<std::vector<std::uint32_t>> RowsOf(const CsrMatrix& orders) {
  std::vector<std::vector<std::uint32_t>> rows;
  for (std::size_t row = 0; row < orders.num_rows; ++row) {
    const auto columns = orders.Columns(row);
    rows.emplace_back(columns.begin(), columns.end());
  }
  return rows;
}

TEST(BoughtTogetherTest, AnOrderIsWhatOneShopperBoughtWithoutALongPause) {
  const Dataset shop = ShopOf({{{2, 0}, {0, 0}, {1, 20}, {3, 60}, {4, 61}}, {{0, 61}, {1, 62}}}, 5);

  EXPECT_THAT(RowsOf(OrdersOf(shop, {.window_minutes = 30})),
              ElementsAre(ElementsAre(0, 1, 2), ElementsAre(3, 4), ElementsAre(0, 1)));
  EXPECT_THAT(RowsOf(OrdersOf(shop, {.window_minutes = 0})), ElementsAre(ElementsAre(0, 2)));
}

TEST(BoughtTogetherTest, ViewsAndOrdersOfOneItemSayNothing) {
  const Dataset shop =
      ShopOf({{{0, 0}, {1, 1, EventType::kDetailPageView}, {0, 2}}, {{1, 0}}, {}}, 2);

  EXPECT_EQ(OrdersOf(shop, {}).num_rows, 0U);
  EXPECT_THAT(RowsOf(OrdersOf(shop, {.is_of_purchases = false})), ElementsAre(ElementsAre(0, 1)));
}

TEST(BoughtTogetherTest, ThreeOrdersByHand) {
  // 0 is in three orders, 1 in two of them, 2 in one.
  const Dataset shop = ShopOf({{{0, 0}, {1, 0}}, {{0, 0}, {1, 0}}, {{0, 0}, {2, 0}}}, 4);
  ThreadPool pool(2);

  const auto model =
      FindTrainer("bought_together")->train(shop, {{"shrinkage", "0"}}, {.pool = &pool});

  ASSERT_THAT(model, IsOk());
  const ItemIndex page{0};
  const std::vector<ItemIndex> items = {ItemIndex{1}, ItemIndex{2}, ItemIndex{3}};
  Matrix scores(1, 3);
  const Query query{.context_items = {&page, 1}};
  model->item_to_item->Score({&query, 1}, items, scores);
  EXPECT_NEAR(scores(0, 0), 2 / std::sqrt(3.0 * 2), 1e-6);
  EXPECT_NEAR(scores(0, 1), 1 / std::sqrt(3.0), 1e-6);
  EXPECT_EQ(scores(0, 2), kUnscored);
}

TEST(BoughtTogetherTest, AShopWithoutOrdersHasAModelThatSaysNothing) {
  ThreadPool pool(1);

  const auto model = FindTrainer("bought_together")->train(ShopOf({{}}, 3), {}, {.pool = &pool});

  ASSERT_THAT(model, IsOk());
  const ItemIndex page{0};
  const Query query{.context_items = {&page, 1}};
  EXPECT_TRUE(model->scorer->Retrieve({&query, 1}, nullptr, 5).front().empty());
}

}  // namespace
}  // namespace vitrine
