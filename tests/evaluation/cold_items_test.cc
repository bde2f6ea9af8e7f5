#include "vitrine/evaluation/cold_items.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <memory>
#include <set>

#include "evaluation/made_dataset.h"
#include "testing/status_matchers.h"
#include "vitrine/base/random.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::Items;
using testing::MakeDataset;
using testing::StatusIs;
using testing::Touch;

constexpr std::size_t kThemes = 4;

// Forty items of four themes, whose titles say theirs; a shopper likes items of one theme.
Dataset ThemedShop() {
  Random random(3);
  std::vector<std::vector<Touch>> users;
  for (std::uint32_t user = 0; user < 60; ++user) {
    std::set<std::uint32_t> items;
    while (items.size() < 6) {
      items.insert(static_cast<std::uint32_t>(kThemes * random.Below(10) + user % kThemes));
    }
    std::vector<Touch> touches;
    for (const std::uint32_t item : items) {
      touches.push_back({item, static_cast<Micros>(touches.size() + 1)});
    }
    users.push_back(touches);
  }
  Dataset shop = MakeDataset(40, users);
  for (std::size_t row = 0; row < shop.items.size(); ++row) {
    shop.items[row] = std::make_shared<const Item>(
        Item{.id = shop.item_ids[row],
             .title = "theme" + std::to_string(row % kThemes) + " thing" + std::to_string(row)});
  }
  return shop;
}

TEST(HoldOutColdItemsTest, NoInteractionWithAColdItemTrains) {
  const Dataset shop = ThemedShop();

  const ColdItems cold = HoldOutColdItems(shop, {.share = 0.25});

  EXPECT_EQ(cold.num_cold, 10U);
  EXPECT_EQ(cold.split.candidates.Count(), 10U);
  for (const Interaction& each : cold.split.train.interactions) {
    EXPECT_FALSE(cold.split.candidates.Contains(each.item));
  }
}

TEST(HoldOutColdItemsTest, AShopperIsAskedForTheColdItemsThatTheyLikedAndShownTheRest) {
  const Dataset shop = ThemedShop();

  const ColdItems cold = HoldOutColdItems(shop, {.share = 0.25});

  ASSERT_FALSE(cold.split.cases.empty());
  for (const TestCase& test : cold.split.cases) {
    std::vector<std::uint32_t> all = Items(cold.split.History(test));
    for (const ItemIndex item : test.relevant) {
      EXPECT_TRUE(cold.split.candidates.Contains(item));
      all.push_back(static_cast<std::uint32_t>(item));
    }
    std::sort(all.begin(), all.end());
    EXPECT_EQ(all, Items(shop.History(cold.user[test.training_user])));
  }
}

TEST(HoldOutColdItemsTest, ItemsWithoutATextOrALikeAreNeverCold) {
  Dataset shop = MakeDataset(3, {{{0, 1}, {1, 2}, {2, 3, -1}}, {{0, 1}, {1, 1}}});
  shop.items[1] = shop.items[2] = std::make_shared<const Item>(Item{.title = "a thing"});

  const ColdItems cold = HoldOutColdItems(shop, {.share = 1});

  ASSERT_EQ(cold.num_cold, 1U);
  EXPECT_TRUE(cold.split.candidates.Contains(ItemIndex{1}));
}

TEST(HoldOutColdItemsTest, AShopperOfColdItemsAloneIsNotAsked) {
  Dataset shop = MakeDataset(2, {{{1, 1}}, {{0, 1}, {1, 2}}});
  shop.items[1] = std::make_shared<const Item>(Item{.title = "a thing"});

  const ColdItems cold = HoldOutColdItems(shop, {.share = 1});

  ASSERT_EQ(cold.split.cases.size(), 1U);
  EXPECT_THAT(cold.user, ElementsAre(1));
}

TEST(HoldOutColdItemsTest, TheValidationPartKnowsNothingOfTheTestPart) {
  const Dataset shop = ThemedShop();
  const ColdItems test = HoldOutColdItems(shop, {.share = 0.2, .seed = 7});

  const ColdItems validation =
      HoldOutColdItems(shop, {.share = 0.2, .seed = 7, .part = Part::kValidation});

  ASSERT_EQ(validation.num_cold, test.num_cold);
  for (const ItemIndex item : test.split.candidates.Items()) {
    EXPECT_FALSE(validation.split.candidates.Contains(item));
    EXPECT_EQ(validation.split.train.items[Row(item)], nullptr);
  }
  for (const Interaction& each : validation.split.train.interactions) {
    EXPECT_FALSE(test.split.candidates.Contains(each.item));
  }
}

TEST(HoldOutColdItemsTest, AnotherSeedDrawsOtherItems) {
  const Dataset shop = ThemedShop();

  EXPECT_EQ(HoldOutColdItems(shop, {.seed = 1}).split.candidates.Items(),
            HoldOutColdItems(shop, {.seed = 1}).split.candidates.Items());
  EXPECT_NE(HoldOutColdItems(shop, {.seed = 1}).split.candidates.Items(),
            HoldOutColdItems(shop, {.seed = 2}).split.candidates.Items());
}

TEST(CompareOnColdItemsTest, TheTextFindsWhatPopularityCannotKnow) {
  ThreadPool pool(2);
  const std::vector<ColdScorer> scorers = {{"content", {}}, {"most_popular", {}}};
  const ColdComparisonOptions options{.items = {.share = 0.25}, .num_seeds = 3, .cutoffs = {3}};

  const auto comparison = CompareOnColdItems(ThemedShop(), scorers, options, {.pool = &pool}, {});

  ASSERT_THAT(comparison, IsOk());
  ASSERT_EQ(comparison->seeds.size(), 3U);
  EXPECT_EQ(comparison->seeds[2].seed, 3U);
  // Not 1: some themes have more than three cold items.
  EXPECT_GT(comparison->means[0].at("recall@3"), 0.75);
  EXPECT_LT(comparison->means[1].at("recall@3"), 0.6);
  const Difference& difference = comparison->differences.at("recall@3");
  EXPECT_NEAR(difference.value,
              comparison->means[0].at("recall@3") - comparison->means[1].at("recall@3"), 1e-12);
  EXPECT_LT(difference.p_value, 0.01);
  EXPECT_LT(difference.interval.low, difference.value);
  // The mean over all is that of the seeds, weighed by their cases.
  double sum = 0;
  double num_cases = 0;
  for (const ColdSeed& seed : comparison->seeds) {
    sum += seed.means[0].at("recall@3") * static_cast<double>(seed.num_cases);
    num_cases += static_cast<double>(seed.num_cases);
  }
  EXPECT_NEAR(comparison->means[0].at("recall@3"), sum / num_cases, 1e-12);
}

TEST(CompareOnColdItemsTest, AScorerHeldAgainstItselfIsNoBetter) {
  ThreadPool pool(2);
  const std::vector<ColdScorer> scorers = {{"content", {}}, {"content", {}}};

  const auto comparison =
      CompareOnColdItems(ThemedShop(), scorers, {.num_seeds = 2}, {.pool = &pool}, {});

  ASSERT_THAT(comparison, IsOk());
  EXPECT_EQ(comparison->differences.at("ndcg@20").value, 0);
  EXPECT_EQ(comparison->differences.at("ndcg@20").p_value, 1);
}

TEST(CompareOnColdItemsTest, TwoOfOneKindHaveSettingsOfTheirOwn) {
  ThreadPool pool(2);
  const std::vector<ColdScorer> scorers = {{"content", {}},
                                           {"content@words", {{"meaning_weight", "0"}}}};

  const auto comparison =
      CompareOnColdItems(ThemedShop(), scorers, {.num_seeds = 1}, {.pool = &pool}, {});

  ASSERT_THAT(comparison, IsOk());
  EXPECT_EQ(comparison->scorers[0].settings.at("meaning_weight"), "0.25");
  EXPECT_EQ(comparison->scorers[1].settings.at("meaning_weight"), "0");
}

TEST(CompareOnColdItemsTest, RefusesWhatItCannotAsk) {
  ThreadPool pool(1);
  const std::vector<ColdScorer> nobody = {{"nobody", {}}};
  const std::vector<ColdScorer> content = {{"content", {}}};
  Dataset undescribed = ThemedShop();
  std::fill(undescribed.items.begin(), undescribed.items.end(), nullptr);

  EXPECT_THAT(CompareOnColdItems(ThemedShop(), nobody, {}, {.pool = &pool}, {}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(CompareOnColdItems(undescribed, content, {}, {.pool = &pool}, {}),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace vitrine
