#include "vitrine/scorers/sequential/repeat_purchase.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include "testing/status_matchers.h"
#include "vitrine/base/random.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;
using testing::IsOk;
using ::testing::Pair;
using testing::StatusIs;
using ::testing::UnorderedElementsAre;

Micros Day(double day) { return static_cast<Micros>(day * static_cast<double>(kMicrosPerDay)); }

Interaction Bought(double day, std::uint32_t item) {
  return {Day(day), ItemIndex{item}, 5, 1, EventType::kPurchaseComplete};
}

// Ten visits on each of `days` days; of each, so many bought each item.
SalesTrends Sales(const std::vector<float>& by_item, std::uint32_t days = 1,
                  const TrendWeights& weights = {}) {
  DailySales sales;
  sales.last_us = Day(days) - 1;
  sales.visits.assign(days, 10);
  sales.by_item.num_rows = by_item.size();
  sales.by_item.num_cols = days;
  for (const float count : by_item) {
    for (std::uint32_t day = 0; day < days && count > 0; ++day) {
      sales.by_item.column.push_back(day);
      sales.by_item.value.push_back(count);
    }
    sales.by_item.row_begin.push_back(sales.by_item.column.size());
  }
  auto trends = SalesTrends::Create(std::move(sales), weights);
  EXPECT_THAT(trends, IsOk());
  return *std::move(trends);
}

// Four items: of equal rates, due after a month, the third the most popular, the last never sold;
// nothing in fashion.
RepeatPurchaseTable Table() {
  RepeatPurchaseTable table;
  table.repeat_rate = {0.1F, 0.1F, 0.1F, 0.1F};
  table.interval.assign(4, static_cast<float>(std::log(30.5)));
  table.trends = Sales({2, 1, 4, 0});
  return table;
}

std::shared_ptr<const RepeatPurchase> Make(RepeatPurchaseTable table) {
  auto scorer = RepeatPurchase::Create(std::move(table));
  EXPECT_THAT(scorer, IsOk());
  return *scorer;
}

std::vector<ItemIndex> Ranking(const RepeatPurchase& scorer, const Query& query) {
  const auto lists = scorer.Retrieve({&query, 1}, nullptr, 10);
  std::vector<ItemIndex> items;
  for (const ScoredItem& each : lists.front()) items.push_back(each.item);
  return items;
}

float ScoreOf(const RepeatPurchase& scorer, const Query& query, std::uint32_t item) {
  Matrix scores(1, 1);
  const ItemIndex index{item};
  scorer.Score({&query, 1}, {&index, 1}, scores);
  return scores(0, 0);
}

TEST(RepeatPurchaseTest, WhoBoughtNothingSeesWhatIsPopular) {
  const auto scorer = Make(Table());

  EXPECT_THAT(Ranking(*scorer, {}), ElementsAre(ItemIndex{2}, ItemIndex{0}, ItemIndex{1}));
  EXPECT_FLOAT_EQ(ScoreOf(*scorer, {}, 2), 0.1F * 0.4F);
  EXPECT_EQ(ScoreOf(*scorer, {}, 3), kUnscored);
}

TEST(RepeatPurchaseTest, WhatWasBoughtOftenComesFirst) {
  const std::vector<Interaction> history = {Bought(60, 1), Bought(30, 1), Bought(30, 0),
                                            Bought(1, 1)};

  EXPECT_THAT(Ranking(*Make(Table()), {.history = history, .now_us = Day(90)}),
              ElementsAre(ItemIndex{1}, ItemIndex{0}, ItemIndex{2}));
}

TEST(RepeatPurchaseTest, CountsVisitsAgainstTheItemsOwnRate) {
  RepeatPurchaseTable table = Table();
  table.weights = {.visit_decay = 0.5F, .prior_visits = 4, .rhythm = 0, .popularity_weight = 0};
  // Three visits; item 0 in the oldest and the latest.
  const std::vector<Interaction> history = {Bought(60, 0), Bought(30, 1), Bought(1, 0)};

  const Query query{.history = history, .now_us = Day(90)};

  EXPECT_FLOAT_EQ(ScoreOf(*Make(table), query, 0), (1 + 0.25F + 4 * 0.1F) / (1 + 0.5F + 0.25F + 4));
  EXPECT_FLOAT_EQ(ScoreOf(*Make(table), query, 1), (0.5F + 4 * 0.1F) / (1 + 0.5F + 4));
}

TEST(RepeatPurchaseTest, AnItemIsWorthMostWhenItIsDue) {
  RepeatPurchaseTable table = Table();
  table.weights.rhythm = 1;
  const auto scorer = Make(table);
  // Every 20 days, so that the next one is due a little after that.
  const std::vector<Interaction> history = {Bought(61, 0), Bought(41, 0), Bought(21, 0),
                                            Bought(1, 0)};
  const auto score_at = [&](double day) {
    return ScoreOf(*scorer, {.history = history, .now_us = Day(day)}, 0);
  };

  EXPECT_LT(score_at(62), score_at(70));
  EXPECT_LT(score_at(70), score_at(82));
  EXPECT_GT(score_at(85), score_at(200));
}

TEST(RepeatPurchaseTest, AShopperWhoBuysOftenIsExpectedSooner) {
  RepeatPurchaseTable table = Table();
  table.weights.rhythm = 1;
  const auto scorer = Make(table);
  // Item 1 was bought once. What else the shopper buys comes every 2 days, or every 100.
  const std::vector<Interaction> quick = {Bought(700, 1), Bought(700, 0), Bought(698, 0),
                                          Bought(696, 0), Bought(694, 0)};
  const std::vector<Interaction> slow = {Bought(700, 1), Bought(700, 0), Bought(600, 0),
                                         Bought(500, 0), Bought(400, 0)};

  EXPECT_GT(ScoreOf(*scorer, {.history = quick, .now_us = Day(705)}, 1),
            ScoreOf(*scorer, {.history = slow, .now_us = Day(705)}, 1));
  EXPECT_LT(ScoreOf(*scorer, {.history = quick, .now_us = Day(800)}, 1),
            ScoreOf(*scorer, {.history = slow, .now_us = Day(800)}, 1));
}

TEST(RepeatPurchaseTest, WithoutTimesThereIsNoRhythm) {
  const std::vector<Interaction> history = {Bought(0, 0)};
  RepeatPurchaseTable without = Table();
  without.weights.rhythm = 0;

  EXPECT_EQ(ScoreOf(*Make(Table()), {.history = history}, 0),
            ScoreOf(*Make(without), {.history = history}, 0));
}

TEST(RepeatPurchaseTest, AnItemThatIsNewToTheModelCanBeBoughtAgain) {
  const std::vector<Interaction> history = {Bought(1, 3)};
  const Query query{.history = history, .now_us = Day(30)};

  EXPECT_GT(ScoreOf(*Make(Table()), query, 3), 0);
  EXPECT_EQ(Ranking(*Make(Table()), query).front(), ItemIndex{3});
}

TEST(RepeatPurchaseTest, ExplainsByTheOwnPurchaseAndByPopularity) {
  const std::vector<Interaction> history = {Bought(1, 0)};
  const Query query{.history = history, .now_us = Day(30)};
  const auto scorer = Make(Table());

  const auto parts = scorer->Explain(query, ItemIndex{0});

  std::map<Contribution::Source, float> values;
  for (const Contribution& part : parts) values[part.source] += part.value;
  EXPECT_THAT(values,
              UnorderedElementsAre(Pair(Contribution::Source::kBase, FloatEq(0.1F * 0.2F)),
                                   Pair(Contribution::Source::kHistory,
                                        FloatEq(ScoreOf(*scorer, query, 0) - 0.1F * 0.2F))));
}

// Ten days without the item, then ten on which every other visit bought it.
TEST(RepeatPurchaseTest, WhatSellsBetterThanUsualIsWorthMore) {
  DailySales sales;
  sales.last_us = Day(20) - 1;
  sales.visits.assign(20, 10);
  sales.by_item = {.num_rows = 4, .num_cols = 20};
  for (std::uint32_t day = 10; day < 20; ++day) sales.by_item.column.push_back(day);
  sales.by_item.value.assign(10, 5);
  sales.by_item.row_begin = {0, 10, 10, 10, 10};
  RepeatPurchaseTable table = Table();
  table.trends = *SalesTrends::Create(std::move(sales), {.power = 1});
  const auto scorer = Make(table);
  const std::vector<Interaction> history = {Bought(5, 1), Bought(5, 0)};

  const Query query{.history = history, .now_us = Day(21)};
  const Demand demand = table.trends.Of(ItemIndex{0}, 20);

  EXPECT_GT(demand.trend, 1.2F);
  EXPECT_FLOAT_EQ(ScoreOf(*scorer, query, 0),
                  demand.trend * (ScoreOf(*scorer, query, 1) + 0.1F * demand.usual));
}

TEST(RepeatPurchaseTest, APastQueryIsAnsweredWithThePopularityOfItsTime) {
  DailySales sales;
  sales.last_us = Day(2) - 1;
  sales.visits = {10, 10};
  sales.by_item = {.num_rows = 2, .num_cols = 2};
  sales.by_item.column = {0, 1};
  sales.by_item.value = {2, 8};
  sales.by_item.row_begin = {0, 1, 2};
  RepeatPurchaseTable table = Table();
  table.repeat_rate.resize(2);
  table.interval.resize(2);
  table.trends = *SalesTrends::Create(std::move(sales), {});
  const auto scorer = Make(table);

  EXPECT_THAT(Ranking(*scorer, {.now_us = Day(1.5)}), ElementsAre(ItemIndex{0}, ItemIndex{1}));
  EXPECT_THAT(Ranking(*scorer, {.now_us = Day(2)}), ElementsAre(ItemIndex{1}, ItemIndex{0}));
  EXPECT_EQ(
      scorer->Retrieve(std::vector<Query>{{.now_us = Day(1.5)}}, nullptr, 1).front().front().item,
      ItemIndex{0});
}

// The formula of the header, word by word, over visits that are kept apart by whole days.
double SlowPersonal(const RepeatPurchaseTable& table, const std::vector<Interaction>& history,
                    double now, std::uint32_t item) {
  std::map<double, std::vector<std::uint32_t>> visits;
  for (const Interaction& each : history) {
    visits[static_cast<double>(each.time_us) / static_cast<double>(kMicrosPerDay)].push_back(
        static_cast<std::uint32_t>(each.item));
  }
  std::map<std::uint32_t, std::vector<double>> days;
  for (const auto& [day, items] : visits) {
    for (const std::uint32_t bought : items) {
      if (days[bought].empty() || days[bought].back() != day) days[bought].push_back(day);
    }
  }
  if (days[item].empty()) return 0;
  const RepeatWeights& w = table.weights;
  double pace = 0, num_gaps = 0, own = 0, num_own = 0;
  for (const auto& [bought, at] : days) {
    for (std::size_t i = 1; i < at.size(); ++i) {
      const double gap = std::log(at[i] - at[i - 1] + 0.5);
      pace += gap - table.interval[bought];
      num_gaps += 1;
      if (bought == item) own += gap, num_own += 1;
    }
  }
  pace /= num_gaps + w.prior_intervals;
  const double due =
      (own + w.prior_intervals * (table.interval[item] + pace)) / (num_own + w.prior_intervals);
  double bought = 0, chances = 0, weight = 1;
  for (auto visit = visits.rbegin(); visit != visits.rend(); ++visit, weight *= w.visit_decay) {
    if (visit->first < days[item].front()) break;
    chances += weight;
    const auto& items = visit->second;
    if (std::find(items.begin(), items.end(), item) != items.end()) bought += weight;
  }
  const double z = (std::log(now - days[item].back() + 0.5) - due) / w.rhythm_spread;
  return (bought + w.prior_visits * table.repeat_rate[item]) / (chances + w.prior_visits) *
         (1 - w.rhythm + w.rhythm * std::exp(-z * z / 2));
}

TEST(RepeatPurchaseTest, AgreesWithTheFormulaWordByWord) {
  Random random(5);
  RepeatPurchaseTable table;
  for (std::size_t item = 0; item < 12; ++item) {
    table.repeat_rate.push_back(static_cast<float>(0.01 + 0.5 * random.Uniform()));
    table.interval.push_back(static_cast<float>(4 * random.Uniform()));
  }
  table.trends = Sales(std::vector<float>(12, 1));
  table.weights.rhythm = 0.6F;
  table.weights.popularity_weight = 0;
  const auto scorer = Make(table);
  for (int round = 0; round < 50; ++round) {
    std::vector<Interaction> history;
    for (int day = 300; day > 0; day -= 1 + static_cast<int>(random.Below(40))) {
      for (std::size_t i = 0; i < 1 + random.Below(4); ++i) {
        history.push_back(Bought(day, static_cast<std::uint32_t>(random.Below(12))));
      }
    }
    for (std::uint32_t item = 0; item < 12; ++item) {
      const double expected = SlowPersonal(table, history, 310, item);
      const float score = ScoreOf(*scorer, {.history = history, .now_us = Day(310)}, item);
      EXPECT_NEAR(score, expected, 1e-5 * expected + 1e-9) << "round " << round;
    }
  }
}

TEST(RepeatPurchaseTest, RefusesTablesThatMakeNoSense) {
  const auto refused = StatusIs(absl::StatusCode::kInvalidArgument);
  RepeatPurchaseTable table = Table();
  table.interval.pop_back();
  EXPECT_THAT(RepeatPurchase::Create(table), refused);
  table = Table();
  table.repeat_rate[1] = 1;
  EXPECT_THAT(RepeatPurchase::Create(table), refused);
  table = Table();
  table.trends = Sales({2, 1, 4});
  EXPECT_THAT(RepeatPurchase::Create(table), refused);
  table = Table();
  table.weights.visit_decay = 0;
  EXPECT_THAT(RepeatPurchase::Create(table), refused);
  table = Table();
  table.rules.visit_gap_hours = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(RepeatPurchase::Create(table), refused);
}

}  // namespace
}  // namespace vitrine
