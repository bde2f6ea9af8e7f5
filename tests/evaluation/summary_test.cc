#include "vitrine/evaluation/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "evaluation/auc.h"
#include "evaluation/hashing_scorer.h"
#include "evaluation/made_dataset.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using testing::HashingModel;
using ::testing::Key;
using ::testing::UnorderedElementsAre;

constexpr std::uint32_t kItems = 60;

// Users with 1, 2 and so on interactions before the cut at 100, and two after it.
Split GrowingHistories(std::size_t num_users) {
  std::vector<std::vector<testing::Touch>> users;
  for (std::uint32_t user = 0; user < num_users; ++user) {
    std::vector<testing::Touch> touches;
    for (std::uint32_t i = 0; i <= user; ++i) touches.push_back({(user + i) % kItems, i});
    touches.push_back({(user * 7 + 1) % 12, 100});
    touches.push_back({(user * 5 + 4) % 12, 101});
    users.push_back(std::move(touches));
  }
  return SplitByTime(testing::MakeDataset(kItems, users), 100, true);
}

TEST(SummariseTest, GroupsCasesByLengthOfHistory) {
  const Split split = GrowingHistories(12);
  ThreadPool pool(2);
  const Evaluation evaluation = EvaluateModel(HashingModel(kItems), split, {}, pool);

  const Summary summary = Summarise(split, evaluation, {.bootstrap_rounds = 10}, pool);

  std::vector<std::size_t> least;
  std::vector<std::size_t> counts;
  double recall = 0;
  for (const HistoryGroup& group : summary.by_history) {
    least.push_back(group.least);
    counts.push_back(group.num_cases);
    recall += group.at.at(20).recall * static_cast<double>(group.num_cases);
  }
  EXPECT_THAT(least, ElementsAre(1, 2, 5, 10));
  EXPECT_EQ(counts[1], 3u);
  EXPECT_GT(recall, 0);
  EXPECT_NEAR(recall / static_cast<double>(evaluation.num_cases), evaluation.at.at(20).recall,
              1e-12);
}

TEST(SummariseTest, EveryMetricHasAnIntervalAroundItsMean) {
  const Split split = GrowingHistories(40);
  ThreadPool pool(2);
  const Evaluation evaluation =
      EvaluateModel(HashingModel(kItems), split, {.cutoffs = {10}, .auc_negatives = 20}, pool);

  const Summary summary = Summarise(split, evaluation, {}, pool);

  EXPECT_THAT(summary.intervals,
              UnorderedElementsAre(::testing::Pair("auc", ::testing::_), Key("recall@10"),
                                   Key("recall_min@10"), Key("ndcg@10"), Key("hit@10"),
                                   Key("mrr@10"), Key("map@10")));
  const Interval ndcg = summary.intervals.at("ndcg@10");
  EXPECT_LT(ndcg.low, evaluation.at.at(10).ndcg);
  EXPECT_GT(ndcg.high, evaluation.at.at(10).ndcg);
}

TEST(ComparePairedTest, AScorerDoesNotDifferFromItself) {
  const Split split = GrowingHistories(20);
  ThreadPool pool(1);
  const Evaluation evaluation = EvaluateModel(HashingModel(kItems), split, {}, pool);

  const Difference ndcg = ComparePaired(split, evaluation, evaluation, {}, pool).at("ndcg@20");

  EXPECT_EQ(ndcg.value, 0);
  EXPECT_EQ(ndcg.interval.low, 0);
  EXPECT_EQ(ndcg.interval.high, 0);
  EXPECT_EQ(ndcg.p_value, 1);
}

TEST(ComparePairedTest, ASteadyLeadIsSignificantHoweverMuchUsersDiffer) {
  const Split split = GrowingHistories(40);
  ThreadPool pool(1);
  const Evaluation low = EvaluateModel(HashingModel(kItems), split, {}, pool);
  Evaluation high = low;
  for (std::size_t i = 0; i < high.num_cases; ++i) {
    high.by_case.at(20)[i].ndcg += i % 4 == 0 ? -0.001 : 0.01;
  }

  const Difference ndcg = ComparePaired(split, high, low, {}, pool).at("ndcg@20");

  EXPECT_NEAR(ndcg.value, (0.01 * 3 - 0.001) / 4, 1e-12);
  EXPECT_GT(ndcg.interval.low, 0);
  EXPECT_LT(ndcg.p_value, 0.001);
}

// 10 candidates; item 3 is right, 4 and 5 are masked.
Split OneCase(bool allow_repeats) {
  return LeaveLastOut(testing::MakeDataset(10, {{{4}, {5}, {3}}}), Part::kTest, allow_repeats);
}

TEST(NegativesTest, AreAllThatIsNeitherRightNorMaskedWhenThatIsNoMore) {
  const Split split = OneCase(false);
  const std::vector<ItemIndex> masked = {ItemIndex{4}, ItemIndex{5}};

  const auto negatives = Negatives(split, 7).Of({.excluded = masked}, split.cases[0], 0);

  EXPECT_THAT(negatives, ElementsAre(ItemIndex{0}, ItemIndex{1}, ItemIndex{2}, ItemIndex{6},
                                     ItemIndex{7}, ItemIndex{8}, ItemIndex{9}));
}

TEST(NegativesTest, ADrawIsTheSameForACaseAndAnotherForTheNext) {
  const Split split = OneCase(false);
  const std::vector<ItemIndex> masked = {ItemIndex{4}, ItemIndex{5}};
  const Negatives negatives(split, 6);
  const Query query{.excluded = masked};

  const std::vector<ItemIndex> drawn = negatives.Of(query, split.cases[0], 0);

  EXPECT_EQ(drawn.size(), 6u);
  EXPECT_EQ(drawn, negatives.Of(query, split.cases[0], 0));
  EXPECT_NE(drawn, negatives.Of(query, split.cases[0], 1));
  for (const ItemIndex item : drawn) {
    EXPECT_NE(item, ItemIndex{3});
    EXPECT_FALSE(std::binary_search(masked.begin(), masked.end(), item));
  }
}

TEST(MeasureAucTest, NothingToTellApartIsNoSuccess) {
  const Split split = GrowingHistories(3);
  const TestCase& test = split.cases[0];
  const Pipeline pipeline(std::make_shared<const ModelSet>(), {});

  EXPECT_EQ(MeasureAuc(pipeline, Query(), test, {}), 0.5);
}

TEST(MeasureAucTest, DrawnNegativesEstimateWhatAllOfThemSay) {
  const Split split = GrowingHistories(200);
  ThreadPool pool(2);
  const Model model = HashingModel(kItems);

  const double all =
      EvaluateModel(model, split, {.cutoffs = {}, .auc_negatives = 1000}, pool).MeanAuc();
  const double drawn =
      EvaluateModel(model, split, {.cutoffs = {}, .auc_negatives = 20}, pool).MeanAuc();

  // Two answers in each of 200 cases against 20 draws: a standard error of about 0.007.
  EXPECT_NEAR(drawn, all, 0.02);
  EXPECT_GT(std::abs(all - 1), 0.1) << "a test that measures nothing";
}

}  // namespace
}  // namespace vitrine
