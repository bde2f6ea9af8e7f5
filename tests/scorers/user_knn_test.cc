#include "vitrine/scorers/collaborative/user_knn.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "scorers/sample_shop.h"
#include "testing/status_matchers.h"
#include "vitrine/training/trainer.h"

namespace vitrine {
namespace {

using ::testing::IsEmpty;
using testing::IsOk;
using testing::ItemNumber;

// User 0 has items 0 and 1, user 1 items 0, 1 and 2, user 2 items 3 and 4.
Dataset ThreeShoppers() {
  Dataset shop;
  for (std::size_t i = 0; i < 5; ++i) {
    shop.item_ids.push_back(std::to_string(i));
    shop.items.push_back(nullptr);
  }
  for (const auto& items : std::vector<std::vector<std::size_t>>{{0, 1}, {0, 1, 2}, {3, 4}}) {
    for (const std::size_t item : items) shop.interactions.push_back({0, ItemNumber(item), 1});
    shop.user_begin.push_back(shop.interactions.size());
  }
  return shop;
}

Model Trained(const Dataset& shop, const Settings& settings) {
  ThreadPool pool(2);
  auto model = FindTrainer("user_knn")->train(shop, settings, {.pool = &pool});
  EXPECT_THAT(model, IsOk());
  return *model;
}

const Settings kPlain = {
    {"shrinkage", "1"}, {"term_weighting", "none"}, {"votes", "plain"}, {"neighbours", "10"}};

TEST(UserKnnTest, AddsTheSimilaritiesOfThoseWhoHaveTheItem) {
  const std::vector<Interaction> history = {{0, ItemNumber(0), 1}, {0, ItemNumber(1), 1}};
  const Query query{.history = history};

  const auto list = Trained(ThreeShoppers(), kPlain).scorer->Retrieve({&query, 1}, nullptr, 9)[0];

  // Cosines with shrinkage 1: 2 / (2 + 1) and 2 / (sqrt 6 + 1).
  const float second = 2 / (std::sqrt(6.0F) + 1);
  ASSERT_EQ(list.size(), 3U);
  EXPECT_EQ(list[2].item, ItemNumber(2));
  EXPECT_FLOAT_EQ(list[2].score, second);
  EXPECT_FLOAT_EQ(list[0].score, 2.0F / 3 + second);
}

TEST(UserKnnTest, ANewEventCountsAtOnce) {
  const Model model = Trained(ThreeShoppers(), kPlain);
  const std::vector<Interaction> history = {{1, ItemNumber(3), 1}, {0, ItemNumber(0), 1}};
  const Query before{.history = std::span(history).subspan(1)};
  const Query after{.history = history};

  Matrix scores(2, 1);
  model.scorer->Score(std::vector<Query>{before, after}, std::vector{ItemNumber(4)}, scores);

  EXPECT_EQ(scores(0, 0), kUnscored);
  EXPECT_GT(scores(1, 0), 0);
}

TEST(UserKnnTest, ExplainsByTheItemsThatBroughtTheNeighboursIn) {
  const std::vector<Interaction> history = {
      {2, ItemNumber(3), 1}, {1, ItemNumber(1), 1}, {0, ItemNumber(0), 1}};

  const auto parts =
      Trained(ThreeShoppers(), kPlain).explainer->Explain({.history = history}, ItemNumber(2));

  // User 1 alone votes for item 2, and items 0 and 1 brought that user in alike.
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(parts[0].item, ItemNumber(0));
  EXPECT_EQ(parts[1].item, ItemNumber(1));
  EXPECT_FLOAT_EQ(parts[0].value, 1 / (3 + 1.0F));
  EXPECT_FLOAT_EQ(parts[1].value, parts[0].value);
}

TEST(UserKnnTest, OneNeighbourMeansTheMostSimilar) {
  Settings one = kPlain;
  one["neighbours"] = "1";
  const std::vector<Interaction> history = {{0, ItemNumber(0), 1}, {0, ItemNumber(1), 1}};

  const auto parts =
      Trained(ThreeShoppers(), one).explainer->Explain({.history = history}, ItemNumber(2));

  EXPECT_THAT(parts, IsEmpty());
}

// The definition over every user, with dense vectors, for binary touches weighed by tfidf.
std::vector<double> SlowScores(const Dataset& shop, std::span<const Interaction> history,
                               std::size_t num_neighbours, double shrinkage) {
  const auto touched = [&](std::span<const Interaction> events) {
    std::map<std::size_t, double> sums;
    for (const Interaction& event : events) sums[Row(event.item)] += event.weight;
    return sums;
  };
  std::vector<std::vector<double>> users(shop.num_users(), std::vector<double>(shop.num_items()));
  std::vector<double> counts(shop.num_items());
  for (std::size_t user = 0; user < users.size(); ++user) {
    for (const auto& [item, sum] : touched(shop.History(user))) {
      if (sum <= 0) continue;
      users[user][item] = 1;
      counts[item] += 1;
    }
  }
  std::vector<double> query(shop.num_items());
  for (const auto& [item, sum] : touched(history)) query[item] = sum > 0 ? 1 : sum < 0 ? -1 : 0;
  double query_norm = 0;
  std::vector<ScoredItem> similar;
  for (std::size_t item = 0; item < query.size(); ++item) {
    const double rarity =
        counts[item] > 0 ? std::log(1 + static_cast<double>(users.size()) / counts[item]) : 0;
    query[item] *= rarity;
    query_norm += query[item] * query[item];
    for (auto& user : users) user[item] *= rarity;
  }
  for (std::size_t user = 0; user < users.size(); ++user) {
    double product = 0;
    double norm = 0;
    for (std::size_t item = 0; item < query.size(); ++item) {
      product += query[item] * users[user][item];
      norm += users[user][item] * users[user][item];
    }
    const double similarity = product / (std::sqrt(query_norm * norm) + shrinkage);
    if (product > 0) similar.push_back({ItemNumber(user), static_cast<float>(similarity)});
  }
  std::sort(similar.begin(), similar.end(), RanksBefore);
  similar.resize(std::min(similar.size(), num_neighbours));
  std::vector<double> scores(shop.num_items());
  for (const ScoredItem& neighbour : similar) {
    for (std::size_t item = 0; item < scores.size(); ++item) {
      scores[item] += neighbour.score * users[Row(neighbour.item)][item];
    }
  }
  return scores;
}

TEST(UserKnnTest, AgreesWithTheDefinitionOverEveryShopper) {
  const Dataset shop = testing::SampleShop();
  const Model model =
      Trained(shop, {{"neighbours", "8"}, {"shrinkage", "3"}, {"votes", "weighed"}});
  std::vector<ItemIndex> items;
  for (std::size_t i = 0; i < shop.num_items(); ++i) items.push_back(ItemNumber(i));

  for (std::size_t user = 0; user < shop.num_users(); ++user) {
    // Part of a history, so that nobody is a copy of the query.
    const auto history = shop.History(user).first(shop.History(user).size() / 2);
    const Query query{.history = history};
    Matrix scores(1, static_cast<Eigen::Index>(items.size()));
    model.scorer->Score({&query, 1}, items, scores);
    const std::vector<double> expected = SlowScores(shop, history, 8, 3);
    for (std::size_t i = 0; i < items.size(); ++i) {
      const float score = scores(0, static_cast<Eigen::Index>(i));
      EXPECT_NEAR(score == kUnscored ? 0 : score, expected[i], 1e-4) << user << " " << i;
    }
  }
}

TEST(UserKnnTest, RefusesTablesThatDoNotFitTogether) {
  UserKnnTable table;
  table.norms = {1};

  EXPECT_THAT(UserKnn::Create(table), testing::StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace vitrine
