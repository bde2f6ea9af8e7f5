#include "vitrine/scorers/dnn/ranker_features.h"

#include <gmock/gmock.h>

#include <cmath>
#include <memory>

#include "scorers/small_ranker.h"

namespace vitrine {
namespace {

using testing::AskedOfRanker;
using ::testing::ElementsAre;
using testing::kRankedItems;
using testing::SmallRankerTable;

TEST(RankerFeaturesTest, AreScoresByTheBestRanksAndFacts) {
  const DeepRankerTable table = SmallRankerTable();
  const Matrix& facts = table.item_facts;
  const AskedOfRanker asked;

  const Matrix x = RankerFeatures(asked.view(), table.scorers, facts, table.unknown_facts, {});

  ASSERT_EQ(x.cols(), 23);
  EXPECT_EQ(x(0, 0), 0);  // The blend: its best,
  EXPECT_NEAR(x(1, 0), std::log(0.5), 1e-6);
  EXPECT_EQ(x(2, 0), kLeastLogBlend);  // and one that it says nothing good of,
  EXPECT_NEAR(x(2, 1), 0.5, 1e-6);     // the third.
  EXPECT_NEAR(x(0, 2), 0.5, 1e-6);     // ials, by its best, which is 8,
  EXPECT_NEAR(x(0, 3), 1 / std::log2(3), 1e-6);
  EXPECT_NEAR(x(1, 3), 1, 1e-6);
  EXPECT_NEAR(x(0, 4), 1, 1e-6);  // content
  EXPECT_EQ(x(1, 4), 0);          // has nothing to say of this.
  EXPECT_EQ(x(1, 5), 0);
  for (Eigen::Index f = 0; f < 6; ++f) {
    const float mean = (facts(4, f) + facts(1, f) + table.unknown_facts(0, f)) / 3;
    EXPECT_NEAR(x(0, 6 + f), facts(4, f) - mean, 1e-5);
    EXPECT_NEAR(x(2, 6 + f), table.unknown_facts(0, f) - mean, 1e-5);
  }
  EXPECT_EQ(x(0, 13), 0);  // Never touched,
  EXPECT_EQ(x(0, 14), 0);
  EXPECT_NEAR(x(1, 13), std::log(3), 1e-6);            // twice,
  EXPECT_NEAR(x(1, 14), std::exp2(-10.0 / 30), 1e-6);  // the last time 10 days ago.
  EXPECT_NEAR(x(0, 15), std::log(3), 1e-6);            // Two liked items,
  EXPECT_NEAR(x(0, 16), std::log(1.5), 1e-6);          // three times,
  EXPECT_NEAR(x(0, 17), std::log(11), 1e-6);           // ten days ago.
  EXPECT_NEAR(x(0, 18), (facts(1, 0) + facts(2, 0)) / 2, 1e-6);
  EXPECT_EQ(x.rightCols(4), Matrix::Zero(3, 4)) << "nothing is known of behaviour";
}

TEST(RankerFeaturesTest, TheLastAreRatesAndWhatTheShopperLeansTo) {
  const DeepRankerTable table = SmallRankerTable();
  const Matrix& rates = table.item_behaviour.rates;
  const AskedOfRanker asked;

  const Matrix x = RankerFeatures(asked.view(), table.scorers, table.item_facts,
                                  table.unknown_facts, table.item_behaviour);

  for (Eigen::Index rate = 0; rate < kNumItemRates; ++rate) {
    const float mean = (rates(4, rate) + rates(1, rate)) / 3;  // Nothing of the unknown item.
    EXPECT_NEAR(x(0, 19 + rate), rates(4, rate) - mean, 1e-5);
    EXPECT_NEAR(x(2, 19 + rate), -mean, 1e-5);
  }
  // Items 1 and 2 are of category 1; item 3, of category 2 and the brand of item 1, is disliked.
  EXPECT_NEAR(x(0, 21), 1, 1e-6);
  EXPECT_NEAR(x(1, 21), 1, 1e-6);
  EXPECT_EQ(x(2, 21), 0);
  EXPECT_EQ(x(0, 22), 0) << "a brand of nothing that was touched";
  EXPECT_NEAR(x(1, 22), 1, 1e-6) << "the only brand that is liked on the whole";
  EXPECT_EQ(x(2, 22), 0);
}

TEST(RankerFeaturesTest, SharesAreOfAllThatIsLiked) {
  DeepRankerTable table = SmallRankerTable();
  table.item_behaviour.categories = {0, 1, 2, 0, 2, 0};
  const AskedOfRanker asked;

  const Matrix x = RankerFeatures(asked.view(), table.scorers, table.item_facts,
                                  table.unknown_facts, table.item_behaviour);

  const double of_first = std::exp2(-10.0 / 30) + std::exp2(-20.0 / 30);
  const double of_second = std::exp2(-25.0 / 30);
  EXPECT_NEAR(x(0, 21), of_second / (of_first + of_second), 1e-6);
  EXPECT_NEAR(x(1, 21), of_first / (of_first + of_second), 1e-6);
}

TEST(MeasureBehaviourTest, CountsWhatWasDoneOfLateAndNumbersNames) {
  const auto did = [](EventType type, std::uint32_t item, int day) {
    return Interaction{
        .time_us = day * kMicrosPerDay, .item = ItemIndex{item}, .weight = 1, .type = type};
  };
  Dataset shop;
  shop.item_ids = {"a", "b", "c"};
  shop.items = {
      std::make_shared<const Item>(Item{.categories = {"Mugs", "Gifts"}, .brand = "Acme"}), nullptr,
      std::make_shared<const Item>(Item{.categories = {"Gifts"}, .brand = "Acme"})};
  shop.interactions = {
      did(EventType::kDetailPageView, 0, 70), did(EventType::kDetailPageView, 0, 100),
      did(EventType::kAddToCart, 0, 100),     did(EventType::kPurchaseComplete, 0, 40),
      did(EventType::kRate, 1, 100),          did(EventType::kRecommendationClick, 1, 100)};
  shop.user_begin = {0, 6};
  shop.now_us = 100 * kMicrosPerDay;

  const ItemBehaviour behaviour = MeasureBehaviour(shop);

  EXPECT_NEAR(behaviour.rates(0, 0), std::log(2 / (1 + 1.5 / 20)), 1e-6);
  EXPECT_NEAR(behaviour.rates(0, 1), std::log(1.25 / (1 + 1.5 / 20)), 1e-6);
  EXPECT_EQ(behaviour.rates.row(1), Matrix::Zero(1, 2).row(0));
  EXPECT_THAT(behaviour.categories, ElementsAre(1, 0, 2));
  EXPECT_THAT(behaviour.brands, ElementsAre(1, 0, 1));
}

TEST(RankerFeaturesTest, APriceIsHeldAgainstWhatTheShopperPays) {
  Matrix facts = Matrix::Zero(kRankedItems, kNumItemFacts);
  facts.col(kPriceFact) << 0, 2, 0, 0, 5, 0;
  const AskedOfRanker asked;  // Likes items 1 and 2, of which the second has no price.

  const Matrix x = RankerFeatures(asked.view(), {}, facts, UnknownItemFacts(), {});

  EXPECT_NEAR(x(0, 8), 3, 1e-6);
  EXPECT_NEAR(x(1, 8), 0, 1e-6);
  EXPECT_EQ(x(2, 8), 0);
}

TEST(ItemFactsTest, TellWhoTouchedAnItemAndWhen) {
  const auto touch = [](std::uint32_t item, int day) {
    return Interaction{.time_us = day * kMicrosPerDay, .item = ItemIndex{item}, .weight = 1};
  };
  Dataset shop;
  shop.item_ids = {"a", "b"};
  shop.items.resize(2);
  Item priced;
  priced.price = Money{3'000'000, "GBP"};
  shop.items[1] = std::make_shared<const Item>(priced);
  shop.interactions = {touch(0, 10), touch(0, 20), touch(0, 13)};
  shop.user_begin = {0, 2, 3};
  shop.now_us = 100 * kMicrosPerDay;  // The latest interaction, of day 20, is what counts.

  const Matrix facts = ItemFacts(shop);

  EXPECT_NEAR(facts(0, 0), std::log(3), 1e-6);
  EXPECT_NEAR(facts(0, 1), std::log((1 + 1 + 0.5) / (5 + 2)), 1e-6);
  EXPECT_NEAR(facts(0, 2), std::log((2 + std::exp2(-7.0 / 30)) / 7), 1e-6);
  EXPECT_NEAR(facts(0, 3), std::log(11), 1e-6);
  EXPECT_NEAR(facts(0, 4), 0, 1e-6);
  EXPECT_EQ(facts.row(1).head(5), UnknownItemFacts().row(0).head(5));
  EXPECT_NEAR(facts(1, 5), std::log(4), 1e-6);
}

}  // namespace
}  // namespace vitrine
