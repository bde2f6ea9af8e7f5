#include "vitrine/scorers/collaborative/user_knn.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <string>
#include <utility>
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

// How the shoppers are compared.
struct UserKnnCase {
  std::string similarity{};
  std::string term_weighting{};
  std::string weighting{};
  std::size_t num_neighbours = 100;  // More than there are shoppers.
};

// The definition over every user, with dense vectors.
class SlowUserKnn {
 public:
  static constexpr double kShrinkage = 3;

  SlowUserKnn(const Dataset& shop, UserKnnCase spec)
      : spec_(std::move(spec)), counts_(shop.num_items()) {
    double sum = 0;
    for (std::size_t user = 0; user < shop.num_users(); ++user) {
      votes_.push_back(Touches(shop.History(user)));
      for (std::size_t item = 0; item < counts_.size(); ++item) {
        double& value = votes_[user][item];
        value = std::max(value, 0.0);
        counts_[item] += value > 0 ? 1 : 0;
        sum += value;
      }
    }
    // The pairs weigh 1 on average.
    const double num_pairs = std::accumulate(counts_.begin(), counts_.end(), 0.0);
    scale_ = num_pairs / sum;
    mean_length_ = num_pairs / static_cast<double>(shop.num_users());
    for (std::vector<double>& user : votes_) {
      for (double& value : user) value *= scale_;
      LetRareCount(user);
    }
  }

  std::vector<double> Scores(std::span<const Interaction> history) const {
    std::vector<double> query = Touches(history);
    for (std::size_t item = 0; item < query.size(); ++item) {
      query[item] *= counts_[item] > 0 ? scale_ : 0;
    }
    LetRareCount(query);
    const std::vector<double> profile = Profile(query);
    std::vector<ScoredItem> similar;
    for (std::size_t user = 0; user < votes_.size(); ++user) {
      const double similarity = SimilarityOf(profile, Profile(votes_[user]));
      if (similarity > 0) similar.push_back({ItemNumber(user), static_cast<float>(similarity)});
    }
    std::sort(similar.begin(), similar.end(), RanksBefore);
    similar.resize(std::min(similar.size(), spec_.num_neighbours));
    std::vector<double> scores(query.size());
    for (const ScoredItem& neighbour : similar) {
      for (std::size_t item = 0; item < scores.size(); ++item) {
        scores[item] += neighbour.score * votes_[Row(neighbour.item)][item];
      }
    }
    return scores;
  }

 private:
  // The sums of the events' weights by item, or their signs.
  std::vector<double> Touches(std::span<const Interaction> events) const {
    std::vector<double> sums(counts_.size());
    for (const Interaction& event : events) sums[Row(event.item)] += event.weight;
    if (spec_.weighting == "linear") return sums;
    for (double& sum : sums) sum = sum > 0 ? 1 : sum < 0 ? -1 : 0;
    return sums;
  }

  void LetRareCount(std::vector<double>& values) const {
    double length = 0;
    for (const double value : values) length += std::abs(value);
    const double room = 1.2 * (0.25 + 0.75 * length / mean_length_);
    const auto num_users = static_cast<double>(votes_.size());
    for (std::size_t item = 0; item < values.size(); ++item) {
      const double count = counts_[item];
      const double rarity = std::log(1 + (num_users - count + 0.5) / (count + 0.5));
      double& value = values[item];
      if (spec_.term_weighting == "tfidf" && count > 0) value *= std::log(1 + num_users / count);
      if (spec_.term_weighting == "bm25") value *= rarity * 2.2 / (std::abs(value) + room);
    }
  }

  // What is compared of a shopper: with Pearson how far each touch is from their mean.
  std::vector<double> Profile(std::vector<double> values) const {
    if (spec_.similarity != "pearson") return values;
    double sum = 0;
    double count = 0;
    for (const double value : values) {
      sum += value;
      count += value != 0 ? 1 : 0;
    }
    for (double& value : values) value -= value != 0 ? sum / count : 0;
    return values;
  }

  double SimilarityOf(const std::vector<double>& x, const std::vector<double>& y) const {
    const double product = std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
    const double x_square = std::inner_product(x.begin(), x.end(), x.begin(), 0.0);
    const double y_square = std::inner_product(y.begin(), y.end(), y.begin(), 0.0);
    const double divisor = spec_.similarity == "jaccard" ? x_square + y_square - product
                                                         : std::sqrt(x_square * y_square);
    return product / (divisor + kShrinkage);
  }

  UserKnnCase spec_;
  std::vector<double> counts_;                // [items] Of the shoppers who like them.
  std::vector<std::vector<double>> votes_{};  // [users][items]
  double scale_ = 1;
  double mean_length_ = 1;
};

class UserKnnOracleTest : public ::testing::TestWithParam<UserKnnCase> {};

TEST_P(UserKnnOracleTest, AgreesWithTheDefinitionOverEveryShopper) {
  const UserKnnCase& spec = GetParam();
  const Dataset shop = testing::SampleShop();
  const Model model = Trained(shop, {{"neighbours", std::to_string(spec.num_neighbours)},
                                     {"shrinkage", std::to_string(SlowUserKnn::kShrinkage)},
                                     {"votes", "weighed"},
                                     {"similarity", spec.similarity},
                                     {"term_weighting", spec.term_weighting},
                                     {"weighting", spec.weighting}});
  const SlowUserKnn slow(shop, spec);
  std::vector<ItemIndex> items;
  for (std::size_t i = 0; i < shop.num_items(); ++i) items.push_back(ItemNumber(i));

  std::size_t num_scored = 0;
  for (std::size_t user = 0; user < shop.num_users(); ++user) {
    // Part of a history, so that nobody is a copy of the query.
    const auto history = shop.History(user).first(shop.History(user).size() / 2);
    const Query query{.history = history};
    Matrix scores(1, static_cast<Eigen::Index>(items.size()));
    model.scorer->Score({&query, 1}, items, scores);
    const std::vector<double> expected = slow.Scores(history);
    for (std::size_t i = 0; i < items.size(); ++i) {
      const float score = scores(0, static_cast<Eigen::Index>(i));
      EXPECT_NEAR(score == kUnscored ? 0 : score, expected[i], 1e-4) << user << " " << i;
      if (expected[i] > 1e-3) ++num_scored;
    }
  }
  EXPECT_GT(num_scored, shop.num_users());
}

// Where shoppers may be exactly as similar as others, nobody is cut: rounding would choose.
INSTANTIATE_TEST_SUITE_P(Comparisons, UserKnnOracleTest,
                         ::testing::Values(UserKnnCase{"cosine", "tfidf", "binary", 8},
                                           UserKnnCase{"cosine", "bm25", "linear"},
                                           UserKnnCase{"jaccard", "none", "binary"},
                                           UserKnnCase{"jaccard", "bm25", "binary"},
                                           UserKnnCase{"pearson", "none", "linear"}),
                         [](const ::testing::TestParamInfo<UserKnnCase>& test) {
                           return test.param.similarity + "_" + test.param.term_weighting;
                         });

TEST(UserKnnTest, RefusesTablesThatDoNotFitTogether) {
  UserKnnTable table;
  table.norms = {1};

  EXPECT_THAT(UserKnn::Create(table), testing::StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace vitrine
