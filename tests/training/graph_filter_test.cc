#include "training/graph_filter.h"

#include <gmock/gmock.h>

#include <Eigen/Eigenvalues>
#include <cmath>

#include "scorers/sample_shop.h"
#include "testing/status_matchers.h"
#include "training/graph_filter_trainer.h"
#include "training/interactions.h"

namespace vitrine {
namespace {

using testing::CutToLargest;
using testing::DenseOf;
using testing::IsOk;
using testing::RandomInteractions;
using testing::SampleShop;
using testing::SparseOf;

// Sums of the rows of `x` to the power of -exponent, 0 where there is nothing.
Eigen::VectorXd Shrunk(const Eigen::VectorXd& sums, double exponent) {
  return (sums.array() > 0).select(sums.array().pow(-exponent), 0.0);
}

Eigen::MatrixXd SlowNormalised(const Eigen::MatrixXd& x, double user_exponent,
                               double item_exponent) {
  return Shrunk(x.rowwise().sum(), user_exponent).asDiagonal() * x *
         Shrunk(x.colwise().sum(), item_exponent).asDiagonal();
}

// B as the papers have it, with dense matrices and Eigen's eigenvectors.
Eigen::MatrixXd SlowFilter(const Eigen::MatrixXd& x, const GraphFilterOptions& options) {
  const Eigen::MatrixXd r = SlowNormalised(x, 0.5, 0.5);
  const Eigen::MatrixXd p = r.transpose() * r;
  const auto rank = static_cast<Eigen::Index>(options.svd.rank);
  const Eigen::MatrixXd v =
      Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(p).eigenvectors().rightCols(rank);
  const Eigen::VectorXd degrees = x.colwise().sum();
  const Eigen::MatrixXd low_pass =
      Shrunk(degrees, 0.5).asDiagonal() * (v * v.transpose()) * degrees.cwiseSqrt().asDiagonal();
  // The step of the Runge-Kutta method, written out.
  Eigen::MatrixXd state = p + options.low_pass_weight * low_pass;
  const double time = options.sharpening_time;
  const Eigen::MatrixXd k1 = -state * p;
  const Eigen::MatrixXd k2 = -(state + time / 2 * k1) * p;
  const Eigen::MatrixXd k3 = -(state + time / 2 * k2) * p;
  const Eigen::MatrixXd k4 = -(state + time * k3) * p;
  return state + time / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
}

// A rank at which the decomposition has converged however close the values are.
GraphFilterOptions SmallOptions(double sharpening_time) {
  return {.low_pass_weight = 0.3,
          .sharpening_time = sharpening_time,
          .svd = {.rank = 6, .oversampling = 40, .iterations = 10}};
}

class GraphFilterTest : public ::testing::TestWithParam<double> {};

TEST_P(GraphFilterTest, ColumnsAndScoresAreThoseOfTheDenseFilter) {
  const Eigen::MatrixXf x = RandomInteractions(60, 40);
  const GraphFilterOptions options = SmallOptions(GetParam());
  const Eigen::MatrixXd expected = SlowFilter(x.cast<double>(), options);

  const GraphFilter filter(SparseOf(x), options, nullptr);

  EXPECT_LT((filter.Columns(0, 40).cast<double>() - expected).cwiseAbs().maxCoeff(), 1e-4);
  EXPECT_LT((filter.Columns(7, 5).cast<double>() - expected.middleCols(7, 5)).cwiseAbs().maxCoeff(),
            1e-4);
  EXPECT_LT((filter.Scores(Matrix::Identity(40, 40)).cast<double>() - expected.transpose())
                .cwiseAbs()
                .maxCoeff(),
            1e-4);
}

INSTANTIATE_TEST_SUITE_P(SharpeningTimes, GraphFilterTest, ::testing::Values(0, 0.5, 2.5));

TEST(GraphFilterTableTest, KeepsTheLargestOfAll) {
  const Eigen::MatrixXf x = RandomInteractions(60, 40);
  const GraphFilterOptions options = SmallOptions(2.5);
  const GraphFilter filter(SparseOf(x), options, nullptr);
  ThreadPool pool(2);

  const auto cut = FilterNeighbours(filter, {.mean_neighbours = 9}, {.pool = &pool});

  Eigen::MatrixXd expected = filter.Columns(0, 40).cast<double>();
  expected.diagonal().setZero();
  ASSERT_THAT(cut, IsOk());
  EXPECT_LT((DenseOf(*cut) - CutToLargest(expected, 9)).cwiseAbs().maxCoeff(), 1e-6);
}

TEST(GraphFilterTableTest, KeepsTheDiagonalWhenAsked) {
  const GraphFilter filter(SparseOf(RandomInteractions(60, 40)), SmallOptions(2.5), nullptr);
  ThreadPool pool(2);

  const auto cut =
      FilterNeighbours(filter, {.mean_neighbours = 40, .include_self = true}, {.pool = &pool});

  ASSERT_THAT(cut, IsOk());
  const Eigen::MatrixXd diagonal = filter.Columns(0, 40).cast<double>().diagonal();
  EXPECT_LT((DenseOf(*cut).diagonal() - diagonal).cwiseAbs().maxCoeff(), 1e-6);
}

TEST(LinearFilterTest, TwoShoppersByHand) {
  Eigen::MatrixXf x(2, 3);
  x << 1, 1, 0,  //
      0, 1, 1;
  ThreadPool pool(1);

  const auto filter = LinearFilterNeighbours(SparseOf(x), {.user_exponent = 1, .power = 0.5},
                                             {.mean_neighbours = 5}, {.pool = &pool});

  // Each shopper's row is divided by its 2 items: 1/2 * 1/2 for a shared one, then the root.
  ASSERT_THAT(filter, IsOk());
  Eigen::MatrixXd expected(3, 3);
  expected << 0, 0.5, 0,  //
      0.5, 0, 0.5,        //
      0, 0.5, 0;
  EXPECT_LT((DenseOf(*filter) - expected).cwiseAbs().maxCoeff(), 1e-6);
}

TEST(LinearFilterTest, AgreesWithTheDenseFilter) {
  const Eigen::MatrixXf x = RandomInteractions(60, 40);
  const LinearFilterOptions options{.user_exponent = 0.6, .power = 0.7};
  ThreadPool pool(2);

  const auto filter = LinearFilterNeighbours(
      SparseOf(x), options, {.mean_neighbours = 8, .include_self = false}, {.pool = &pool});

  const Eigen::MatrixXd r = SlowNormalised(x.cast<double>(), 0.6, 0.4);
  Eigen::MatrixXd expected = (r.transpose() * r).array().pow(0.7);
  expected.diagonal().setZero();
  ASSERT_THAT(filter, IsOk());
  EXPECT_LT((DenseOf(*filter) - CutToLargest(expected, 8)).cwiseAbs().maxCoeff(), 1e-6);
}

class GraphFilterModelTest : public ::testing::TestWithParam<std::string> {};

TEST_P(GraphFilterModelTest, TheServedFormIsThePapersWhereNothingIsCut) {
  ThreadPool pool(2);
  const auto model = FindTrainer("graph_filter")
                         ->train(SampleShop(),
                                 {{"filter", GetParam()},
                                  {"dimensions", "8"},
                                  {"neighbours", "100"},
                                  {"include_self", "true"},
                                  {"as_paper", "true"}},
                                 {.pool = &pool});
  ASSERT_THAT(model, IsOk());
  ASSERT_NE(model->as_paper, nullptr);
  const std::vector<Interaction> history = {{0, testing::ItemNumber(2), 3},
                                            {0, testing::ItemNumber(5), -1}};
  const Query query{.history = history};

  const auto served = model->scorer->Retrieve({&query, 1}, nullptr, 20).front();
  const auto as_paper = model->as_paper->Retrieve({&query, 1}, nullptr, 20).front();

  ASSERT_EQ(served.size(), 20U);
  ASSERT_EQ(as_paper.size(), 20U);
  for (std::size_t i = 0; i < 20; ++i) {
    EXPECT_NEAR(as_paper[i].score, served[i].score, 1e-5) << "rank " << i + 1;
  }
}

INSTANTIATE_TEST_SUITE_P(Filters, GraphFilterModelTest,
                         ::testing::Values("linear", "low_pass", "sharpened"));

}  // namespace
}  // namespace vitrine
