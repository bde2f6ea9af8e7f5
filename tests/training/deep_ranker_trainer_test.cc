#include <gmock/gmock.h>

#include <cmath>
#include <string>
#include <vector>

#include "testing/status_matchers.h"
#include "training/deep_ranker_data.h"
#include "vitrine/math/classification_metrics.h"
#include "vitrine/scorers/dnn/deep_ranker.h"
#include "vitrine/training/trainer.h"

namespace vitrine {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

constexpr std::uint32_t kItems = 30;

Interaction Touch(std::uint32_t item, int day) {
  return {.time_us = day * kMicrosPerDay, .item = ItemIndex{item}, .weight = 1};
}

// Shoppers like even items and odd ones alike up to day 50; from then on they buy, of all that they
// do not have, mostly items below ten, which lately others bought as well.
Dataset Fashion(std::size_t num_users, std::uint64_t seed) {
  Dataset shop;
  for (std::uint32_t item = 0; item < kItems; ++item) {
    shop.item_ids.push_back("item" + std::to_string(item));
  }
  shop.items.resize(kItems);
  Random random(seed);
  const auto draw = [&](int day) {
    const bool is_in_fashion = day >= 40 && random.Below(10) < 8;
    return static_cast<std::uint32_t>(is_in_fashion ? random.Below(10) : random.Below(kItems));
  };
  for (std::size_t user = 0; user < num_users; ++user) {
    for (int day = 0; day < 60; day += 6) {
      const int at = day + static_cast<int>(random.Below(6));
      shop.interactions.push_back(Touch(draw(at), at));
    }
    shop.user_begin.push_back(shop.interactions.size());
  }
  shop.now_us = 60 * kMicrosPerDay;
  return shop;
}

TEST(ItemFactsTest, TellWhoTouchedAnItemAndWhen) {
  Dataset shop;
  shop.item_ids = {"a", "b"};
  shop.items.resize(2);
  Item priced;
  priced.price = Money{3'000'000, "GBP"};
  shop.items[1] = std::make_shared<const Item>(priced);
  shop.interactions = {Touch(0, 10), Touch(0, 20), Touch(0, 13)};
  shop.user_begin = {0, 2, 3};
  shop.now_us = 100 * kMicrosPerDay;  // The latest interaction, of day 20, is what counts.

  const Matrix facts = ItemFacts(shop);

  EXPECT_NEAR(facts(0, 0), std::log(3), 1e-6);
  EXPECT_NEAR(facts(0, 1), std::log((1 + 1 + 0.5) / (5 + 2)), 1e-6);
  EXPECT_NEAR(facts(0, 2), std::log((2 + std::exp2(-7.0 / 30)) / 7), 1e-6);
  EXPECT_NEAR(facts(0, 3), std::log(11), 1e-6);
  EXPECT_NEAR(facts(0, 4), 0, 1e-6);
  EXPECT_EQ(facts.row(1).head(5), UnknownItemFacts().row(0).head(5));
  EXPECT_NEAR(facts(1, 5), std::log(4), 1e-6);
}

TEST(RankerDataTest, AsksForWhatTheShopperDidNotHave) {
  ThreadPool pool(2);
  const RankerDataOptions options{.scorers = {"item_knn", "most_popular"}, .num_candidates = 20};

  const auto data = RankerDataOf(Fashion(60, 1), options, {.pool = &pool});

  ASSERT_THAT(data, IsOk());
  ASSERT_GT(data->num_shoppers(), 30U);
  EXPECT_EQ(static_cast<std::size_t>(data->features.rows()), data->is_wanted.size());
  for (std::size_t s = 0; s < data->num_shoppers(); ++s) {
    EXPECT_LE(data->begin[s + 1] - data->begin[s], 20U);
    const auto wanted =
        std::count(data->is_wanted.begin() + static_cast<std::ptrdiff_t>(data->begin[s]),
                   data->is_wanted.begin() + static_cast<std::ptrdiff_t>(data->begin[s + 1]), 1);
    EXPECT_GE(wanted, 1);
  }
}

Settings Small(Settings settings) {
  settings.merge(Settings{{"scorers", "item_knn,ials"}, {"epochs", "20"}, {"candidates", "30"}});
  return settings;
}

// The ranker's probabilities of everything that other shoppers of the same shop did not have, and
// what they then wanted.
struct Foreseen {
  std::vector<double> probabilities{};
  std::vector<std::uint8_t> is_wanted{};
};

Foreseen Foresee(const DeepRanker& ranker, const RankerData& data) {
  Foreseen foreseen;
  DeepRankerNetwork::Cache cache;
  Matrix inputs = data.features;
  inputs.rowwise() -= ranker.table().means.row(0);
  inputs.array().rowwise() *= ranker.table().scales.row(0).array();
  inputs = inputs.cwiseMin(kMostRankerDeviations).cwiseMax(-kMostRankerDeviations).eval();
  const Matrix z = ranker.table().network.Forward(inputs, cache, {});
  for (Eigen::Index i = 0; i < z.rows(); ++i) {
    const double log_odds = ranker.table().slope * z(i, 0) + ranker.table().shift;
    foreseen.probabilities.push_back(1 / (1 + std::exp(-log_odds)));
  }
  foreseen.is_wanted = data.is_wanted;
  return foreseen;
}

TEST(DeepRankerTrainerTest, LearnsWhatTheScorersMissAndItsProbabilitiesComeTrue) {
  ThreadPool pool(2);
  const auto model =
      FindTrainer("deep_ranker")->train(Fashion(1200, 1), Small({}), {.pool = &pool});
  const auto other = RankerDataOf(
      Fashion(600, 2), {.scorers = {"item_knn", "ials"}, .num_candidates = 30}, {.pool = &pool});

  ASSERT_THAT(model, IsOk());
  ASSERT_THAT(other, IsOk());
  const Foreseen foreseen = Foresee(static_cast<const DeepRanker&>(*model->scorer), *other);
  const auto auc = [&](const std::vector<double>& scores) {
    return AreaUnderRoc(ThresholdCurve({scores, foreseen.is_wanted}));
  };
  std::vector<double> of_ials;
  for (Eigen::Index i = 0; i < other->features.rows(); ++i) {
    of_ials.push_back(1 / (1 + std::exp(-static_cast<double>(other->features(i, 2)))));
  }
  EXPECT_GT(auc(foreseen.probabilities), auc(of_ials) + 0.02);
  EXPECT_LT(CalibrationError({foreseen.probabilities, foreseen.is_wanted}, 10), 0.05);
}

TEST(DeepRankerTrainerTest, OfTooFewShoppersItLeavesTheOrderAsItIs) {
  ThreadPool pool(1);
  const auto model = FindTrainer("deep_ranker")->train(Fashion(5, 1), Small({}), {.pool = &pool});

  ASSERT_THAT(model, IsOk());
  const auto& ranker = static_cast<const DeepRanker&>(*model->scorer);
  const Query query;
  const std::vector<ItemIndex> items = {ItemIndex{3}, ItemIndex{1}};
  const std::vector<std::string> scorers = {"ials"};
  Matrix scores(1, 2);
  scores << 1, 2;
  std::vector<float> probabilities(2);
  ranker.Rank({query, items, scorers, scores}, {}, probabilities);
  EXPECT_EQ(probabilities[0], probabilities[1]);
}

TEST(DeepRankerTrainerTest, AScorerThatThereIsNotIsRefusedByName) {
  ThreadPool pool(1);

  for (const std::string scorers : {"ials,oracle", "deep_ranker", ""}) {
    const auto model =
        FindTrainer("deep_ranker")->train(Fashion(5, 1), {{"scorers", scorers}}, {.pool = &pool});
    EXPECT_THAT(model, StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(std::string(model.status().message()), HasSubstr("scorers"));
  }
}

}  // namespace
}  // namespace vitrine
