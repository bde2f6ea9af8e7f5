#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "evaluation/made_dataset.h"
#include "vitrine/evaluation/split.h"

namespace vitrine {
namespace {

using testing::AnswersOf;
using testing::CaseOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Items;
using testing::MakeDataset;
using ::testing::UnorderedElementsAre;

constexpr Micros kDay = kMicrosPerDay;

TEST(LeaveLastOutTest, TestQueriesSeeTheValidationItemAndTrainingSeesNeither) {
  const Dataset dataset = MakeDataset(5, {{{0}, {3}, {1}, {2}}, {{4}, {0}, {1}}});

  const Split split = LeaveLastOut(dataset, Part::kTest, false);

  EXPECT_THAT(Items(split.train.History(0)), ElementsAre(0, 3));
  EXPECT_THAT(Items(split.train.History(1)), ElementsAre(4));
  ASSERT_EQ(split.cases.size(), 2u);
  EXPECT_THAT(Items(split.History(split.cases[0])), ElementsAre(0, 3, 1));
  EXPECT_THAT(AnswersOf(split, 0), ElementsAre(2));
  EXPECT_THAT(Items(split.History(split.cases[1])), ElementsAre(4, 0));
  EXPECT_THAT(AnswersOf(split, 1), ElementsAre(1));
  EXPECT_EQ(split.candidates.Count(), 5u);
}

TEST(LeaveLastOutTest, ValidationTrainsOnTheSameAndNeverSeesTheTestItem) {
  const Dataset dataset = MakeDataset(5, {{{0}, {3}, {1}, {2}}});

  const Split split = LeaveLastOut(dataset, Part::kValidation, false);

  EXPECT_THAT(Items(split.train.History(0)), ElementsAre(0, 3));
  EXPECT_THAT(Items(split.History(split.cases[0])), ElementsAre(0, 3));
  EXPECT_THAT(AnswersOf(split, 0), ElementsAre(1));
  EXPECT_THAT(Items(split.past), ElementsAre(0, 3));
}

TEST(LeaveLastOutTest, ShortHistoriesOnlyTrain) {
  const Split split = LeaveLastOut(MakeDataset(2, {{{0}, {1}}, {{1}}, {}}), Part::kTest, false);

  EXPECT_THAT(split.cases, IsEmpty());
  EXPECT_THAT(Items(split.train.History(0)), ElementsAre(0, 1));
  EXPECT_EQ(split.train.num_users(), 3u);
}

TEST(LeaveLastOutTest, WhatWasNotLikedIsNoAnswerButStaysInTheHistory) {
  const Dataset dataset =
      MakeDataset(5, {{{0, 1}, {1, 2}, {2, 3}, {3, 4, -1}, {4, 5}, {0, 6, -1}}});

  const Split split = LeaveLastOut(dataset, Part::kTest, false);

  EXPECT_THAT(AnswersOf(split, 0), ElementsAre(4));
  EXPECT_THAT(Items(split.History(split.cases[0])), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(Items(split.train.History(0)), ElementsAre(0, 1));
  EXPECT_EQ(split.cases[0].now_us, 5);
  EXPECT_EQ(split.train.now_us, 2);
}

TEST(LeaveLastOutTest, ARepeatCanOnlyBeFoundWhereRepeatsAreAllowed) {
  const Dataset dataset = MakeDataset(3, {{{0}, {1}, {2}, {0}}, {{0}, {1}, {2}}});

  EXPECT_EQ(LeaveLastOut(dataset, Part::kTest, false).cases.size(), 1u);
  EXPECT_EQ(LeaveLastOut(dataset, Part::kTest, true).cases.size(), 2u);
}

TEST(LeaveLastOutTest, AUserWithoutACaseLeavesNoTraceInTheOthers) {
  // The first user's only answer is a repeat, which is masked.
  const Dataset dataset = MakeDataset(4, {{{0}, {1}, {2}, {0}}, {{3}, {1}, {2}}});

  const Split split = LeaveLastOut(dataset, Part::kTest, false);

  ASSERT_EQ(split.cases.size(), 1u);
  EXPECT_EQ(split.cases[0].group, 0u);
  EXPECT_EQ(split.num_groups(), 1u);
  EXPECT_EQ(split.cases[0].training_user, 1u);
  EXPECT_THAT(Items(split.History(split.cases[0])), ElementsAre(3, 1));
}

TEST(NextBasketTest, TheLastBasketIsTheAnswerAndRepeatsCount) {
  const Dataset dataset = MakeDataset(4, {{{0, 1}, {1, 1}, {2, 5}, {0, 9}, {3, 9}, {0, 9}}});

  const Split split = NextBasket(dataset, Part::kTest);

  EXPECT_THAT(AnswersOf(split, 0), ElementsAre(0, 3));
  EXPECT_THAT(Items(split.History(split.cases[0])), ElementsAre(0, 1, 2));
  EXPECT_THAT(Items(split.train.History(0)), ElementsAre(0, 1, 2));
  EXPECT_EQ(split.cases[0].now_us, 9);
  EXPECT_TRUE(split.allow_repeats);
}

TEST(NextBasketTest, ValidationIsTheBasketBeforeAndForgetsTheLast) {
  const Dataset dataset = MakeDataset(4, {{{0, 1}, {1, 1}, {2, 5}, {3, 9}}, {{0, 1}, {3, 9}}});

  const Split split = NextBasket(dataset, Part::kValidation);

  ASSERT_EQ(split.cases.size(), 1u);
  EXPECT_THAT(AnswersOf(split, 0), ElementsAre(2));
  EXPECT_THAT(Items(split.train.History(0)), ElementsAre(0, 1));
  EXPECT_THAT(Items(split.train.History(1)), ElementsAre(0));  // 3 is its test basket.
}

TEST(NextBasketTest, OneBasketOnlyTrains) {
  const Split split = NextBasket(MakeDataset(2, {{{0, 1}, {1, 1}}}), Part::kTest);

  EXPECT_THAT(split.cases, IsEmpty());
  EXPECT_THAT(Items(split.train.History(0)), ElementsAre(0, 1));
}

TEST(NextBasketTest, WhatIsGivenBackIsNoBasket) {
  const Split split =
      NextBasket(MakeDataset(3, {{{0, 1}, {1, 5}, {2, 5, -1}, {1, 9, -4}}}), Part::kTest);

  EXPECT_THAT(AnswersOf(split, 0), ElementsAre(1));
  EXPECT_THAT(Items(split.train.History(0)), ElementsAre(0));
}

// Ten sessions, one a day, in an order of the file that is not that of time.
Dataset TenSessions() {
  std::vector<std::vector<testing::Touch>> sessions;
  for (const Micros day : {9, 0, 1, 2, 3, 4, 5, 6, 7, 8}) {
    const auto item = static_cast<std::uint32_t>(day);
    sessions.push_back({{item, day * kDay + 5}, {10, day * kDay + 5}, {item, day * kDay + 7}});
  }
  return MakeDataset(11, sessions);
}

TEST(SessionPrefixesTest, EveryPrefixOfTheLatestSessionsPredictsTheNext) {
  const Split split = SessionPrefixes(TenSessions(), Part::kTest, 0.2);

  EXPECT_EQ(split.train.num_users(), 8u);
  ASSERT_EQ(split.cases.size(), 4u);
  EXPECT_EQ(split.num_groups(), 2u);
  const TestCase& first = split.cases[0];
  const TestCase& second = split.cases[1];
  EXPECT_THAT(Items(split.History(first)), ElementsAre(9));
  EXPECT_THAT(first.relevant, ElementsAre(ItemIndex{10}));
  EXPECT_THAT(Items(split.History(second)), ElementsAre(9, 10));
  EXPECT_THAT(second.relevant, ElementsAre(ItemIndex{9}));
  EXPECT_EQ(second.now_us, 9 * kDay + 7);
  EXPECT_EQ(first.group, second.group);
  EXPECT_NE(second.group, split.cases[2].group);
  EXPECT_EQ(first.training_user, kNoTrainingUser);
}

TEST(SessionPrefixesTest, SessionsOfOneDayStayTogether) {
  // A fifth of six sessions is two; three began on the last day.
  const Dataset dataset = MakeDataset(2, {{{0, 1}, {1, 2}},
                                          {{0, 3}, {1, 4}},
                                          {{0, 5}, {1, 6}},
                                          {{0, kDay}, {1, kDay + 9}},
                                          {{0, kDay + 1}, {1, kDay + 9}},
                                          {{0, 2 * kDay - 1}, {1, 2 * kDay + 9}}});

  const Split split = SessionPrefixes(dataset, Part::kTest, 0.2);

  EXPECT_EQ(split.train.num_users(), 3u);
  EXPECT_EQ(split.num_groups(), 3u);
}

TEST(SessionPrefixesTest, ValidationIsCutFromTheTrainPart) {
  const Split split = SessionPrefixes(TenSessions(), Part::kValidation, 0.2);

  EXPECT_EQ(split.train.num_users(), 6u);
  EXPECT_EQ(split.num_groups(), 2u);
  for (const Interaction& each : split.past) EXPECT_LT(each.time_us, 8 * kDay);
  for (const Interaction& each : split.train.interactions) EXPECT_LT(each.time_us, 6 * kDay);
}

TEST(HoldOutItemsTest, ItemsAreEitherTrainedOrAnswers) {
  const Dataset dataset = MakeDataset(
      12, {{{0}, {1}, {2}, {3}, {4}, {0}, {5}, {6}, {7}, {8}, {9}}, {{11}}, {{10}, {2}}});

  const Split split = HoldOutItems(dataset, 0.2, 1, false);

  const std::vector<std::uint32_t> answers = AnswersOf(split, 0);
  EXPECT_EQ(answers.size(), 2u);
  for (const std::uint32_t item : Items(split.train.History(0))) {
    EXPECT_THAT(answers, ::testing::Not(::testing::Contains(item)));
  }
  EXPECT_EQ(CaseOf(split, 1), nullptr);
  EXPECT_THAT(Items(split.train.History(1)), ElementsAre(11));
  EXPECT_THAT(Items(split.train.History(2)), UnorderedElementsAre(10, 2));
}

TEST(HoldOutItemsTest, TheSeedDecides) {
  std::vector<testing::Touch> touches;
  for (std::uint32_t item = 0; item < 60; ++item) touches.push_back({item});
  const Dataset dataset = MakeDataset(60, {touches});

  const auto answers = [&](std::uint64_t seed) {
    return AnswersOf(HoldOutItems(dataset, 0.5, seed, false), 0);
  };

  EXPECT_EQ(answers(1), answers(1));
  EXPECT_NE(answers(1), answers(2));
}

TEST(BeforeTest, ForgetsLaterInteractionsAndWhoHasNoOthers) {
  const Dataset before = Before(MakeDataset(2, {{{0, 5}}, {{0, 1}, {1, 5}}}), 5);

  EXPECT_THAT(before.user_ids, ElementsAre("user-1"));
  EXPECT_THAT(Items(before.History(0)), ElementsAre(0));
  EXPECT_EQ(before.now_us, 5);
}

TEST(DistinctPairsTest, OfASplitTouchesWhatQueriesShowToo) {
  const Dataset dataset = MakeDataset(3, {{{0, 1, 2}, {1, 2}, {0, 3, 2}, {2, 9}}, {{2, 1}}});

  const Split split = DistinctPairs(SplitByTime(dataset, 5, false));

  EXPECT_THAT(Items(split.train.History(0)), ElementsAre(1, 0));
  EXPECT_THAT(Items(split.History(split.cases[0])), ElementsAre(1, 0));
  EXPECT_EQ(split.History(split.cases[0])[1].weight, 1);
  EXPECT_THAT(AnswersOf(split, 0), ElementsAre(2));
}

}  // namespace
}  // namespace vitrine
