#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "models/saved_bytes.h"
#include "testing/status_matchers.h"
#include "training/held_out_likes.h"
#include "training/pair_weights.h"
#include "training/two_tower_data.h"
#include "training/two_towers.h"
#include "training/without.h"
#include "vitrine/scorers/dnn/two_tower.h"
#include "vitrine/training/trainer.h"

namespace vitrine {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::IsSupersetOf;
using testing::kEnoughToHoldOut;
using testing::kOfAKind;
using ::testing::Not;
using testing::OneItemADay;
using testing::SavedBytes;
using testing::ScoresFor;
using ::testing::SizeIs;
using testing::SmallTowers;
using testing::Thing;
using testing::Without;

// Mugs are items 0 to 7, lamps 8 to 15; 16 is a mug and 17 a lamp that nobody touched, and 18 says
// nothing of itself. Shoppers like four of one kind, and come on four days.
Dataset MugsAndLamps() {
  Dataset shop;
  const auto add = [&shop](const std::string& title) {
    const std::string id = title.empty() ? "?" : "x" + std::to_string(shop.item_ids.size());
    shop.item_ids.push_back(id);
    shop.items.push_back(std::make_shared<const Item>(Thing(id, title)));
  };
  for (std::size_t i = 0; i < 2 * kOfAKind; ++i) add(i < kOfAKind ? "blue mug" : "tall lamp");
  add("mug");
  add("lamp");
  add("");
  Random random(4);
  for (std::size_t user = 0; user < 80; ++user) {
    for (std::size_t i = 0; i < 4; ++i) {
      const std::size_t item = (user % 2) * kOfAKind + random.Below(kOfAKind);
      shop.interactions.push_back(
          {static_cast<Micros>(i) * kMicrosPerDay, ItemIndex{static_cast<std::uint32_t>(item)}, 1});
    }
    shop.user_begin.push_back(shop.interactions.size());
  }
  shop.now_us = 4 * kMicrosPerDay;
  return shop;
}

// For someone who likes these: the scores of the first items.
Matrix ScoresByLiked(const Model& model, const std::vector<std::uint32_t>& liked,
                     std::uint32_t num_items = 18) {
  std::vector<Interaction> history;
  for (const std::uint32_t item : liked) history.push_back({0, ItemIndex{item}, 1});
  return ScoresFor(model, {.history = history}, num_items);
}

TEST(TowerFeaturesTest, SayWhatAnItemIs) {
  Item item = Thing("84029E", "Red woolly hottie");
  item.categories = {"Home > Warm"};
  item.brand = "Acme";
  item.price = Money{4'000'000, "GBP"};

  EXPECT_THAT(
      DescribeForTower(item, true),
      IsSupersetOf({"word: red", "words: red woolly", "category: Home", "category: Home > Warm",
                    "brand: Acme", "price: 4", "id: 84", "id: 84029"}));
  EXPECT_THAT(DescribeForTower(item, false), Not(Contains("id: 84")));
}

TEST(TowerFeaturesTest, BucketsOfTooFewItemsDoNotCount) {
  const Dataset shop = MugsAndLamps();
  const TowerExamples examples(shop, {}, {.held_out_share = 0});
  const OwnedBags all = HashedFeatures(shop, 1024, false, {});

  const auto common = CommonBuckets(all, examples.learned(), 1024, kOfAKind + 1);
  const OwnedBags kept = HashedFeatures(shop, 1024, false, common);

  EXPECT_EQ(all.Ids(0).size(), 3U);  // Two words and the pair.
  EXPECT_TRUE(kept.ids.empty());     // None of which more than eight items have.
}

TEST(TowerExamplesTest, WhatIsAskedIsNeverShown) {
  const Dataset shop = MugsAndLamps();
  const TowerExamples examples(shop, {}, {.held_out_share = 1});
  Random random(3);

  ASSERT_GT(examples.num_held_out(), 10U);
  for (const TowerSplit split : {TowerSplit::kTime, TowerSplit::kRandom, TowerSplit::kBoth}) {
    for (std::size_t i = 0; i < examples.size(); ++i) {
      const TowerExample example = examples.Ask(i, split, random);
      for (const TowerTouch& touch : example.touches) {
        EXPECT_THAT(example.targets, Not(Contains(static_cast<std::uint32_t>(touch.item))));
      }
    }
  }
}

// Whether it shows the item or asks for it.
bool IsAbout(const TowerExample& example, std::uint32_t item) {
  const auto is_item = [item](const TowerTouch& touch) { return touch.item == ItemIndex{item}; };
  return std::any_of(example.touches.begin(), example.touches.end(), is_item) ||
         std::binary_search(example.targets.begin(), example.targets.end(), item);
}

TEST(TowerExamplesTest, TrainingDoesNotSeeWhatIsHeldOut) {
  const Dataset shop = OneItemADay(10, kEnoughToHoldOut);
  const TowerExamples examples(shop, {}, {.held_out_share = 1});
  Random random(1);

  ASSERT_EQ(examples.num_held_out(), kEnoughToHoldOut - 1);
  EXPECT_THAT(examples.HeldOut(0).targets, ElementsAre(8, 9));
  EXPECT_THAT(examples.HeldOut(0).touches, SizeIs(8));
  for (int round = 0; round < 20; ++round) {
    const TowerExample example = examples.Ask(0, TowerSplit::kBoth, random);
    EXPECT_FALSE(IsAbout(example, 8) || IsAbout(example, 9));
  }
}

TEST(TowerExamplesTest, WhatIsHeldOutCountsForNoItem) {
  const Dataset shop = OneItemADay(10, kEnoughToHoldOut);
  std::vector<double> counts(10, 21);
  counts[8] = counts[9] = 1;  // The last shopper's.

  const TowerExamples examples(shop, {}, {.held_out_share = 1});

  EXPECT_THAT(examples.counts(), ElementsAreArray(counts));
}

TEST(TowerExamplesTest, WhatNobodyElseLikesIsLearnedFromAndNotHeldOut) {
  Dataset shop = OneItemADay(10, kEnoughToHoldOut);
  shop.item_ids.emplace_back("x10");
  shop.interactions.insert(shop.interactions.begin() + 10,
                           Interaction{10 * kMicrosPerDay, ItemIndex{10}, 1});
  for (std::size_t user = 1; user < shop.user_begin.size(); ++user) ++shop.user_begin[user];
  const TowerExamples examples(shop, {}, {.held_out_share = 1});
  Random random(1);

  ASSERT_EQ(examples.num_held_out(), kEnoughToHoldOut - 1);
  EXPECT_THAT(examples.HeldOut(0).targets, ElementsAre(8, 9));
  EXPECT_TRUE(examples.learned().Contains(ItemIndex{10}));
  for (int round = 0; round < 20; ++round) {
    EXPECT_TRUE(IsAbout(examples.Ask(0, TowerSplit::kRandom, random), 10));
  }
}

TEST(TowerExamplesTest, OfTooFewShoppersNothingIsHeldOut) {
  const Dataset shop = OneItemADay(10, kEnoughToHoldOut - 1);

  const TowerExamples examples(shop, {}, {.held_out_share = 1});

  EXPECT_EQ(examples.num_held_out(), 0U);
  EXPECT_THAT(examples.counts(), Each(20));
}

TEST(TowerExamplesTest, ATargetCountsHalfWhenItIsAHalfLifeOlder) {
  Dataset shop = OneItemADay(4);
  shop.now_us = 3 * kMicrosPerDay;
  Random random(1);

  const auto ask = [&](double half_life_days) {
    return TowerExamples(shop, {}, {.held_out_share = 0, .target_half_life_days = half_life_days})
        .Ask(0, TowerSplit::kTime, random);
  };

  const TowerExample fading = ask(2);
  ASSERT_FALSE(fading.targets.empty());
  for (std::size_t t = 0; t < fading.targets.size(); ++t) {
    EXPECT_FLOAT_EQ(fading.weights[t], std::exp2((static_cast<float>(fading.targets[t]) - 3) / 2));
  }
  EXPECT_THAT(ask(0).weights, Each(1));
}

class TwoTowerLearningTest : public ::testing::TestWithParam<Settings> {};

TEST_P(TwoTowerLearningTest, FindsWhatGoesTogetherAndPlacesNewItemsByTheirWords) {
  ThreadPool pool(2);

  const auto model =
      FindTrainer("two_tower")->train(MugsAndLamps(), SmallTowers(GetParam()), {.pool = &pool});

  ASSERT_THAT(model, IsOk());
  const Matrix mugs = ScoresByLiked(*model, {0, 1}, 19);
  const Matrix lamps = ScoresByLiked(*model, {8, 9});
  const auto n = static_cast<Eigen::Index>(kOfAKind);
  EXPECT_GT(mugs.middleCols(2, n - 2).minCoeff(), mugs.middleCols(n, n).maxCoeff());
  EXPECT_GT(lamps.middleCols(n + 2, n - 2).minCoeff(), lamps.leftCols(n).maxCoeff());
  EXPECT_GT(mugs(0, 16), mugs(0, 17));
  EXPECT_GT(lamps(0, 17), lamps(0, 16));
  EXPECT_EQ(mugs(0, 18), kUnscored);  // Of which nothing is known.
}

INSTANTIATE_TEST_SUITE_P(Settings, TwoTowerLearningTest,
                         ::testing::Values(Settings{},
                                           Settings{{"softmax", "sampled"}, {"negatives", "5"}},
                                           Settings{{"softmax", "in_batch"}},
                                           Settings{{"split", "time"}, {"weighting", "log"}},
                                           Settings{{"target_half_life_days", "2"}}));

TEST(TwoTowerTrainerTest, WhatTargetsCountChangesWhatIsLearned) {
  ThreadPool pool(2);
  const auto learn = [&pool](const std::string& half_life_days) {
    return FindTrainer("two_tower")
        ->train(MugsAndLamps(),
                SmallTowers({{"epochs", "2"}, {"target_half_life_days", half_life_days}}),
                {.pool = &pool});
  };

  const auto alike = learn("0");
  const auto fading = learn("2");

  ASSERT_THAT(alike, IsOk());
  ASSERT_THAT(fading, IsOk());
  EXPECT_NE(SavedBytes(*alike), SavedBytes(*fading))
      << "nothing is held out: the loss alone differs";
}

// The loss of each epoch, of columns that counts of items choose and weigh.
std::vector<double> LossesWhere(const std::string& held_out_share, const Dataset& shop) {
  ThreadPool pool(2);
  std::vector<double> losses;
  TrainingContext context{.pool = &pool};
  context.networks.on_learned = [&](const std::string&, const nn::TrainingReport& report) {
    for (const nn::EpochReport& epoch : report.epochs) losses.push_back(epoch.loss);
  };
  const Settings settings = SmallTowers({{"epochs", "4"},
                                         {"softmax", "sampled"},
                                         {"negatives", "5"},
                                         {"held_out_share", held_out_share}});
  EXPECT_THAT(FindTrainer("two_tower")->train(shop, settings, context), IsOk());
  return losses;
}

TEST(TwoTowerTrainerTest, LearnsJustWhatItWouldOfAShopWithoutWhatIsHeldOut) {
  const Dataset shop = MugsAndLamps();
  const HeldOutLikes likes = HoldOutLast(shop, LikedPairWeights(shop, {}), {.share = 1});
  ASSERT_THAT(likes.users, Not(IsEmpty()));

  const std::vector<double> validated = LossesWhere("1", shop);

  ASSERT_EQ(validated.size(), 4U);
  EXPECT_EQ(validated, LossesWhere("0", Without(shop, likes)));
  EXPECT_NE(validated, LossesWhere("0", shop));
}

// Half of the shoppers came three years before the others, with so many interactions each.
Dataset OldAndNew(std::uint32_t num_old_touches) {
  Dataset shop = MugsAndLamps();
  const auto num_users = static_cast<std::uint32_t>(shop.num_users());
  shop.interactions.clear();
  shop.user_begin = {0};
  for (std::uint32_t user = 0; user < num_users; ++user) {
    const bool is_old = user < num_users / 2;
    const std::uint32_t first_day = is_old ? 0 : 1000;
    for (std::uint32_t i = 0; i < (is_old ? num_old_touches : 4); ++i) {
      const std::uint32_t item = (user % 2) * kOfAKind + (user / 2 + 3 * i) % kOfAKind;
      shop.interactions.push_back({(first_day + i) * kMicrosPerDay, ItemIndex{item}, 1});
    }
    shop.user_begin.push_back(shop.interactions.size());
  }
  shop.now_us += 1000 * kMicrosPerDay;
  return shop;
}

// That of the network as it begins: steps so small teach nothing.
double FirstValidationLoss(const Dataset& shop, const std::string& half_life_days) {
  ThreadPool pool(2);
  double loss = 0;
  TrainingContext context{.pool = &pool};
  context.networks.on_learned = [&](const std::string&, const nn::TrainingReport& report) {
    loss = report.epochs.front().validation_loss;
  };
  EXPECT_THAT(FindTrainer("two_tower")
                  ->train(shop,
                          SmallTowers({{"epochs", "1"},
                                       {"learning_rate", "1e-9"},
                                       {"held_out_share", "1"},
                                       {"target_half_life_days", half_life_days}}),
                          context),
              IsOk());
  return loss;
}

TEST(TwoTowerTrainerTest, WhoIsAskedAboutWhatIsOldValidatesLess) {
  const double of_all = FirstValidationLoss(OldAndNew(4), "0");
  const double of_the_new = FirstValidationLoss(OldAndNew(2), "0");  // Of two, none is held out.

  const double fading = FirstValidationLoss(OldAndNew(4), "2");

  EXPECT_LT(of_all, 0);
  EXPECT_NE(of_all, of_the_new);
  EXPECT_NEAR(fading, of_the_new, 1e-9);
}

TEST(TwoTowerTrainerTest, AnItemListedAfterTheTrainingIsScoredByItsFeatures) {
  ThreadPool pool(2);
  const Trainer& trainer = *FindTrainer("two_tower");
  const Dataset shop = MugsAndLamps();
  ModelSet live;
  live.models.push_back(*trainer.train(shop, SmallTowers({}), {.pool = &pool}));
  Dataset catalogue;
  catalogue.item_ids = shop.item_ids;
  catalogue.items = shop.items;
  for (const std::string title : {"green mug", "green lamp"}) {
    catalogue.item_ids.push_back(title);
    catalogue.items.push_back(std::make_shared<const Item>(Thing(title, title)));
  }

  const auto fresh =
      trainer.train(catalogue, live.models[0].settings, {.pool = &pool, .live = &live});

  ASSERT_THAT(fresh, IsOk());
  const auto learned = static_cast<Eigen::Index>(2 * kOfAKind);
  EXPECT_EQ(ScoresByLiked(*fresh, {0, 1}).leftCols(learned),
            ScoresByLiked(live.models[0], {0, 1}).leftCols(learned));
  const Matrix scores = ScoresByLiked(*fresh, {0, 1}, 21);
  EXPECT_EQ(ScoresByLiked(live.models[0], {0, 1}, 21)(0, 19), kUnscored);
  EXPECT_GT(scores(0, 19), scores(0, 20));
  EXPECT_GT(ScoresByLiked(*fresh, {19}, 21)(0, 1), ScoresByLiked(*fresh, {19}, 21)(0, 9));
}

TEST(TwoTowerTrainerTest, ANewItemOfUnknownWordsIsNotScored) {
  ThreadPool pool(2);
  const Trainer& trainer = *FindTrainer("two_tower");
  Dataset catalogue = MugsAndLamps();
  ModelSet live;
  live.models.push_back(*trainer.train(catalogue, SmallTowers({}), {.pool = &pool}));
  catalogue.interactions.clear();
  catalogue.user_begin = {0};
  catalogue.item_ids.emplace_back("new");
  catalogue.items.push_back(std::make_shared<const Item>(Thing("new", "lorem ipsum")));

  const auto fresh =
      trainer.train(catalogue, live.models[0].settings, {.pool = &pool, .live = &live});

  ASSERT_THAT(fresh, IsOk());
  EXPECT_EQ(ScoresByLiked(*fresh, {0, 1}, 20)(0, 19), kUnscored);
}

TEST(TwoTowerTrainerTest, AnItemThatIsLikedOnlyForAWhileIsNobodysTarget) {
  ThreadPool pool(2);
  Dataset shop;
  for (const std::string id : {"a", "x", "b"}) {
    shop.item_ids.push_back(id);
    shop.items.push_back(std::make_shared<const Item>(Thing(id, "the " + id)));
  }
  const auto add = [&shop](Micros day, std::uint32_t item, float weight) {
    shop.interactions.push_back({day * kMicrosPerDay, ItemIndex{item}, weight});
  };
  add(1, 0, 1), add(2, 1, -5), add(3, 1, 1), add(4, 2, 1);
  shop.user_begin.push_back(shop.interactions.size());
  add(1, 0, 1), add(2, 2, 1);
  shop.user_begin.push_back(shop.interactions.size());

  for (const std::string split : {"time", "both", "random"}) {
    for (const std::string softmax : {"full", "in_batch"}) {
      const auto model =
          FindTrainer("two_tower")
              ->train(shop, SmallTowers({{"split", split}, {"softmax", softmax}}), {.pool = &pool});
      EXPECT_THAT(model, IsOk()) << split << ", " << softmax;
    }
  }
}

TEST(TwoTowerTrainerTest, ASecondRefreshGivesTheSameBytes) {
  ThreadPool pool(2);
  const Trainer& trainer = *FindTrainer("two_tower");
  Dataset catalogue = MugsAndLamps();
  ModelSet live;
  live.models.push_back(*trainer.train(catalogue, SmallTowers({}), {.pool = &pool}));
  catalogue.interactions.clear();
  catalogue.user_begin = {0};

  const auto fresh =
      trainer.train(catalogue, live.models[0].settings, {.pool = &pool, .live = &live});

  ASSERT_THAT(fresh, IsOk());
  EXPECT_EQ(SavedBytes(*fresh), SavedBytes(live.models[0]));
}

}  // namespace
}  // namespace vitrine
