#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "vitrine/base/random.h"
#include "vitrine/evaluation/protocol.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Row4 {
  std::uint32_t item = 0;
  Micros time_us = 0;
  float weight = 1;
};

Dataset Make(std::size_t num_items, const std::vector<std::vector<Row4>>& users) {
  Dataset dataset;
  for (std::size_t row = 0; row < num_items; ++row) {
    dataset.item_ids.push_back("item-" + std::to_string(row));
  }
  dataset.items.resize(num_items);
  for (const auto& rows : users) {
    dataset.user_ids.push_back("user-" + std::to_string(dataset.user_ids.size()));
    for (const Row4& row : rows) {
      dataset.interactions.push_back(
          {.time_us = row.time_us, .item = ItemIndex{row.item}, .weight = row.weight});
    }
    dataset.user_begin.push_back(dataset.interactions.size());
  }
  return dataset;
}

std::vector<std::uint32_t> Items(const std::vector<ItemIndex>& items) {
  std::vector<std::uint32_t> rows;
  for (const ItemIndex item : items) rows.push_back(static_cast<std::uint32_t>(item));
  return rows;
}

std::vector<std::uint32_t> Items(std::span<const Interaction> interactions) {
  std::vector<std::uint32_t> rows;
  for (const Interaction& each : interactions)
    rows.push_back(static_cast<std::uint32_t>(each.item));
  return rows;
}

TEST(SplitByTimeTest, WhatHappenedAtTheCutIsTest) {
  const Dataset dataset = Make(3, {{{0, 10}, {1, 20}, {2, 30}}, {{1, 5}, {2, 5}}});

  const Split split = SplitByTime(dataset, 20, false);

  ASSERT_EQ(split.train.num_users(), 2u);
  EXPECT_THAT(Items(split.train.History(0)), ElementsAre(0));
  EXPECT_THAT(Items(split.train.History(1)), ElementsAre(1, 2));
  EXPECT_THAT(Items(split.relevant[0]), ElementsAre(1, 2));
  EXPECT_THAT(split.relevant[1], IsEmpty());
  EXPECT_EQ(split.train.now_us, 20);
  EXPECT_EQ(split.train.item_ids, dataset.item_ids);
}

TEST(SplitByTimeTest, UsersWithoutTrainingAreLeftOut) {
  const Split split = SplitByTime(Make(2, {{{0, 30}}, {{0, 1}, {1, 2}, {0, 30}}}), 20, true);

  EXPECT_THAT(split.train.user_ids, ElementsAre("user-1"));
  ASSERT_EQ(split.relevant.size(), 1u);
  EXPECT_THAT(Items(split.relevant[0]), ElementsAre(0));
}

TEST(SplitByTimeTest, ItemsThatTrainingNeverSawAreNeitherRelevantNorCandidates) {
  const Split split = SplitByTime(Make(3, {{{0, 1}, {2, 30}}, {{1, 1}}}), 20, false);

  EXPECT_THAT(split.relevant[0], IsEmpty());
  EXPECT_TRUE(split.candidates.Contains(ItemIndex{1}));
  EXPECT_FALSE(split.candidates.Contains(ItemIndex{2}));
}

TEST(SplitByTimeTest, RepeatsAreRelevantOnlyWhereAllowed) {
  const Dataset dataset = Make(2, {{{0, 1}, {0, 30}, {1, 31}, {1, 32}}, {{1, 1}}});

  EXPECT_THAT(Items(SplitByTime(dataset, 20, false).relevant[0]), ElementsAre(1));
  EXPECT_THAT(Items(SplitByTime(dataset, 20, true).relevant[0]), ElementsAre(0, 1));
}

TEST(SplitByTimeTest, WhatWasGivenBackOrRefusedIsNotRelevant) {
  const Dataset dataset =
      Make(4, {{{3, 1}, {0, 30, 5}, {0, 31, -4}, {1, 32, 5}, {1, 33, -5}, {2, 34, -5}},
               {{0, 1}, {1, 1}, {2, 1}}});

  EXPECT_THAT(Items(SplitByTime(dataset, 20, false).relevant[0]), ElementsAre(0));
}

// The definition, word by word, with sets.
TEST(SplitByTimeTest, AgreesWithTheDefinitionOnRandomData) {
  Random random(5);
  for (int round = 0; round < 20; ++round) {
    constexpr std::size_t kItems = 12;
    constexpr Micros kCut = 50;
    std::vector<std::vector<Row4>> users(30);
    for (auto& rows : users) {
      rows.resize(random.Below(12));
      for (Row4& row : rows) {
        row = {static_cast<std::uint32_t>(random.Below(kItems)),
               static_cast<Micros>(random.Below(100)), static_cast<float>(random.Below(4)) - 1};
      }
      std::sort(rows.begin(), rows.end(),
                [](const Row4& a, const Row4& b) { return a.time_us < b.time_us; });
    }
    std::set<std::uint32_t> known;
    for (const auto& rows : users) {
      for (const Row4& row : rows) {
        if (row.time_us < kCut) known.insert(row.item);
      }
    }

    for (const bool allow_repeats : {false, true}) {
      const Split split = SplitByTime(Make(kItems, users), kCut, allow_repeats);

      std::size_t next = 0;
      for (const auto& rows : users) {
        std::set<std::uint32_t> had;
        std::map<std::uint32_t, float> liked;
        for (const Row4& row : rows) {
          if (row.time_us < kCut) {
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
        ASSERT_LT(next, split.relevant.size());
        EXPECT_EQ(Items(split.relevant[next]), expected);
        ++next;
      }
      EXPECT_EQ(next, split.train.num_users());
    }
  }
}

Dataset AtTimes(const std::vector<Micros>& times) {
  std::vector<std::vector<Row4>> users;
  for (const Micros time : times) users.push_back({{0, time}});
  return Make(1, users);
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
      Make(3, {{{0, 1, 5}, {1, 2, 3}, {0, 3, 2}, {2, 4, -1}, {1, 5, -2}}, {{0, 9, 7}}});

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
