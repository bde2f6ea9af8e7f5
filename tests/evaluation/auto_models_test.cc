#include "vitrine/evaluation/auto_models.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "evaluation/made_dataset.h"
#include "vitrine/training/trainer.h"

namespace vitrine {
namespace {

using ::testing::Contains;
using testing::MakeDataset;
using ::testing::Not;

constexpr Micros kDay = kMicrosPerDay;

std::vector<std::string> Names(const Split& split) {
  std::vector<std::string> names;
  for (const AutoCandidate& candidate : AutoCandidates(split)) names.push_back(candidate.model);
  return names;
}

// Two shoppers; the first comes back for item 0 if `with_repeats`.
Split MakeSplit(std::size_t num_items, bool with_repeats) {
  Split split;
  split.train = MakeDataset(
      num_items, {{{0, kDay}, {1, 2 * kDay}, {with_repeats ? 0U : 2U, 3 * kDay}}, {{1, kDay}}});
  return split;
}

TEST(AutoModelsTest, EveryCandidateIsATrainerWithSuchSettings) {
  Split split = MakeSplit(10, true);
  split.allow_repeats = true;

  for (const AutoCandidate& candidate : AutoCandidates(split)) {
    const Trainer* trainer = FindTrainer(candidate.model);
    ASSERT_NE(trainer, nullptr) << candidate.model;
    ASSERT_FALSE(candidate.settings.empty());
    for (const Settings& settings : candidate.settings) {
      for (const auto& [name, value] : settings) {
        EXPECT_TRUE(trainer->defaults.contains(name)) << candidate.model << "." << name;
      }
    }
  }
}

TEST(AutoModelsTest, BuyAgainIsTriedWhereThingsAreBoughtAgainAndMayBe) {
  Split bought_again = MakeSplit(10, true);
  EXPECT_THAT(Names(bought_again), Not(Contains("repeat_purchase")));
  bought_again.allow_repeats = true;
  EXPECT_THAT(Names(bought_again), Contains("repeat_purchase"));

  Split bought_once = MakeSplit(10, false);
  bought_once.allow_repeats = true;
  EXPECT_THAT(Names(bought_once), Not(Contains("repeat_purchase")));
}

TEST(AutoModelsTest, TheHistoryIsRecommendedAgainOnlyWhereThatMayBeRight) {
  Split split = MakeSplit(10, true);
  for (const bool may_be_right : {false, true}) {
    split.allow_repeats = may_be_right;
    for (const AutoCandidate& candidate : AutoCandidates(split)) {
      if (candidate.model != "item_knn" && candidate.model != "rp3beta") continue;
      for (const Settings& settings : candidate.settings) {
        EXPECT_EQ(settings.contains("include_self"), may_be_right) << candidate.model;
      }
    }
  }
}

TEST(AutoModelsTest, ALargeCatalogueIsSparedTheInverse) {
  EXPECT_THAT(Names(MakeSplit(1000, false)), Contains("ease"));
  const std::vector<std::string> large = Names(MakeSplit(200'000, false));
  EXPECT_THAT(large, Not(Contains("ease")));
  EXPECT_THAT(large, Contains("ease_sparse"));
  EXPECT_THAT(large, Not(Contains("graph_filter")));
}

TEST(AutoModelsTest, ManyPairsAreSparedTheConvolution) {
  EXPECT_THAT(Names(MakeSplit(10, false)), Contains("lightgcn"));
  Split split;
  split.train = MakeDataset(1, {{{0, kDay}}});
  split.train.items.resize(300'000);
  split.train.interactions.clear();
  for (std::uint32_t item = 0; item < 100'001; ++item) {
    split.train.interactions.push_back({kDay, ItemIndex{item}, 1});
  }
  split.train.user_begin = {0, split.train.interactions.size()};

  EXPECT_THAT(Names(split), Not(Contains("lightgcn")));
  EXPECT_THAT(Names(split), Contains("mf_contrastive"));
}

TEST(AutoModelsTest, ContentIsTriedWhereItemsAreDescribed) {
  Split split = MakeSplit(3, false);
  EXPECT_THAT(Names(split), Not(Contains("content")));
  split.train.items[1] = std::make_shared<Item>();
  EXPECT_THAT(Names(split), Contains("content"));
}

TEST(AutoModelsTest, RatingsAreLearnedWhereThereAreSome) {
  Split split = MakeSplit(3, false);
  EXPECT_THAT(Names(split), Not(Contains("rating_mf")));
  split.train.interactions[1].type = EventType::kRate;
  EXPECT_THAT(Names(split), Contains("rating_mf"));
}

}  // namespace
}  // namespace vitrine
