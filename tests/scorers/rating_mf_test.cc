#include "vitrine/scorers/collaborative/rating_mf.h"

#include <gmock/gmock.h>

#include <Eigen/LU>
#include <limits>
#include <utility>
#include <vector>

#include "testing/status_matchers.h"
#include "vitrine/base/random.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::IsEmpty;
using testing::IsOk;
using ::testing::SizeIs;
using testing::StatusIs;

Interaction Rate(std::uint32_t item, float rating) {
  return {.item = ItemIndex{item}, .value = rating, .type = EventType::kRate};
}

std::vector<ItemIndex> Every(std::uint32_t count) {
  std::vector<ItemIndex> items;
  for (std::uint32_t i = 0; i < count; ++i) items.push_back(ItemIndex{i});
  return items;
}

std::shared_ptr<const RatingMf> Make(RatingMfParts parts) {
  auto scorer = RatingMf::Create(std::move(parts));
  EXPECT_THAT(scorer, IsOk());
  return *std::move(scorer);
}

// Biases 0.5 and -1; the third item was never rated.
RatingMfParts Biases() {
  RatingMfParts parts{.mean_rating = 3,
                      .item_vectors = Matrix(3, 1),
                      .item_variances = Matrix(3, 1),
                      .user_penalties = Eigen::VectorXf::Constant(1, 2)};
  parts.item_vectors << 0.5F, -1, 0;
  parts.item_variances << 0.1F, 0.1F, 0;
  return parts;
}

// Five items of three dimensions, the last one never rated.
RatingMfParts Factors() {
  Random random(4);
  RatingMfParts parts{.mean_rating = 3.5F,
                      .item_vectors = Matrix::NullaryExpr(
                          5, 4, [&] { return static_cast<float>(random.Normal()); }),
                      .item_variances = Matrix::NullaryExpr(
                          5, 4, [&] { return static_cast<float>(0.1 + random.Uniform()); }),
                      .user_penalties = Eigen::VectorXf::LinSpaced(4, 0.5F, 2)};
  parts.item_vectors.row(4).setZero();
  parts.item_variances.row(4).setZero();
  return parts;
}

TEST(RatingMfTest, WithoutDimensionsPredictsTheMeanAndTheTwoBiases) {
  const auto scorer = Make(Biases());
  // Two above what is expected of each of the two: b_u = (2 + 2) / (2 + 2).
  const std::vector<Interaction> history = {Rate(0, 5.5F), Rate(1, 4)};

  EXPECT_THAT(scorer->PredictRatings({.history = history}, Every(3)),
              ElementsAre(FloatEq(4.5F), FloatEq(3), FloatEq(4)));
}

TEST(RatingMfTest, AShopperWithoutRatingsGetsTheItemsBiases) {
  const auto scorer = Make(Factors());
  const Query nobody;
  Matrix scores(1, 5);

  scorer->Score({&nobody, 1}, Every(5), scores);

  for (Eigen::Index i = 0; i < 4; ++i) {
    EXPECT_FLOAT_EQ(scores(0, i), scorer->parts().item_vectors(i, 3));
  }
  EXPECT_EQ(scores(0, 4), kUnscored);
}

// The normal equations, in double, entry by entry.
Eigen::VectorXd SlowShopper(const RatingMfParts& parts, const std::vector<Interaction>& history) {
  Eigen::MatrixXd normal = parts.user_penalties.cast<double>().asDiagonal();
  Eigen::VectorXd right = Eigen::VectorXd::Zero(4);
  for (const Interaction& each : history) {
    const auto row = static_cast<Eigen::Index>(Row(each.item));
    Eigen::VectorXd f = parts.item_vectors.row(row).transpose().cast<double>();
    const double error = each.value - parts.mean_rating - f[3];
    f[3] = 1;
    normal += f * f.transpose();
    for (Eigen::Index k = 0; k < 3; ++k) normal(k, k) += parts.item_variances(row, k);
    right += error * f;
  }
  return normal.inverse() * right;
}

TEST(RatingMfTest, FoldsInAsTheNormalEquationsSay) {
  const auto scorer = Make(Factors());
  for (const std::vector<Interaction>& history :
       {std::vector<Interaction>{Rate(2, 5)},
        std::vector<Interaction>{Rate(0, 1), Rate(1, 4), Rate(2, 3), Rate(3, 0.5F)}}) {
    const Query query{.history = history};
    const Eigen::VectorXd shopper = SlowShopper(scorer->parts(), history);
    Matrix scores(1, 5);

    scorer->Score({&query, 1}, Every(5), scores);
    const std::vector<float> ratings = scorer->PredictRatings(query, Every(5));

    for (Eigen::Index i = 0; i < 4; ++i) {
      const Eigen::VectorXd vector = scorer->parts().item_vectors.row(i).transpose().cast<double>();
      const double expected = vector.head(3).dot(shopper.head(3)) + vector[3];
      EXPECT_NEAR(scores(0, i), expected, 1e-4);
      EXPECT_NEAR(ratings[static_cast<std::size_t>(i)], 3.5 + shopper[3] + expected, 1e-4);
    }
    EXPECT_NEAR(ratings[4], 3.5 + shopper[3], 1e-4);
  }
}

TEST(RatingMfTest, OtherEventsThanRatingsChangeNothing) {
  const auto scorer = Make(Factors());
  const std::vector<Interaction> views = {
      {.item = ItemIndex{1}, .weight = 1, .type = EventType::kDetailPageView}};

  EXPECT_EQ(scorer->PredictRatings({.history = views}, Every(5)),
            scorer->PredictRatings({}, Every(5)));
}

TEST(RatingMfTest, ExplainsByTheBiasAndEachRatedItem) {
  const auto scorer = Make(Factors());
  const std::vector<Interaction> history = {Rate(0, 1), Rate(4, 2), Rate(2, 3)};

  const std::vector<Contribution> parts = scorer->Explain({.history = history}, ItemIndex{1});

  ASSERT_THAT(parts, SizeIs(3));
  EXPECT_EQ(parts[0].source, Contribution::Source::kBase);
  EXPECT_EQ(parts[0].value, scorer->parts().item_vectors(1, 3));
  EXPECT_EQ(parts[1].item, ItemIndex{0});
  EXPECT_EQ(parts[2].item, ItemIndex{2});
  EXPECT_THAT(scorer->Explain({.history = history}, ItemIndex{4}), IsEmpty());
}

TEST(RatingMfTest, RefusesPartsThatDoNotFitTogether) {
  RatingMfParts narrow = Factors();
  narrow.user_penalties = Eigen::VectorXf::Ones(3);
  RatingMfParts negative = Factors();
  negative.item_variances(0, 0) = -1;
  RatingMfParts unbounded = Factors();
  unbounded.user_penalties[0] = 0;
  RatingMfParts wide{.mean_rating = 3,
                     .item_vectors = Matrix::Ones(3, 8001),
                     .item_variances = Matrix::Ones(3, 8001),
                     .user_penalties = Eigen::VectorXf::Ones(8001)};
  RatingMfParts infinite = Factors();
  infinite.item_vectors(0, 0) = std::numeric_limits<float>::infinity();

  for (RatingMfParts& parts :
       std::vector<RatingMfParts>{narrow, negative, unbounded, wide, infinite}) {
    EXPECT_THAT(RatingMf::Create(std::move(parts)), StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

}  // namespace
}  // namespace vitrine
