#include "vitrine/evaluation/split.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "evaluation/made_dataset.h"
#include "vitrine/base/random.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using testing::AnswersOf;
using testing::CaseOf;
using testing::Items;
using testing::MakeDataset;
using testing::Touch;

TEST(SplitByTimeTest, WhatHappenedAtTheCutIsTest) {
  const Dataset dataset = MakeDataset(3, {{{0, 10}, {1, 20}, {2, 30}}, {{1, 5}, {2, 5}}});

  const Split split = SplitByTime(dataset, 20, false);

  ASSERT_EQ(split.train.num_users(), 2u);
  EXPECT_THAT(Items(split.train.History(0)), ElementsAre(0));
  EXPECT_THAT(Items(split.train.History(1)), ElementsAre(1, 2));
  EXPECT_THAT(AnswersOf(split, 0), ElementsAre(1, 2));
  EXPECT_THAT(AnswersOf(split, 1), IsEmpty());
  EXPECT_EQ(split.train.now_us, 20);
  EXPECT_EQ(split.train.item_ids, dataset.item_ids);
}

TEST(SplitByTimeTest, UsersWithoutTrainingAreLeftOut) {
  const Split split = SplitByTime(MakeDataset(2, {{{0, 30}}, {{0, 1}, {1, 2}, {0, 30}}}), 20, true);

  EXPECT_THAT(split.train.user_ids, ElementsAre("user-1"));
  ASSERT_EQ(split.cases.size(), 1u);
  EXPECT_THAT(AnswersOf(split, 0), ElementsAre(0));
}

TEST(SplitByTimeTest, ItemsThatTrainingNeverSawAreNeitherRelevantNorCandidates) {
  const Split split = SplitByTime(MakeDataset(3, {{{0, 1}, {2, 30}}, {{1, 1}}}), 20, false);

  EXPECT_THAT(AnswersOf(split, 0), IsEmpty());
  EXPECT_TRUE(split.candidates.Contains(ItemIndex{1}));
  EXPECT_FALSE(split.candidates.Contains(ItemIndex{2}));
}

TEST(SplitByTimeTest, RepeatsAreRelevantOnlyWhereAllowed) {
  const Dataset dataset = MakeDataset(2, {{{0, 1}, {0, 30}, {1, 31}, {1, 32}}, {{1, 1}}});

  EXPECT_THAT(AnswersOf(SplitByTime(dataset, 20, false), 0), ElementsAre(1));
  EXPECT_THAT(AnswersOf(SplitByTime(dataset, 20, true), 0), ElementsAre(0, 1));
}

TEST(SplitByTimeTest, WhatWasGivenBackOrRefusedIsNotRelevant) {
  const Dataset dataset =
      MakeDataset(4, {{{3, 1}, {0, 30, 5}, {0, 31, -4}, {1, 32, 5}, {1, 33, -5}, {2, 34, -5}},
                      {{0, 1}, {1, 1}, {2, 1}}});

  EXPECT_THAT(AnswersOf(SplitByTime(dataset, 20, false), 0), ElementsAre(0));
}

// The definition, word by word, with sets.
TEST(SplitByTimeTest, AgreesWithTheDefinitionOnRandomData) {
  Random random(5);
  for (int round = 0; round < 20; ++round) {
    constexpr std::size_t kNumItems = 12;
    constexpr Micros kCutTime = 50;
    std::vector<std::vector<Touch>> users(30);
    for (auto& rows : users) {
      rows.resize(random.Below(12));
      for (Touch& row : rows) {
        row = {static_cast<std::uint32_t>(random.Below(kNumItems)),
               static_cast<Micros>(random.Below(100)), static_cast<float>(random.Below(4)) - 1};
      }
      std::sort(rows.begin(), rows.end(),
                [](const Touch& a, const Touch& b) { return a.time_us < b.time_us; });
    }
    std::set<std::uint32_t> known;
    for (const auto& rows : users) {
      for (const Touch& row : rows) {
        if (row.time_us < kCutTime) known.insert(row.item);
      }
    }

    for (const bool allow_repeats : {false, true}) {
      const Split split = SplitByTime(MakeDataset(kNumItems, users), kCutTime, allow_repeats);

      std::size_t next = 0;
      for (const auto& rows : users) {
        std::set<std::uint32_t> had;
        std::map<std::uint32_t, float> liked;
        for (const Touch& row : rows) {
          if (row.time_us < kCutTime) {
            had.insert(row.item);
          } else {
            liked[row.item] += row.weight;
          }
        }
        if (had.empty()) continue;
        std::vector<std::uint32_t> expected;
        for (const auto& [item, weight] : liked) {
          if (weight > 0 && known.contains(item) && (allow_repeats || !had.contains(item))) {
            expected.push_back(item);
          }
        }
        EXPECT_EQ(AnswersOf(split, next), expected);
        ++next;
      }
      EXPECT_EQ(next, split.train.num_users());
    }
  }
}

Dataset AtTimes(const std::vector<Micros>& times) {
  std::vector<std::vector<Touch>> users;
  for (const Micros time : times) users.push_back({{0, time}});
  return MakeDataset(1, users);
}

TEST(TemporalCutTest, LeavesTheFractionBehind) {
  const Dataset dataset = AtTimes({50, 10, 40, 30, 20, 60, 100, 90, 80, 70});

  EXPECT_EQ(TemporalCut(dataset, 0.1), 100);
  EXPECT_EQ(TemporalCut(dataset, 0.25), 80);  // Two and a half: three.
  EXPECT_EQ(TemporalCut(dataset, 0.5), 60);
}

TEST(TemporalCutTest, AlwaysLeavesSomethingToLearnFrom) {
  EXPECT_EQ(TemporalCut(AtTimes({10, 20, 30}), 1.0), 20);
  EXPECT_EQ(TemporalCut(AtTimes({10, 10, 10, 30}), 0.5), 30);
  EXPECT_EQ(TemporalCut(AtTimes({10, 10}), 0.5), 11);
}

TEST(TemporalCutTest, WithoutTestEverythingIsBeforeIt) {
  EXPECT_EQ(TemporalCut(AtTimes({10, 30, 20}), 0), 31);
  EXPECT_EQ(TemporalCut(AtTimes({}), 0.5), 0);
}

TEST(DistinctPairsTest, KeepsTheLatestLikedInteractionOfEachPairWithWeightOne) {
  const Dataset dataset =
      MakeDataset(3, {{{0, 1, 5}, {1, 2, 3}, {0, 3, 2}, {2, 4, -1}, {1, 5, -2}}, {{0, 9, 7}}});

  const Dataset distinct = DistinctPairs(dataset);

  ASSERT_EQ(distinct.num_users(), 2u);
  EXPECT_THAT(Items(distinct.History(0)), ElementsAre(1, 0));
  EXPECT_EQ(distinct.History(0)[1].time_us, 3);
  EXPECT_THAT(Items(distinct.History(1)), ElementsAre(0));
  for (const Interaction& each : distinct.interactions) EXPECT_EQ(each.weight, 1);
  EXPECT_EQ(distinct.user_ids, dataset.user_ids);
}

}  // namespace
}  // namespace vitrine
