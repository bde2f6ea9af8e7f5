#include "vitrine/scorers/sequential/session_knn.h"

#include <gmock/gmock.h>

#include <algorithm>
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
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::Pair;
using testing::StatusIs;
using ::testing::UnorderedElementsAre;

ScoredItem Scored(std::uint32_t item, float score) { return {ItemIndex{item}, score}; }

// Rows of (item, step), by item, the latest session first; all weighs 1.
SessionKnnTable Table(const std::vector<std::vector<std::pair<std::uint32_t, float>>>& sessions,
                      std::size_t num_items) {
  SessionKnnTable table;
  table.sessions.num_cols = num_items;
  table.sessions.num_rows = sessions.size();
  for (const auto& session : sessions) {
    for (const auto& [item, step] : session) {
      table.sessions.column.push_back(item);
      table.sessions.value.push_back(step);
    }
    table.sessions.row_begin.push_back(table.sessions.column.size());
  }
  table.session_weights.assign(sessions.size(), 1);
  table.item_weights.assign(num_items, 1);
  table.weights = {.similarity_power = 1,
                   .match_decay = 0,
                   .distance_power = 0,
                   .backward_weight = 1,
                   .self_weight = 0};
  return table;
}

std::shared_ptr<const SessionKnn> Make(SessionKnnTable table) {
  auto scorer = SessionKnn::Create(std::move(table));
  EXPECT_THAT(scorer, IsOk());
  return *scorer;
}

std::vector<ScoredItem> List(const SessionKnn& scorer, const std::vector<Interaction>& history) {
  const Query query{.history = history};
  return scorer.Retrieve({&query, 1}, nullptr, 100).front();
}

Interaction Saw(std::uint32_t item) { return {0, ItemIndex{item}, 1}; }

TEST(SessionKnnTest, AddsTheSimilaritiesOfTheSessionsThatHoldAnItem) {
  // The query's latest item is 1 (weight 1), the one before is 0 (weight 0.5).
  const auto scorer = Make(Table({{{0, 0}, {2, 1}}, {{0, 0}, {1, 1}, {3, 2}}}, 4));

  EXPECT_THAT(List(*scorer, {Saw(1), Saw(0)}),
              ElementsAre(Scored(0, 1.5F), Scored(3, 1.5F), Scored(2, 0.5F)));
}

TEST(SessionKnnTest, OfEquallySimilarSessionsTheLatestSpeak) {
  SessionKnnTable table = Table({{{0, 0}, {1, 1}}, {{0, 0}, {2, 1}}, {{0, 0}, {3, 1}}}, 4);
  table.weights.num_neighbours = 2;

  EXPECT_THAT(List(*Make(table), {Saw(0)}), ElementsAre(Scored(1, 1), Scored(2, 1)));
}

TEST(SessionKnnTest, LooksAtTheLatestSessionsOfAnItemOnly) {
  SessionKnnTable table = Table({{{0, 0}, {1, 1}}, {{0, 0}, {2, 1}}, {{1, 0}, {3, 1}}}, 4);
  table.weights.sessions_per_item = 1;

  EXPECT_THAT(List(*Make(table), {Saw(0)}), ElementsAre(Scored(1, 1)));
}

TEST(SessionKnnTest, AnItemFadesWithTheStepsFromTheMatch) {
  SessionKnnTable table = Table({{{0, 2}, {1, 3}, {2, 6}, {3, 1}, {4, 2}}}, 5);
  table.weights.distance_power = 1;
  table.weights.backward_weight = 0.5F;

  // 4 shares the step of 0: as far as one step, and not behind.
  EXPECT_THAT(List(*Make(table), {Saw(0)}),
              ElementsAre(Scored(1, 1), Scored(4, 1), Scored(3, 0.5F), Scored(2, 0.25F)));
}

TEST(SessionKnnTest, WithoutBackwardWeightOnlyWhatCameAfterTheMatchIsSpokenFor) {
  SessionKnnTable table = Table({{{0, 1}, {1, 0}, {2, 2}}}, 3);
  table.weights.backward_weight = 0;

  EXPECT_THAT(List(*Make(table), {Saw(0)}), ElementsAre(Scored(2, 1)));
}

TEST(SessionKnnTest, DistancesBeyondTheTableFadeAlike) {
  SessionKnnTable table = Table({{{0, 0}, {1, 127}, {2, 500}}}, 3);
  table.weights.distance_power = 1;

  EXPECT_THAT(List(*Make(table), {Saw(0)}), ElementsAre(Scored(1, 1 / 127.0F), Scored(2, 0.002F)));
}

TEST(SessionKnnTest, SessionsSpeakByTheirWeight) {
  SessionKnnTable table = Table({{{0, 0}, {1, 1}}, {{0, 0}, {2, 1}}, {{0, 0}, {3, 1}}}, 4);
  table.session_weights = {0.25F, 0.5F, 0};

  EXPECT_THAT(List(*Make(table), {Saw(0)}), ElementsAre(Scored(2, 0.5F), Scored(1, 0.25F)));
}

TEST(SessionKnnTest, APowerOfTheSimilarityHasTheNearestSpeakLouder) {
  SessionKnnTable table = Table({{{0, 0}, {1, 1}, {2, 2}}, {{1, 0}, {3, 1}}}, 4);
  table.weights.similarity_power = 2;
  table.weights.backward_weight = 0;

  EXPECT_THAT(List(*Make(table), {Saw(1), Saw(0)}), ElementsAre(Scored(2, 2.25F), Scored(3, 1)));
}

TEST(SessionKnnTest, ASessionThatSharesOlderItemsCountsLess) {
  SessionKnnTable table = Table({{{0, 0}, {2, 1}}, {{1, 0}, {3, 1}}}, 4);
  table.recency.step_decay = 1;
  table.weights.match_decay = 0.25F;

  EXPECT_THAT(List(*Make(table), {Saw(1), Saw(0)}), ElementsAre(Scored(3, 1), Scored(2, 0.75F)));
}

TEST(SessionKnnTest, RareItemsCountMoreByTheirWeight) {
  SessionKnnTable table = Table({{{0, 0}, {1, 1}, {2, 2}}}, 3);
  table.item_weights = {1, 2, 3};

  EXPECT_THAT(List(*Make(table), {Saw(0)}), ElementsAre(Scored(2, 3), Scored(1, 2)));
}

TEST(SessionKnnTest, TheMatchedItemIsSpokenForWhenAsked) {
  SessionKnnTable table = Table({{{0, 0}, {1, 1}}}, 2);
  table.weights.self_weight = 0.25F;

  EXPECT_THAT(List(*Make(table), {Saw(0)}), ElementsAre(Scored(1, 1), Scored(0, 0.25F)));
}

TEST(SessionKnnTest, ExplainsByTheItemsThatMadeTheSessionsSimilar) {
  SessionKnnTable table = Table({{{0, 0}, {1, 1}, {2, 2}}, {{1, 0}, {2, 1}}}, 3);
  table.weights.similarity_power = 2;
  const auto scorer = Make(table);
  const std::vector<Interaction> history = {Saw(1), Saw(0)};

  const auto parts = scorer->Explain({.history = history}, ItemIndex{2});

  std::map<ItemIndex, float> values;
  for (const Contribution& part : parts) values[part.item] += part.value;
  EXPECT_THAT(values, UnorderedElementsAre(Pair(ItemIndex{1}, FloatEq(1.5F + 1)),
                                           Pair(ItemIndex{0}, FloatEq(0.75F))));
}

TEST(SessionKnnTest, SaysNothingWithoutAMatch) {
  EXPECT_THAT(List(*Make(Table({{{0, 0}, {1, 1}}}, 3)), {Saw(2)}), IsEmpty());
}

// The formula of the header over every session.
std::map<std::uint32_t, double> SlowScores(const SessionKnnTable& table,
                                           const std::vector<TouchedItem>& recent) {
  struct Found {
    double similarity = 0;
    std::size_t session = 0;
    std::size_t place = 0;
  };
  std::vector<Found> found;
  for (std::size_t s = 0; s < table.sessions.num_rows; ++s) {
    Found each{0, s, recent.size()};
    for (std::size_t place = recent.size(); place-- > 0;) {
      const auto items = table.sessions.Columns(s);
      if (std::count(items.begin(), items.end(), Row(recent[place].item)) == 0) continue;
      each.similarity += recent[place].weight;
      each.place = place;
    }
    each.similarity *= table.session_weights[s];
    if (each.place < recent.size()) found.push_back(each);
  }
  std::stable_sort(found.begin(), found.end(), [](const Found& a, const Found& b) {
    return static_cast<float>(a.similarity) > static_cast<float>(b.similarity);
  });
  found.resize(std::min<std::size_t>(found.size(), table.weights.num_neighbours));
  std::map<std::uint32_t, double> scores;
  for (const Found& each : found) {
    const auto items = table.sessions.Columns(each.session);
    const auto steps = table.sessions.Values(each.session);
    double match_step = 0;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (items[i] == Row(recent[each.place].item)) match_step = steps[i];
    }
    for (std::size_t i = 0; i < items.size(); ++i) {
      const double distance = std::max(1.0, std::abs(steps[i] - match_step));
      scores[items[i]] +=
          table.item_weights[items[i]] * std::pow(each.similarity, table.weights.similarity_power) *
          std::max(0.0, 1 - table.weights.match_decay * static_cast<double>(each.place)) *
          std::pow(distance, -table.weights.distance_power) *
          (items[i] == Row(recent[each.place].item) ? table.weights.self_weight
           : steps[i] < match_step                  ? table.weights.backward_weight
                                                    : 1);
    }
  }
  return scores;
}

TEST(SessionKnnTest, AgreesWithTheFormulaOverEverySession) {
  Random random(11);
  std::vector<std::vector<std::pair<std::uint32_t, float>>> sessions;
  for (int s = 0; s < 300; ++s) {
    std::map<std::uint32_t, float> session;
    for (std::size_t i = 0; i < 2 + random.Below(6); ++i) {
      session[static_cast<std::uint32_t>(random.Below(40))] = static_cast<float>(i);
    }
    sessions.emplace_back(session.begin(), session.end());
  }
  SessionKnnTable table = Table(sessions, 40);
  for (float& weight : table.item_weights) weight = static_cast<float>(random.Uniform());
  for (float& weight : table.session_weights) weight = random.Below(2) == 0 ? 0.5F : 1;
  table.weights = {.num_neighbours = 30,
                   .similarity_power = 1.5F,
                   .match_decay = 0.2F,
                   .distance_power = 0.7F,
                   .backward_weight = 0.4F,
                   .self_weight = 0.3F};
  const auto scorer = Make(table);
  for (int round = 0; round < 30; ++round) {
    std::vector<Interaction> history;
    for (std::size_t i = 0; i < 6; ++i) {
      history.push_back(Saw(static_cast<std::uint32_t>(random.Below(40))));
    }

    const auto expected = SlowScores(table, RecentItems({.history = history}, {}, 40));
    const auto list = List(*scorer, history);

    ASSERT_EQ(list.size(), expected.size());
    for (const ScoredItem& each : list) {
      EXPECT_NEAR(each.score, expected.at(static_cast<std::uint32_t>(each.item)), 1e-5);
    }
  }
}

TEST(SessionKnnTest, RefusesTablesThatMakeNoSense) {
  const auto refused = StatusIs(absl::StatusCode::kInvalidArgument);
  SessionKnnTable table = Table({{{0, 0}, {1, 1}}}, 2);
  table.item_weights.pop_back();
  EXPECT_THAT(SessionKnn::Create(table), refused);
  table = Table({{{0, 0}, {1, 1}}}, 2);
  table.session_weights.clear();
  EXPECT_THAT(SessionKnn::Create(table), refused);
  table = Table({{{0, 0}, {1, 0.5F}}}, 2);
  EXPECT_THAT(SessionKnn::Create(table), refused);
  table = Table({{{0, 0}, {1, 1}}}, 2);
  table.item_weights[0] = -1;
  EXPECT_THAT(SessionKnn::Create(table), refused);
  table = Table({{{0, 0}, {1, std::numeric_limits<float>::quiet_NaN()}}}, 2);
  EXPECT_THAT(SessionKnn::Create(table), refused);
  table = Table({{{0, 0}, {1, 1}}}, 2);
  table.weights.num_neighbours = 0;
  EXPECT_THAT(SessionKnn::Create(table), refused);
  table = Table({{{0, 0}, {1, 1}}}, 2);
  table.recency.step_decay = 2;
  EXPECT_THAT(SessionKnn::Create(table), refused);
}

}  // namespace
}  // namespace vitrine
