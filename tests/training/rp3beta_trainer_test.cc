#include "training/rp3beta_trainer.h"

#include <gmock/gmock.h>

#include <Eigen/Core>
#include <cmath>
#include <vector>

#include "testing/status_matchers.h"
#include "vitrine/base/random.h"
#include "vitrine/math/top_k.h"

namespace vitrine {
namespace {

using testing::IsOk;

CsrMatrix Sparse(const Eigen::MatrixXd& dense) {
  CsrMatrix matrix;
  matrix.num_rows = static_cast<std::size_t>(dense.rows());
  matrix.num_cols = static_cast<std::size_t>(dense.cols());
  for (Eigen::Index row = 0; row < dense.rows(); ++row) {
    for (Eigen::Index column = 0; column < dense.cols(); ++column) {
      if (dense(row, column) == 0) continue;
      matrix.column.push_back(static_cast<std::uint32_t>(column));
      matrix.value.push_back(static_cast<float>(dense(row, column)));
    }
    matrix.row_begin.push_back(matrix.column.size());
  }
  return matrix;
}

Eigen::MatrixXd Dense(const CsrMatrix& matrix) {
  Eigen::MatrixXd dense = Eigen::MatrixXd::Zero(static_cast<Eigen::Index>(matrix.num_rows),
                                                static_cast<Eigen::Index>(matrix.num_cols));
  for (std::size_t row = 0; row < matrix.num_rows; ++row) {
    for (std::size_t i = 0; i < matrix.Columns(row).size(); ++i) {
      dense(static_cast<Eigen::Index>(row), matrix.Columns(row)[i]) = matrix.Values(row)[i];
    }
  }
  return dense;
}

// Zeroes all but the `k` largest of `values`; zeros are never kept.
Eigen::VectorXd SlowCut(const Eigen::VectorXd& values, std::size_t k) {
  std::vector<float> scores;
  for (const double value : values) {
    scores.push_back(value > 0 ? static_cast<float>(value) : -INFINITY);
  }
  Eigen::VectorXd cut = Eigen::VectorXd::Zero(values.size());
  for (const ScoredItem& kept : TopKOf(scores, k)) {
    const auto place = static_cast<Eigen::Index>(Row(kept.item));
    cut[place] = values[place];
  }
  return cut;
}

// The definition, densely.
Eigen::MatrixXd SlowWalk(const Eigen::MatrixXd& weights, const WalkOptions& options) {
  const Eigen::Index num_items = weights.cols();
  Eigen::MatrixXd walks = Eigen::MatrixXd::Zero(num_items, num_items);
  for (Eigen::Index j = 0; j < num_items; ++j) {
    for (Eigen::Index i = 0; i < num_items; ++i) {
      if (i == j) continue;
      for (Eigen::Index u = 0; u < weights.rows(); ++u) {
        if (weights(u, j) == 0 || weights(u, i) == 0) continue;
        walks(j, i) += std::pow(weights(u, j) / weights.col(j).sum(), options.alpha) *
                       std::pow(weights(u, i) / weights.row(u).sum(), options.alpha);
      }
      const auto degree = static_cast<double>((weights.col(i).array() > 0).count());
      if (degree > 0) walks(j, i) *= std::pow(degree, -options.beta);
    }
    walks.row(j) = SlowCut(walks.row(j).transpose(), options.num_neighbours).transpose();
    const double sum = walks.row(j).sum();
    if (sum > 0) walks.row(j) /= sum;
  }
  for (Eigen::Index i = 0; i < num_items; ++i) {
    walks.col(i) = SlowCut(walks.col(i), options.num_neighbours);
  }
  return walks;
}

TEST(Rp3betaTrainerTest, AgreesWithTheDenseWalk) {
  Random random(17);
  const Eigen::MatrixXd weights = Eigen::MatrixXd::NullaryExpr(
      60, 130, [&random] { return random.Below(7) == 0 ? 0.5 + random.Uniform() : 0.0; });
  const WalkOptions options{.alpha = 0.7, .beta = 0.4, .num_neighbours = 9};
  ThreadPool pool(2);

  const auto walked = WalkedItems(Sparse(weights), options, {.pool = &pool});

  ASSERT_THAT(walked, IsOk());
  EXPECT_LT((Dense(*walked) - SlowWalk(weights, options)).cwiseAbs().maxCoeff(), 1e-6);
}

TEST(Rp3betaTrainerTest, WalksSoUnlikelyThatTheyAreZeroLeadNowhere) {
  const Eigen::MatrixXd everybody_everything = Eigen::MatrixXd::Ones(200, 200);
  ThreadPool pool(2);

  const auto walked = WalkedItems(Sparse(everybody_everything), {.alpha = 10}, {.pool = &pool});

  ASSERT_THAT(walked, IsOk());
  EXPECT_TRUE(walked->value.empty());
}

TEST(Rp3betaTrainerTest, BetaHoldsThePopularBack) {
  // Item 0 meets 1 and 2 once each; all three other shoppers have item 1.
  Eigen::MatrixXd weights(5, 3);
  weights << 1, 1, 0,  //
      1, 0, 1,         //
      0, 1, 0,         //
      0, 1, 0,         //
      0, 1, 0;
  ThreadPool pool(1);

  const auto plain = WalkedItems(Sparse(weights), {.beta = 0}, {.pool = &pool});
  const auto held = WalkedItems(Sparse(weights), {.beta = 1}, {.pool = &pool});

  ASSERT_THAT(plain, IsOk());
  ASSERT_THAT(held, IsOk());
  EXPECT_FLOAT_EQ(plain->Values(0)[0], 0.5F);
  EXPECT_FLOAT_EQ(held->Values(0)[0], 0.2F);  // 1/4 against 1
  EXPECT_FLOAT_EQ(held->Values(0)[1], 0.8F);
}

TEST(Rp3betaTrainerTest, KeepsTheDiagonalWhenAsked) {
  Eigen::MatrixXd weights(2, 2);
  weights << 1, 1,  //
      1, 0;
  ThreadPool pool(1);

  const auto walked =
      WalkedItems(Sparse(weights), {.num_neighbours = 1, .include_self = true}, {.pool = &pool});

  ASSERT_THAT(walked, IsOk());
  EXPECT_THAT(walked->Columns(0), ::testing::ElementsAre(0, 1));
}

}  // namespace
}  // namespace vitrine
