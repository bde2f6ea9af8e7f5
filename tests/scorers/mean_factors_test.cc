#include "vitrine/scorers/collaborative/mean_factors.h"

#include <gmock/gmock.h>

#include <Eigen/Dense>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "testing/status_matchers.h"
#include "vitrine/base/random.h"
#include "vitrine/math/coarse_index.h"
#include "vitrine/math/top_k.h"
#include "vitrine/math/unit_rows.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::IsOk;
using testing::StatusIs;

constexpr std::size_t kItems = 30;
constexpr int kDimensions = 5;

ItemIndex ItemAt(std::uint32_t number) { return ItemIndex{number}; }

// Items 28 and 29 are unknown. No row has length 1.
Matrix RandomFactors() {
  Random random(17);
  Matrix factors = Matrix::NullaryExpr(
      kItems, kDimensions, [&random] { return static_cast<float>(3 * random.Normal()); });
  factors.bottomRows(2).setZero();
  return factors;
}

std::shared_ptr<const MeanFactors> MakeScorer(Matrix factors, const TouchWeights& weights = {}) {
  NormalizeRows(factors);
  auto scorer = MeanFactors::Create("mean", std::move(factors), weights);
  EXPECT_THAT(scorer, IsOk());
  return *scorer;
}

// The cosine of the header's formula, in double.
double SlowScore(const std::vector<Interaction>& history, ItemIndex item) {
  const Eigen::MatrixXd factors = RandomFactors().cast<double>();
  Eigen::RowVectorXd sum = Eigen::RowVectorXd::Zero(kDimensions);
  for (const Interaction& touch : history) {
    sum += touch.weight * factors.row(static_cast<Eigen::Index>(Row(touch.item))).normalized();
  }
  return sum.normalized().dot(factors.row(static_cast<Eigen::Index>(Row(item))).normalized());
}

TEST(MeanFactorsTest, ScoresTheCosineWithTheMiddleOfWhatWasLiked) {
  Matrix factors(3, 2);
  factors << 4, 0,  //
      0, 0.5F,      //
      7, 7;
  const std::vector<Interaction> history = {{0, ItemAt(0), 1}, {0, ItemAt(1), 1}};
  const Query query{.history = history};

  const auto lists = MakeScorer(factors)->Retrieve({&query, 1}, nullptr, 3);

  ASSERT_EQ(lists[0].size(), 3U);
  EXPECT_EQ(lists[0][0].item, ItemAt(2));
  EXPECT_NEAR(lists[0][0].score, 1, 1e-6);
  EXPECT_NEAR(lists[0][1].score, std::sqrt(0.5), 1e-6);
}

TEST(MeanFactorsTest, AgreesWithTheFormulaForLikesAndDislikes) {
  const std::vector<Interaction> history = {
      {0, ItemAt(3), 2}, {0, ItemAt(11), 1}, {0, ItemAt(20), -1.5F}, {0, ItemAt(7), 4}};
  const Query query{.history = history};
  std::vector<ItemIndex> items;
  for (std::uint32_t i = 0; i < kItems - 2; ++i) items.push_back(ItemAt(i));
  Matrix scores(1, kItems - 2);

  MakeScorer(RandomFactors())->Score({&query, 1}, items, scores);

  for (std::size_t i = 0; i < items.size(); ++i) {
    EXPECT_NEAR(scores(0, static_cast<Eigen::Index>(i)), SlowScore(history, items[i]), 1e-5) << i;
  }
}

TEST(MeanFactorsTest, UnknownItemsAreNeitherScoredNorPartOfTheShopper) {
  const auto scorer = MakeScorer(RandomFactors());
  const std::vector<Interaction> known = {{0, ItemAt(1), 1}};
  const std::vector<Interaction> mixed = {
      {0, ItemAt(29), 7}, {0, ItemAt(1), 1}, {0, ItemAt(500), 1}};
  const std::vector<Query> queries = {{.history = known}, {.history = mixed}};
  const std::vector<ItemIndex> items = {ItemAt(29), ItemAt(500)};
  Matrix scores(2, 2);

  scorer->Score(queries, items, scores);
  const auto lists = scorer->Retrieve(queries, nullptr, kItems);

  EXPECT_THAT(scores.reshaped(), ::testing::Each(kUnscored));
  EXPECT_EQ(lists[0], lists[1]);
  EXPECT_EQ(lists[0].size(), kItems - 2);
}

// So many that they are in blocks, whose bounds one row without a length must not break.
TEST(MeanFactorsTest, ARowTooShortForItsInverseIsUnknownAndChangesNoList) {
  constexpr std::uint32_t kMany = CoarseIndex::kFewestInBlocks;
  constexpr std::uint32_t kHalf = kMany / 2;  // Scored as those of a list are, one by one.
  Random random(5);
  Matrix factors(static_cast<Eigen::Index>(kMany), 3);
  for (float& value : factors.reshaped()) value = static_cast<float>(random.Normal());
  constexpr float kLeast = std::numeric_limits<float>::denorm_min();
  factors.row(7) << kLeast, 0, 0;
  factors.row(40'000) << 0, -1e-40F, 1e-40F;
  const auto scorer = MeanFactors::Create("mean", factors, {});
  ASSERT_THAT(scorer, IsOk());
  EXPECT_FALSE((*scorer)->known_items().Contains(ItemAt(7)));
  EXPECT_FALSE((*scorer)->known_items().Contains(ItemAt(40'000)));
  const std::vector<ItemIndex> items = ItemBitmap(kMany, /*is_full=*/true).Items();

  for (const std::uint32_t liked : {1U, 20'000U, 49'999U}) {
    const std::vector<Interaction> history = {{0, ItemAt(liked), 1}, {0, ItemAt(7), 1}};
    const Query query{.history = history};
    Matrix scores(1, kMany);
    (*scorer)->Score({&query, 1}, std::span(items).first(kHalf), scores.leftCols(kHalf));
    (*scorer)->Score({&query, 1}, std::span(items).last(kHalf), scores.rightCols(kHalf));

    EXPECT_EQ(scores(0, 7), kUnscored);
    EXPECT_EQ((*scorer)->Retrieve({&query, 1}, nullptr, 20).front(),
              TopKOf({scores.data(), kMany}, 20))
        << "about item " << liked;
  }
}

TEST(MeanFactorsTest, AShopperWhoLikedNothingGetsNothing) {
  const std::vector<Interaction> disliked = {{0, ItemAt(1), -1}};
  const std::vector<Interaction> unknown = {{0, ItemAt(28), 1}};
  const std::vector<Query> queries = {{}, {.history = disliked}, {.history = unknown}};

  const auto lists = MakeScorer(RandomFactors())->Retrieve(queries, nullptr, 5);

  EXPECT_THAT(lists, ElementsAre(IsEmpty(), IsEmpty(), IsEmpty()));
}

TEST(MeanFactorsTest, WhatThePageShowsCountsByTheContextWeight) {
  const auto scorer = MakeScorer(RandomFactors(), {.context_weight = 4});
  const std::vector<Interaction> liked = {{0, ItemAt(2), 1}};
  const std::vector<Interaction> both = {{0, ItemAt(2), 1}, {0, ItemAt(9), 4}};
  const std::vector<ItemIndex> page = {ItemAt(9)};
  const std::vector<Query> queries = {{.history = liked, .context_items = page}, {.history = both}};

  const Matrix vectors = scorer->UserVectors(queries);

  EXPECT_LT((vectors.row(0) - vectors.row(1)).norm(), 1e-6F);
}

TEST(MeanFactorsTest, ExplanationsAddUpToTheScore) {
  const auto scorer = MakeScorer(RandomFactors());
  const std::vector<Interaction> history = {
      {0, ItemAt(3), 2}, {0, ItemAt(11), -1}, {0, ItemAt(28), 5}};
  const Query query{.history = history};

  const auto contributions = scorer->Explain(query, ItemAt(6));

  ASSERT_EQ(contributions.size(), 2U);
  EXPECT_EQ(contributions[0].item, ItemAt(3));
  const std::vector<Interaction> known(history.begin(), history.begin() + 2);
  EXPECT_NEAR(contributions[0].value + contributions[1].value, SlowScore(known, ItemAt(6)), 1e-5);
  EXPECT_THAT(scorer->Explain(query, ItemAt(29)), IsEmpty());
}

// Whose squares are below what floats hold.
TEST(MeanFactorsTest, ShortVectorsGiveCosinesToo) {
  Matrix factors(3, 2);
  factors << 1e-30F, 0,  //
      0.6F, 0.8F,        //
      0, 5e-30F;
  const auto scorer = MeanFactors::Create("mean", std::move(factors), {});
  ASSERT_THAT(scorer, IsOk());
  const std::vector<Interaction> history = {{0, ItemAt(0), 1}};
  const Query query{.history = history};

  const auto lists = (*scorer)->Retrieve({&query, 1}, nullptr, 3);

  ASSERT_EQ(lists[0].size(), 3U);
  EXPECT_EQ(lists[0][0].item, ItemAt(0));
  EXPECT_NEAR(lists[0][0].score, 1, 1e-6);
  EXPECT_NEAR(lists[0][1].score, 0.6, 1e-6);
  for (const ScoredItem& each : lists[0]) {
    const auto contributions = (*scorer)->Explain(query, each.item);
    ASSERT_EQ(contributions.size(), 1U);
    EXPECT_NEAR(contributions[0].value, each.score, 1e-6);
  }
}

TEST(MeanFactorsTest, RefusesFactorsThatAreNone) {
  Matrix infinite = RandomFactors();
  infinite(4, 1) = std::numeric_limits<float>::infinity();

  EXPECT_THAT(MeanFactors::Create("mean", Matrix(3, 0), {}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(MeanFactors::Create("mean", infinite, {}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(MeanFactors::Create("mean", RandomFactors(), {.scale = 0}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(MeanFactorsTest, RefusesMoreDimensionsThanItsSketchesTake) {
  EXPECT_THAT(MeanFactors::Create("mean", Matrix::Ones(2, 8000), {}), IsOk());

  const auto refused = MeanFactors::Create("mean", Matrix::Ones(2, 8001), {});

  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(refused.status().message(), "mean wants 1 to 8000 dimensions, got 8001");
}

// Saved with its own kind's rows: item r becomes item `places`[r].
absl::StatusOr<std::shared_ptr<const MeanFactors>> Reloaded(const MeanFactors& scorer,
                                                            const std::vector<ItemIndex>& places,
                                                            std::size_t num_items) {
  ByteWriter writer;
  Save(scorer, writer);
  const std::string bytes = writer.bytes();
  ByteReader reader(bytes);
  return LoadMeanFactors("mean", reader, places, num_items);
}

TEST(MeanFactorsTest, LoadsRowsToTheirNewPlaces) {
  const auto scorer = MakeScorer(RandomFactors());
  std::vector<ItemIndex> places;
  for (std::uint32_t i = 0; i < kItems; ++i) places.push_back(ItemAt(kItems - i));
  places[0] = ItemAt(0xFFFFFFFF);

  const auto loaded = Reloaded(*scorer, places, kItems + 1);

  ASSERT_THAT(loaded, IsOk());
  ASSERT_EQ((*loaded)->item_factors().rows(), static_cast<Eigen::Index>(kItems + 1));
  EXPECT_EQ((*loaded)->item_factors().row(kItems - 5), scorer->item_factors().row(5));
  EXPECT_FALSE((*loaded)->known_items().Contains(ItemAt(0)));
  EXPECT_FALSE((*loaded)->known_items().Contains(ItemAt(kItems)));
}

}  // namespace
}  // namespace vitrine
