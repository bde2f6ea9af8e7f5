#include "vitrine/insight/rfm.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <set>

#include "testing/status_matchers.h"
#include "vitrine/base/random.h"
#include "vitrine/feature_store/transform/pipeline.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using testing::IsOk;

ShopperSummary Buyer(Micros last_order_us, std::uint32_t orders, std::int64_t value_micros) {
  return {.last_order_us = last_order_us, .orders = orders, .value_micros = value_micros};
}

TEST(RfmTest, FiveDifferentBuyersHaveTheFiveScores) {
  ShopperTable shoppers;
  for (std::uint32_t i = 1; i <= 5; ++i) shoppers.rows.push_back(Buyer(i, 6 - i, i * i));

  const RfmGrid grid = MakeRfmGrid(shoppers);

  EXPECT_THAT(grid.scores, ElementsAre(RfmScore{1, 5, 1}, RfmScore{2, 4, 2}, RfmScore{3, 3, 3},
                                       RfmScore{4, 2, 4}, RfmScore{5, 1, 5}));
  EXPECT_EQ(grid.counts[4][0][4], 1);
}

TEST(RfmTest, EqualBuyersShareTheScoreOfTheFirstOfThem) {
  // Ranks of the orders: 1 for the three ones, 4 for the two twos.
  ShopperTable shoppers;
  for (const std::uint32_t orders : {1U, 2U, 1U, 2U, 1U}) {
    shoppers.rows.push_back(Buyer(1, orders, 0));
  }

  const RfmGrid grid = MakeRfmGrid(shoppers);

  std::vector<int> frequency;
  for (const RfmScore& score : grid.scores) frequency.push_back(score.frequency);
  EXPECT_THAT(frequency, ElementsAre(1, 4, 1, 4, 1));
  for (const RfmScore& score : grid.scores) EXPECT_EQ(score.recency, 1);
}

TEST(RfmTest, WhoNeverOrderedIsNotOnTheGrid) {
  const ShopperTable shoppers{.rows = {Buyer(0, 0, 0), Buyer(9, 1, 5)}};

  const RfmGrid grid = MakeRfmGrid(shoppers);

  EXPECT_FALSE(grid.scores[0].IsBuyer());
  EXPECT_TRUE(grid.scores[1].IsBuyer());
  EXPECT_EQ(grid.num_buyers, 1);
}

TEST(RfmTest, FiveBinsOfTheFeaturesAreTheScoresWhereNoTwoAreAlike) {
  Random random(7);
  ShopperTable shoppers{.as_of_us = 1'000'000};
  Numbers days;
  Numbers revenue;
  for (int i = 0; i < 200; ++i) {
    const auto last_us = static_cast<Micros>(1'000 * i + random.Below(1'000));
    const auto value = static_cast<std::int64_t>(1'000 * (199 - i) + random.Below(1'000));
    shoppers.rows.push_back(Buyer(last_us, 1, value));
    days.push_back(static_cast<double>(shoppers.as_of_us - last_us) / kMicrosPerDay);
    revenue.push_back(static_cast<double>(value) / 1e6);
  }
  const auto table = FeatureTable::Create(
      {{.name = "days_since_last_order", .cells = days}, {.name = "revenue", .cells = revenue}});
  ASSERT_THAT(table, IsOk());

  const auto fitted = TransformPipeline::Fit(
      *table,
      {.steps = {BinSettings{.columns = {.all = ColumnChoice::All::kNumbers}, .num_bins = 5}}});

  ASSERT_THAT(fitted, IsOk());
  const RfmGrid grid = MakeRfmGrid(shoppers);
  const Numbers& recency = **fitted->table.GetNumbers("days_since_last_order");
  const Numbers& monetary = **fitted->table.GetNumbers("revenue");
  for (std::size_t i = 0; i < grid.scores.size(); ++i) {
    EXPECT_EQ(grid.scores[i].recency, 5 - recency[i]) << i;
    EXPECT_EQ(grid.scores[i].monetary, 1 + monetary[i]) << i;
  }
}

TEST(RfmTest, NobodyIsNoGrid) { EXPECT_EQ(MakeRfmGrid({}).num_buyers, 0); }

// The definition, one buyer at a time.
int SlowScore(const std::vector<ShopperSummary>& rows, std::size_t own,
              const std::function<std::int64_t(const ShopperSummary&)>& value) {
  double below = 0;
  for (const ShopperSummary& row : rows) {
    below += value(row) < value(rows[own]) ? 1 : 0;
  }
  return static_cast<int>(std::ceil(5 * (below + 1) / static_cast<double>(rows.size())));
}

TEST(RfmTest, ScoresAreThoseOfTheDefinitionAndEveryBuyerCountsOnce) {
  Random random(11);
  for (const std::size_t count : {1U, 2U, 7U, 40U, 333U}) {
    ShopperTable shoppers;
    for (std::size_t i = 0; i < count; ++i) {
      shoppers.rows.push_back(Buyer(static_cast<Micros>(random.Below(50)) + 1,
                                    static_cast<std::uint32_t>(random.Below(4)) + 1,
                                    static_cast<std::int64_t>(random.Below(1'000))));
    }

    const RfmGrid grid = MakeRfmGrid(shoppers);

    for (std::size_t i = 0; i < count; ++i) {
      const auto& rows = shoppers.rows;
      EXPECT_EQ(grid.scores[i].recency,
                SlowScore(rows, i, [](const ShopperSummary& row) { return row.last_order_us; }));
      EXPECT_EQ(grid.scores[i].frequency,
                SlowScore(rows, i, [](const ShopperSummary& row) { return row.orders; }));
      EXPECT_EQ(grid.scores[i].monetary,
                SlowScore(rows, i, [](const ShopperSummary& row) { return row.value_micros; }));
    }
    std::size_t on_grid = 0;
    for (const auto& plane : grid.counts) {
      for (const auto& line : plane) {
        for (const std::size_t cell : line) on_grid += cell;
      }
    }
    std::size_t in_groups = 0;
    for (const RfmGroup& group : grid.groups) in_groups += group.size;
    EXPECT_EQ(on_grid, count);
    EXPECT_EQ(in_groups, count);
  }
}

TEST(RfmTest, TheGridOfRecencyAndFrequencyHasTenNames) {
  std::set<std::string_view> names;
  for (std::uint8_t r = 1; r <= 5; ++r) {
    for (std::uint8_t f = 1; f <= 5; ++f) names.insert(RfmGroupName(r, f));
  }

  EXPECT_EQ(names.size(), 10);
  EXPECT_EQ(RfmGroupName(5, 5), "champions");
  EXPECT_EQ(RfmGroupName(5, 1), "new");
  EXPECT_EQ(RfmGroupName(1, 5), "cannot lose");
  EXPECT_EQ(RfmGroupName(1, 1), "hibernating");
  EXPECT_EQ(RfmGroupName(2, 3), "at risk");
  EXPECT_EQ(RfmGroupName(3, 4), "loyal");
}

}  // namespace
}  // namespace vitrine
