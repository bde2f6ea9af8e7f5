#include "vitrine/scorers/sequential/sales_trends.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <vector>

#include "testing/status_matchers.h"
#include "vitrine/base/random.h"

namespace vitrine {
namespace {

using testing::IsOk;
using testing::StatusIs;

// Counts [items][days]; the first day begins at `first_us`, the last visit is at the last one's
// end.
DailySales Sales(const std::vector<std::vector<float>>& counts, std::vector<float> visits,
                 Micros first_us = 0) {
  DailySales sales;
  sales.first_us = first_us;
  sales.last_us = first_us + static_cast<Micros>(visits.size()) * kMicrosPerDay - 1;
  sales.by_item.num_rows = counts.size();
  sales.by_item.num_cols = visits.size();
  for (const auto& row : counts) {
    for (std::uint32_t day = 0; day < row.size(); ++day) {
      if (row[day] == 0) continue;
      sales.by_item.column.push_back(day);
      sales.by_item.value.push_back(row[day]);
    }
    sales.by_item.row_begin.push_back(sales.by_item.column.size());
  }
  sales.visits = std::move(visits);
  return sales;
}

SalesTrends Make(DailySales sales, const TrendWeights& weights = {}) {
  auto trends = SalesTrends::Create(std::move(sales), weights);
  EXPECT_THAT(trends, IsOk());
  return *std::move(trends);
}

TEST(SalesTrendsTest, UsualIsTheShareOfVisitsThatFades) {
  const SalesTrends trends = Make(Sales({{4, 0}, {0, 3}}, {10, 10}), {.usual_half_life_days = 1});

  EXPECT_FLOAT_EQ(trends.Of(ItemIndex{0}, 1).usual, 0.4F);
  EXPECT_FLOAT_EQ(trends.Of(ItemIndex{0}, 2).usual, 2.0F / 15);
  EXPECT_FLOAT_EQ(trends.Of(ItemIndex{1}, 2).usual, 3.0F / 15);
}

TEST(SalesTrendsTest, TheTrendIsWhatSoldLatelyOverWhatWasExpected) {
  const TrendWeights weights = {
      .usual_half_life_days = 1e9F, .recent_half_life_days = 1, .prior_sales = 5, .power = 1};
  const SalesTrends trends = Make(Sales({{8, 0}, {0, 8}, {4, 4}}, {10, 10}), weights);

  // All usually sell in 0.4 of visits: of the recent 15, in 6.
  EXPECT_FLOAT_EQ(trends.Of(ItemIndex{0}, 2).trend, (4 + 5) / (6 + 5.0F));
  EXPECT_FLOAT_EQ(trends.Of(ItemIndex{1}, 2).trend, (8 + 5) / (6 + 5.0F));
  EXPECT_FLOAT_EQ(trends.Of(ItemIndex{2}, 2).trend, 1);
}

TEST(SalesTrendsTest, WithoutPowerThereAreNoTrends) {
  const SalesTrends trends = Make(Sales({{8, 0}}, {10, 10}), {.power = 0});

  EXPECT_EQ(trends.Of(ItemIndex{0}, 2).trend, 1);
}

TEST(SalesTrendsTest, WhatDidNotSellBeforeHasNoShareAndNoTrend) {
  const SalesTrends trends = Make(Sales({{0, 3}, {}}, {10, 10}));

  EXPECT_EQ(trends.Of(ItemIndex{0}, 1).usual, 0);
  EXPECT_EQ(trends.Of(ItemIndex{0}, 1).trend, 1);
  EXPECT_EQ(trends.Of(ItemIndex{0}, 0).usual, 0);
  EXPECT_TRUE(trends.IsSold(ItemIndex{0}));
  EXPECT_FALSE(trends.IsSold(ItemIndex{1}));
}

TEST(SalesTrendsTest, OnlyDaysThatHaveEndedCountUntilTheLastVisit) {
  constexpr Micros kFirst = 100 * kMicrosPerDay;
  const SalesTrends trends = Make(Sales({{1, 1, 1}}, {1, 1, 1}, kFirst));

  EXPECT_EQ(trends.DaysBefore(kFirst - kMicrosPerDay), 0U);
  EXPECT_EQ(trends.DaysBefore(kFirst + kMicrosPerDay - 1), 0U);
  EXPECT_EQ(trends.DaysBefore(kFirst + kMicrosPerDay), 1U);
  EXPECT_EQ(trends.DaysBefore(trends.sales().last_us - 1), 2U);
  EXPECT_EQ(trends.DaysBefore(trends.sales().last_us), 3U);
  EXPECT_EQ(trends.DaysBefore(kFirst + 999 * kMicrosPerDay), 3U);
  EXPECT_EQ(trends.DaysBefore(0), 3U);
}

TEST(SalesTrendsTest, ALongSilenceIsNoDivisionByNothing) {
  std::vector<float> visits(3000, 0);
  visits.front() = visits.back() = 1;
  const SalesTrends trends = Make(Sales({{1}}, std::move(visits)), {.usual_half_life_days = 1});

  EXPECT_EQ(trends.Of(ItemIndex{0}, 2999).usual, 0);
  EXPECT_TRUE(std::isfinite(trends.Of(ItemIndex{0}, 3000).trend));
}

TEST(SalesTrendsTest, AgreesWithSumsOverEveryDay) {
  Random random(7);
  constexpr std::size_t kDays = 60;
  std::vector<std::vector<float>> counts(5, std::vector<float>(kDays, 0));
  std::vector<float> visits(kDays, 0);
  for (std::size_t day = 0; day < kDays; ++day) {
    visits[day] = static_cast<float>(5 + random.Below(20));
    for (auto& row : counts) {
      row[day] = random.Below(3) == 0 ? static_cast<float>(random.Below(5)) : 0;
    }
  }
  const TrendWeights weights = {
      .usual_half_life_days = 20, .recent_half_life_days = 3, .prior_sales = 2, .power = 0.5F};
  const SalesTrends trends = Make(Sales(counts, visits), weights);
  const auto faded = [](const std::vector<float>& values, std::size_t days, double half_life) {
    double sum = 0;
    for (std::size_t day = 0; day < days; ++day) {
      sum += values[day] * std::exp2(-static_cast<double>(days - 1 - day) / half_life);
    }
    return sum;
  };

  for (std::uint32_t item = 0; item < counts.size(); ++item) {
    for (std::uint32_t days = 1; days <= kDays; ++days) {
      const double usual = faded(counts[item], days, 20) / faded(visits, days, 20);
      const double trend =
          std::sqrt((faded(counts[item], days, 3) + 2) / (usual * faded(visits, days, 3) + 2));
      const Demand demand = trends.Of(ItemIndex{item}, days);
      EXPECT_NEAR(demand.usual, usual, 1e-6);
      EXPECT_NEAR(demand.trend, trend, 1e-5);
    }
  }
}

TEST(SalesTrendsTest, RefusesWhatMakesNoSense) {
  const auto refused = StatusIs(absl::StatusCode::kInvalidArgument);
  DailySales sales = Sales({{1, 1}}, {1, 1});
  sales.visits.pop_back();
  EXPECT_THAT(SalesTrends::Create(sales, {}), refused);
  sales = Sales({{1, -1}}, {1, 1});
  EXPECT_THAT(SalesTrends::Create(sales, {}), refused);
  sales = Sales({{1, 1}}, {1, std::numeric_limits<float>::infinity()});
  EXPECT_THAT(SalesTrends::Create(sales, {}), refused);
  sales = Sales({{1, 1}}, {1, 1});
  sales.first_us = std::numeric_limits<Micros>::min();
  EXPECT_THAT(SalesTrends::Create(sales, {}), refused);
  sales = Sales({{1, 1}}, {1, 1});
  EXPECT_THAT(SalesTrends::Create(sales, {.usual_half_life_days = 0}), refused);
  EXPECT_THAT(SalesTrends::Create(sales, {.recent_half_life_days = -1}), refused);
  EXPECT_THAT(SalesTrends::Create(sales, {.prior_sales = 0}), refused);
  EXPECT_THAT(SalesTrends::Create(sales, {.power = 3}), refused);
}

}  // namespace
}  // namespace vitrine
