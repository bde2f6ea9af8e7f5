#include "vitrine/math/ranking_metrics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "vitrine/base/random.h"

namespace vitrine {
namespace {

std::vector<ItemIndex> Items(const std::vector<std::uint32_t>& numbers) {
  std::vector<ItemIndex> items;
  for (const std::uint32_t number : numbers) items.push_back(ItemIndex{number});
  return items;
}

TEST(RankingMetricsTest, CountsHitsByTheirRank) {
  // Hits at ranks 2 and 4; three relevant items.
  const RankingMetrics metrics = MeasureRanking(Items({9, 1, 8, 2, 3}), Items({1, 2, 3}), 4);

  EXPECT_DOUBLE_EQ(metrics.recall, 2.0 / 3);
  EXPECT_DOUBLE_EQ(metrics.recall_min, 2.0 / 3);
  const double ideal = 1 + 1 / std::log2(3) + 0.5;
  EXPECT_DOUBLE_EQ(metrics.ndcg, (1 / std::log2(3) + 1 / std::log2(5)) / ideal);
  EXPECT_DOUBLE_EQ(metrics.hit, 1);
  EXPECT_DOUBLE_EQ(metrics.mrr, 0.5);
  EXPECT_DOUBLE_EQ(metrics.map, (1.0 / 2 + 2.0 / 4) / 3);
}

TEST(RankingMetricsTest, APerfectListScoresOneEvenWhenMoreIsRelevantThanFits) {
  const RankingMetrics metrics = MeasureRanking(Items({4, 2}), Items({1, 2, 3, 4}), 2);

  EXPECT_DOUBLE_EQ(metrics.recall, 0.5);
  EXPECT_DOUBLE_EQ(metrics.recall_min, 1);
  EXPECT_DOUBLE_EQ(metrics.ndcg, 1);
  EXPECT_DOUBLE_EQ(metrics.mrr, 1);
}

TEST(RankingMetricsTest, AHitBeyondTheCutOffDoesNotCount) {
  const RankingMetrics metrics = MeasureRanking(Items({5, 6, 1}), Items({1}), 2);

  EXPECT_DOUBLE_EQ(metrics.recall, 0);
  EXPECT_DOUBLE_EQ(metrics.ndcg, 0);
  EXPECT_DOUBLE_EQ(metrics.hit, 0);
  EXPECT_DOUBLE_EQ(metrics.mrr, 0);
}

TEST(RankingMetricsTest, AShortListLosesWhatItDoesNotHold) {
  const RankingMetrics metrics = MeasureRanking(Items({1}), Items({1, 2}), 20);

  EXPECT_DOUBLE_EQ(metrics.recall, 0.5);
  EXPECT_DOUBLE_EQ(metrics.ndcg, 1 / (1 + 1 / std::log2(3)));
}

TEST(RankingMetricsTest, AveragesBySumAndDivision) {
  RankingMetrics sum{.recall = 1, .recall_min = 1, .ndcg = 1, .hit = 1, .mrr = 1, .map = 1};
  sum += RankingMetrics{
      .recall = 0, .recall_min = 0.5, .ndcg = 0.25, .hit = 0, .mrr = 0.5, .map = 0.5};

  const RankingMetrics mean = sum / 2;

  EXPECT_DOUBLE_EQ(mean.recall, 0.5);
  EXPECT_DOUBLE_EQ(mean.recall_min, 0.75);
  EXPECT_DOUBLE_EQ(mean.ndcg, 0.625);
  EXPECT_DOUBLE_EQ(mean.hit, 0.5);
  EXPECT_DOUBLE_EQ(mean.mrr, 0.75);
  EXPECT_DOUBLE_EQ(mean.map, 0.75);
}

// The definitions, read out loud over sets.
RankingMetrics SlowMetrics(const std::vector<ItemIndex>& ranked,
                           const std::set<ItemIndex>& relevant, std::size_t k) {
  RankingMetrics metrics;
  double ideal = 0;
  for (std::size_t rank = 1; rank <= k && rank <= relevant.size(); ++rank) {
    ideal += std::log(2.0) / std::log(static_cast<double>(rank) + 1);
  }
  double hits = 0;
  for (std::size_t rank = 1; rank <= k && rank <= ranked.size(); ++rank) {
    if (!relevant.contains(ranked[rank - 1])) continue;
    ++hits;
    metrics.map +=
        hits / static_cast<double>(rank) / static_cast<double>(std::min(k, relevant.size()));
    metrics.recall += 1 / static_cast<double>(relevant.size());
    metrics.recall_min += 1 / static_cast<double>(std::min(k, relevant.size()));
    metrics.ndcg += std::log(2.0) / std::log(static_cast<double>(rank) + 1) / ideal;
    metrics.hit = 1;
    metrics.mrr = std::max(metrics.mrr, 1 / static_cast<double>(rank));
  }
  return metrics;
}

TEST(RankingMetricsTest, AgreesWithTheDefinitionsReadOutLoud) {
  Random random(11);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::uint32_t> numbers(30);
    for (std::uint32_t i = 0; i < numbers.size(); ++i) numbers[i] = i;
    random.Shuffle(numbers);
    const std::vector<ItemIndex> ranked =
        Items({numbers.begin(), numbers.begin() + 1 + static_cast<long>(random.Below(29))});
    std::set<ItemIndex> relevant = {ItemIndex{static_cast<std::uint32_t>(random.Below(30))}};
    while (random.Below(6) != 0) {
      relevant.insert(ItemIndex{static_cast<std::uint32_t>(random.Below(30))});
    }
    const std::size_t k = 1 + random.Below(25);

    const std::vector<ItemIndex> ascending(relevant.begin(), relevant.end());
    const RankingMetrics fast = MeasureRanking(ranked, ascending, k);

    const RankingMetrics slow = SlowMetrics(ranked, relevant, k);
    EXPECT_NEAR(fast.recall, slow.recall, 1e-12);
    EXPECT_NEAR(fast.recall_min, slow.recall_min, 1e-12);
    EXPECT_NEAR(fast.ndcg, slow.ndcg, 1e-12);
    EXPECT_NEAR(fast.map, slow.map, 1e-12);
    EXPECT_EQ(fast.hit, slow.hit);
    EXPECT_NEAR(fast.mrr, slow.mrr, 1e-12);
  }
}

}  // namespace
}  // namespace vitrine
