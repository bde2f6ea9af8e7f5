// What the two towers learn of shoppers' profiles.
#include <gmock/gmock.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "models/saved_bytes.h"
#include "testing/status_matchers.h"
#include "training/two_tower_data.h"
#include "training/two_towers.h"
#include "vitrine/models/model_kinds.h"
#include "vitrine/scorers/dnn/two_tower.h"
#include "vitrine/training/trainer.h"

namespace vitrine {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::kEnoughToHoldOut;
using testing::kOfAKind;
using ::testing::Not;
using testing::OneItemADay;
using testing::SavedBytes;
using testing::ScoresFor;
using ::testing::SizeIs;
using testing::SmallTowers;
using testing::Thing;

constexpr std::size_t kUsers = 90;
constexpr std::size_t kBuckets = 4096;

bool IsDescribed(std::size_t user) { return user % 3 != 2; }

// Mugs are items 0 to 7, lamps 8 to 15; 16 is a mug and 17 a lamp that nobody touched. Even
// shoppers like four mugs, odd ones four lamps, on four days. Of two in three the shop knows that
// who likes mugs lives in Norway and who likes lamps in Spain, and a name that nobody else has.
Dataset NorthAndSouth() {
  Dataset shop;
  for (std::size_t i = 0; i < 2 * kOfAKind + 2; ++i) {
    const bool is_mug = i < kOfAKind || i == 2 * kOfAKind;
    shop.item_ids.push_back("x" + std::to_string(i));
    shop.items.push_back(std::make_shared<const Item>(
        Thing(shop.item_ids.back(), is_mug ? "blue mug" : "tall lamp")));
  }
  for (std::uint32_t user = 0; user < kUsers; ++user) {
    for (std::uint32_t day = 0; day < 4; ++day) {
      const std::uint32_t item = (user % 2) * kOfAKind + (user / 2 + 3 * day) % kOfAKind;
      shop.interactions.push_back({day * kMicrosPerDay, ItemIndex{item}, 1});
    }
    shop.user_begin.push_back(shop.interactions.size());
    if (!IsDescribed(user)) continue;
    shop.profiles.push_back({user, std::make_shared<const ProfileAttributes>(ProfileAttributes{
                                       {"country", user % 2 == 0 ? "Norway" : "Spain"},
                                       {"name", "shopper " + std::to_string(user)}})});
  }
  shop.now_us = 4 * kMicrosPerDay;
  return shop;
}

Model Trained(const Dataset& shop, Settings settings = {}) {
  settings.merge(Settings{
      {"profile_buckets", std::to_string(kBuckets)}, {"history_dropout", "0.5"}, {"epochs", "40"}});
  ThreadPool pool(2);
  auto model =
      FindTrainer("two_tower")->train(shop, SmallTowers(std::move(settings)), {.pool = &pool});
  EXPECT_THAT(model, IsOk());
  return *std::move(model);
}

Matrix ScoresByProfile(const Model& model, const ProfileAttributes& profile) {
  return ScoresFor(model, Query{.profile = &profile});
}

const TwoTowerTable& TableOf(const Model& model) {
  return static_cast<const TwoTower*>(model.scorer.get())->table();
}

TEST(TwoTowerProfilesTest, AShopperWithoutHistoryIsRecommendedWhatTheirCountryLikes) {
  const Model model = Trained(NorthAndSouth());
  const auto n = static_cast<Eigen::Index>(kOfAKind);

  const Matrix north = ScoresByProfile(model, {{"country", "Norway"}});
  const Matrix south = ScoresByProfile(model, {{"country", "Spain"}});

  EXPECT_GT(north.leftCols(n).minCoeff(), north.middleCols(n, n).maxCoeff());
  EXPECT_GT(south.middleCols(n, n).minCoeff(), south.leftCols(n).maxCoeff());
  EXPECT_GT(north(0, 16), north(0, 17));  // New items too.
  EXPECT_GT(south(0, 17), south(0, 16));
}

TEST(TwoTowerProfilesTest, AProfileThatTooFewShareOrNobodyHasSaysNothing) {
  const Model model = Trained(NorthAndSouth());

  for (const ProfileAttributes& profile :
       {ProfileAttributes{}, ProfileAttributes{{"country", "Chile"}},
        ProfileAttributes{{"name", "shopper 0"}}}) {
    EXPECT_THAT(ScoresByProfile(model, profile).reshaped(), Each(kUnscored));
  }
  EXPECT_EQ(ScoresByProfile(model, {{"country", "Spain"}, {"name", "shopper 0"}}),
            ScoresByProfile(model, {{"country", "Spain"}}));
}

TEST(TwoTowerProfilesTest, AShopperWithoutAProfileIsRecommendedByTheirHistory) {
  const Model model = Trained(NorthAndSouth());
  const std::vector<Interaction> history = {{0, ItemIndex{8}, 1}, {0, ItemIndex{9}, 1}};
  const auto n = static_cast<Eigen::Index>(kOfAKind);

  const Matrix scores = ScoresFor(model, Query{.history = history});

  EXPECT_GT(scores.middleCols(n + 2, n - 2).minCoeff(), scores.leftCols(n).maxCoeff());
  EXPECT_THAT(ScoresFor(model, Query{}).reshaped(), Each(kUnscored));
}

TEST(TwoTowerProfilesTest, OnlyBucketsThatEnoughShoppersHaveAreLearned) {
  const auto num_learned = [](const Model& model) {
    const Matrix& vectors = TableOf(model).users.profile.weight.value;
    return (vectors.array() != 0).rowwise().any().count();
  };

  EXPECT_EQ(num_learned(Trained(NorthAndSouth())), 2);
  // Thirty live in either country.
  EXPECT_EQ(num_learned(Trained(NorthAndSouth(), {{"min_shoppers", "30"}})), 2);
  const Model none = Trained(NorthAndSouth(), {{"min_shoppers", "31"}});
  EXPECT_EQ(TableOf(none).shape.user_buckets, 0U);
}

TEST(TwoTowerProfilesTest, WithoutProfilesTheSameBytesAreLearnedWhateverIsSetForThem) {
  Dataset nobody_described = NorthAndSouth();
  nobody_described.profiles.clear();
  const std::string bytes =
      SavedBytes(Trained(nobody_described, {{"profile_buckets", "0"}, {"history_dropout", "0"}}));

  EXPECT_EQ(SavedBytes(Trained(nobody_described)), bytes);
  EXPECT_EQ(SavedBytes(Trained(NorthAndSouth(), {{"profile_buckets", "0"}})), bytes);
  EXPECT_EQ(SavedBytes(Trained(NorthAndSouth(), {{"min_shoppers", "31"}})), bytes);
  EXPECT_NE(SavedBytes(Trained(NorthAndSouth())), bytes);
}

TEST(TwoTowerProfilesTest, ASavedModelStillKnowsTheCountries) {
  const Model model = Trained(NorthAndSouth());
  ItemMapping same{.num_items = 18};
  for (std::uint32_t i = 0; i < 18; ++i) same.index.push_back(ItemIndex{i});
  const std::string bytes = SavedBytes(model);
  ByteReader reader(bytes);

  const auto loaded = FindModelKind("two_tower")->load(reader, same);

  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(SavedBytes(*loaded), bytes);
  EXPECT_EQ(ScoresByProfile(*loaded, {{"country", "Norway"}}),
            ScoresByProfile(model, {{"country", "Norway"}}));
}

TEST(TwoTowerProfilesTest, AnItemListedAfterTheTrainingIsFoundByTheProfileToo) {
  ThreadPool pool(2);
  ModelSet live;
  live.models.push_back(Trained(NorthAndSouth()));
  Dataset catalogue;
  catalogue.item_ids = NorthAndSouth().item_ids;
  catalogue.items = NorthAndSouth().items;
  for (const std::string title : {"green mug", "green lamp"}) {
    catalogue.item_ids.push_back(title);
    catalogue.items.push_back(std::make_shared<const Item>(Thing(title, title)));
  }

  const auto fresh =
      FindTrainer("two_tower")
          ->train(catalogue, live.models[0].settings, {.pool = &pool, .live = &live});

  ASSERT_THAT(fresh, IsOk());
  const ProfileAttributes north = {{"country", "Norway"}};
  const Matrix scores = ScoresFor(*fresh, Query{.profile = &north}, 20);
  EXPECT_GT(scores(0, 18), scores(0, 19));
  const auto learned = static_cast<Eigen::Index>(2 * kOfAKind);
  EXPECT_EQ(scores.leftCols(learned), ScoresByProfile(live.models[0], north).leftCols(learned));
}

TEST(TowerProfilesOfExamplesTest, AProfileAloneAsksForAllThatTheShopperLikes) {
  const Dataset shop = NorthAndSouth();
  const TowerExamples examples(
      shop, {}, {.held_out_share = 0, .profile_buckets = kBuckets, .history_dropout = 1});
  Random random(3);

  ASSERT_EQ(examples.size(), kUsers);
  for (std::size_t i = 0; i < examples.size(); ++i) {
    std::vector<std::uint32_t> liked;
    for (const Interaction& each : shop.History(i))
      liked.push_back(static_cast<std::uint32_t>(each.item));
    std::sort(liked.begin(), liked.end());

    const TowerExample example = examples.Ask(i, TowerSplit::kBoth, random);

    EXPECT_EQ(example.touches.empty(), IsDescribed(i));
    EXPECT_THAT(example.profile, SizeIs(IsDescribed(i) ? 1 : 0));  // The country.
    if (!IsDescribed(i)) continue;
    EXPECT_EQ(example.targets, liked);
  }
}

TEST(TowerProfilesOfExamplesTest, AsManyQuestionsShowTheProfileAloneAsAreWanted) {
  const Dataset shop = NorthAndSouth();
  const auto share_of = [&](double history_dropout) {
    const TowerExamples examples(
        shop, {},
        {.held_out_share = 0, .profile_buckets = kBuckets, .history_dropout = history_dropout});
    Random random(5);
    int num_alone = 0;
    for (int round = 0; round < 1000; ++round) {
      num_alone += examples.Ask(0, TowerSplit::kBoth, random).touches.empty() ? 1 : 0;
    }
    return num_alone / 1000.0;
  };

  EXPECT_EQ(share_of(0), 0);
  EXPECT_NEAR(share_of(0.3), 0.3, 0.06);  // Four standard deviations.
}

TEST(TowerProfilesOfExamplesTest, WhatIsHeldOutIsNotAskedOfTheProfile) {
  Dataset shop = OneItemADay(10, kEnoughToHoldOut);
  shop.profiles.push_back(
      {0, std::make_shared<const ProfileAttributes>(ProfileAttributes{{"country", "Norway"}})});
  const TowerExamples examples(
      shop, {},
      {.held_out_share = 1, .profile_buckets = kBuckets, .min_shoppers = 1, .history_dropout = 1});
  Random random(1);

  ASSERT_EQ(examples.num_held_out(), kEnoughToHoldOut - 1);
  EXPECT_THAT(examples.HeldOut(0).targets, ElementsAre(8, 9));
  EXPECT_THAT(examples.HeldOut(0).touches, Not(IsEmpty()));
  EXPECT_THAT(examples.HeldOut(0).profile, SizeIs(1));
  EXPECT_THAT(examples.Ask(0, TowerSplit::kBoth, random).targets,
              ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
}

TEST(TowerProfilesOfExamplesTest, WithoutCommonBucketsNoneIsLearned) {
  const Dataset shop = NorthAndSouth();
  const auto common = [&](std::size_t buckets, std::size_t min_shoppers) {
    const TowerExamples examples(shop, {},
                                 {.profile_buckets = buckets, .min_shoppers = min_shoppers});
    const auto all = examples.common_profile_buckets();
    return std::vector<std::uint8_t>(all.begin(), all.end());
  };

  EXPECT_THAT(common(0, 1), IsEmpty());
  EXPECT_THAT(common(kBuckets, 31), IsEmpty());
  EXPECT_THAT(common(kBuckets, 30), SizeIs(kBuckets));
  EXPECT_THAT(common(kBuckets, 30), Contains(1).Times(2));
}

}  // namespace
}  // namespace vitrine
