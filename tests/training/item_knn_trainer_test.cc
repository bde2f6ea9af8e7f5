#include "training/item_knn_trainer.h"

#include <gmock/gmock.h>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "scorers/sample_shop.h"
#include "testing/status_matchers.h"
#include "vitrine/base/random.h"
#include "vitrine/math/top_k.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

CsrMatrix Sparse(const Eigen::MatrixXf& dense) {
  CsrMatrix matrix;
  matrix.num_rows = static_cast<std::size_t>(dense.rows());
  matrix.num_cols = static_cast<std::size_t>(dense.cols());
  for (Eigen::Index row = 0; row < dense.rows(); ++row) {
    for (Eigen::Index column = 0; column < dense.cols(); ++column) {
      if (dense(row, column) == 0) continue;
      matrix.column.push_back(static_cast<std::uint32_t>(column));
      matrix.value.push_back(dense(row, column));
    }
    matrix.row_begin.push_back(matrix.column.size());
  }
  return matrix;
}

CsrMatrix Neighbours(const Eigen::MatrixXf& dense, const NeighbourOptions& options) {
  ThreadPool pool(2);
  auto neighbours = SimilarItems(Sparse(dense), options, {.pool = &pool});
  EXPECT_THAT(neighbours, IsOk());
  return *neighbours;
}

Eigen::MatrixXf Dense(const CsrMatrix& matrix) {
  Eigen::MatrixXf dense = Eigen::MatrixXf::Zero(static_cast<Eigen::Index>(matrix.num_rows),
                                                static_cast<Eigen::Index>(matrix.num_cols));
  for (std::size_t row = 0; row < matrix.num_rows; ++row) {
    for (std::size_t i = 0; i < matrix.Columns(row).size(); ++i) {
      dense(static_cast<Eigen::Index>(row), matrix.Columns(row)[i]) = matrix.Values(row)[i];
    }
  }
  return dense;
}

TEST(ItemKnnTrainerTest, ThreeShoppersAndThreeItemsByHand) {
  Eigen::MatrixXf weights(3, 3);
  weights << 1, 1, 0,  //
      1, 1, 0,         //
      0, 1, 1;

  const CsrMatrix neighbours = Neighbours(weights, {.num_neighbours = 5, .shrinkage = 1});

  // Norms are sqrt 2, sqrt 3 and 1; items 0 and 1 share two shoppers, 1 and 2 one.
  const float s01 = 2 / (std::sqrt(6.0F) + 1);
  const float s12 = 1 / (std::sqrt(3.0F) + 1);
  EXPECT_THAT(neighbours.Columns(0), ElementsAre(1));
  EXPECT_THAT(neighbours.Values(0), ElementsAre(FloatEq(s01)));
  EXPECT_THAT(neighbours.Columns(1), ElementsAre(0, 2));
  EXPECT_THAT(neighbours.Values(1), ElementsAre(FloatEq(s01), FloatEq(s12)));
  EXPECT_THAT(neighbours.Columns(2), ElementsAre(1));
}

TEST(ItemKnnTrainerTest, CutsTheNeighboursOfTheRecommendedItem) {
  Eigen::MatrixXf weights(3, 3);
  weights << 1, 1, 0,  //
      1, 1, 0,         //
      0, 1, 1;

  const CsrMatrix neighbours = Neighbours(weights, {.num_neighbours = 1, .shrinkage = 1});

  // Item 1 is the best neighbour of 0 and of 2; its own best is 0, so 2 speaks for nothing.
  EXPECT_THAT(neighbours.Columns(0), ElementsAre(1));
  EXPECT_THAT(neighbours.Columns(1), ElementsAre(0, 2));
  EXPECT_THAT(neighbours.Columns(2), ElementsAre());
}

TEST(ItemKnnTrainerTest, KeepsTheDiagonalBesidesTheNeighboursWhenAsked) {
  Eigen::MatrixXf weights(2, 2);
  weights << 1, 1,  //
      1, 0;

  const CsrMatrix neighbours =
      Neighbours(weights, {.num_neighbours = 1, .shrinkage = 2, .include_self = true});

  EXPECT_THAT(neighbours.Columns(0), ElementsAre(0, 1));
  EXPECT_THAT(neighbours.Values(0),
              ElementsAre(FloatEq(2.0F / 4), FloatEq(1 / (std::sqrt(2.0F) + 2))));
  EXPECT_THAT(neighbours.Values(1),
              ElementsAre(FloatEq(1 / (std::sqrt(2.0F) + 2)), FloatEq(1.0F / 3)));
}

TEST(ItemKnnTrainerTest, AgreesWithTheDenseCosine) {
  Random random(13);
  const Eigen::MatrixXf weights = Eigen::MatrixXf::NullaryExpr(90, 150, [&random] {
    return random.Below(6) == 0 ? static_cast<float>(1 + random.Below(4)) : 0.0F;
  });
  constexpr double kShrinkage = 3;

  const Eigen::MatrixXf fast =
      Dense(Neighbours(weights, {.num_neighbours = 12, .shrinkage = kShrinkage}));

  for (Eigen::Index target = 0; target < weights.cols(); ++target) {
    std::vector<float> similarities;
    for (Eigen::Index other = 0; other < weights.cols(); ++other) {
      const Eigen::VectorXd x = weights.col(target).cast<double>();
      const Eigen::VectorXd y = weights.col(other).cast<double>();
      const double cosine = x.dot(y) / (x.norm() * y.norm() + kShrinkage);
      similarities.push_back(other == target || cosine == 0 ? -INFINITY
                                                            : static_cast<float>(cosine));
    }
    Eigen::VectorXf expected = Eigen::VectorXf::Zero(weights.cols());
    for (const ScoredItem& scored : TopKOf(similarities, 12)) {
      expected[static_cast<Eigen::Index>(Row(scored.item))] = scored.score;
    }
    EXPECT_LT((fast.col(target) - expected).cwiseAbs().maxCoeff(), 1e-6F) << "item " << target;
  }
}

TEST(ItemKnnTrainerTest, JaccardDividesByTheUnionOfShoppers) {
  Eigen::MatrixXf weights(3, 2);
  weights << 1, 1,  //
      1, 0,         //
      0, 1;

  const CsrMatrix neighbours =
      Neighbours(weights, {.similarity = Similarity::kJaccard, .shrinkage = 1});

  EXPECT_THAT(neighbours.Values(0), ElementsAre(FloatEq(1.0F / (3 + 1))));
}

TEST(ItemKnnTrainerTest, PearsonKeepsWhatDeviatesTheSameWay) {
  Eigen::MatrixXf weights(2, 3);
  weights << 1, 2, 5,  //
      3, 4, 1;

  const CsrMatrix neighbours =
      Neighbours(weights, {.similarity = Similarity::kPearson, .shrinkage = 0});

  // Items 0 and 1 rise together; 2 falls, and what is below 0 is no neighbour.
  EXPECT_THAT(neighbours.Columns(0), ElementsAre(1));
  EXPECT_THAT(neighbours.Values(0), ElementsAre(FloatEq(1)));
  EXPECT_THAT(neighbours.Columns(2), ElementsAre());
}

TEST(ItemKnnTrainerTest, TermWeightsLetARareTouchSpeakLouder) {
  Eigen::MatrixXf weights(4, 3);
  weights << 1, 0, 1,  //
      1, 1, 0,         //
      1, 0, 0,         //
      1, 0, 0;

  const CsrMatrix neighbours =
      Neighbours(weights, {.shrinkage = 0, .term_weights = {.weighting = TermWeighting::kTfIdf}});

  // The cosine of 0 and 1 is 1/2 whatever the terms weigh; then ln(1 + 4 / count) of the touched.
  EXPECT_THAT(neighbours.Values(0),
              ElementsAre(FloatEq(0.5F * std::log(2.0F)), FloatEq(0.5F * std::log(2.0F))));
  EXPECT_THAT(neighbours.Values(1), ElementsAre(FloatEq(0.5F * std::log(5.0F))));
}

class PearsonTest : public ::testing::TestWithParam<const char*> {
 protected:
  static absl::StatusOr<Model> Trained(const std::string& weighting,
                                       const std::string& term_weighting) {
    const Settings settings = {
        {"similarity", "pearson"}, {"weighting", weighting}, {"term_weighting", term_weighting}};
    ThreadPool pool(1);
    return FindTrainer(GetParam())->train(testing::SampleShop(), settings, {.pool = &pool});
  }
};

TEST_P(PearsonTest, LearnsFromPairsThatWeighDifferently) {
  EXPECT_THAT(Trained("linear", "none"), IsOk());
}

TEST_P(PearsonTest, RefusesPairsThatWeighTheSame) {
  const auto model = Trained("binary", "none");

  EXPECT_THAT(model, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(model.status().message()), HasSubstr("set weighting=linear"));
}

TEST_P(PearsonTest, RefusesTermWeights) {
  for (const std::string term_weighting : {"tfidf", "bm25"}) {
    const auto model = Trained("linear", term_weighting);

    EXPECT_THAT(model, StatusIs(absl::StatusCode::kInvalidArgument)) << term_weighting;
    EXPECT_THAT(std::string(model.status().message()), HasSubstr("set term_weighting=none"));
  }
}

INSTANTIATE_TEST_SUITE_P(Trainers, PearsonTest, ::testing::Values("item_knn", "user_knn"),
                         [](const ::testing::TestParamInfo<const char*>& test) {
                           return std::string(test.param);
                         });

}  // namespace
}  // namespace vitrine
