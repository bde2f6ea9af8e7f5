#include "vitrine/math/gram.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <tuple>

#include "vitrine/base/random.h"

namespace vitrine {
namespace {

Matrix RandomFactors(int num_rows, int num_columns) {
  Random random(5, static_cast<std::uint64_t>(num_rows));
  return Matrix::NullaryExpr(num_rows, num_columns,
                             [&random] { return static_cast<float>(random.Normal()); });
}

class GramTest : public ::testing::TestWithParam<std::tuple<int, int>> {
 protected:
  const Matrix factors_ = RandomFactors(std::get<0>(GetParam()), std::get<1>(GetParam()));
  const RotatedFactors rotated_ = DiagonaliseGram(factors_, nullptr);
  // Sums of n products of size 1 with d terms of rounding.
  const double tolerance_ = 1e-6 * static_cast<double>(factors_.size());
};

TEST_P(GramTest, TheGramMatrixBecomesDiagonal) {
  Eigen::MatrixXd gram =
      rotated_.factors.cast<double>().transpose() * rotated_.factors.cast<double>();

  EXPECT_NEAR((gram.diagonal() - rotated_.gram.cast<double>()).norm(), 0, tolerance_);
  gram.diagonal().setZero();
  EXPECT_NEAR(gram.norm(), 0, tolerance_);
}

TEST_P(GramTest, InnerProductsStayAsTheyWere) {
  const Eigen::Index count = std::min<Eigen::Index>(factors_.rows(), 50);
  const Matrix before = factors_.topRows(count) * factors_.topRows(count).transpose();
  const Matrix after =
      rotated_.factors.topRows(count) * rotated_.factors.topRows(count).transpose();

  EXPECT_NEAR((before - after).cwiseAbs().maxCoeff(), 0, 1e-5 * static_cast<double>(before.norm()));
}

TEST_P(GramTest, TheRotationIsOrthogonal) {
  const Matrix product = rotated_.rotation.transpose() * rotated_.rotation;

  EXPECT_TRUE(product.isIdentity(1e-5F));
}

TEST_P(GramTest, ThreadsDoNotChangeABit) {
  for (const std::size_t num_threads : {1U, 2U, 3U}) {
    ThreadPool pool(num_threads);
    const RotatedFactors threaded = DiagonaliseGram(factors_, &pool);

    EXPECT_EQ(threaded.factors, rotated_.factors);
    EXPECT_EQ(threaded.gram, rotated_.gram);
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, GramTest,
                         ::testing::Values(std::tuple{1, 1}, std::tuple{3, 8}, std::tuple{2048, 5},
                                           std::tuple{5000, 16}));

TEST(GramOfNothingTest, IsZero) {
  const RotatedFactors rotated = DiagonaliseGram(Matrix(0, 3), nullptr);

  EXPECT_EQ(rotated.gram, Eigen::VectorXf::Zero(3));
  EXPECT_EQ(rotated.factors.rows(), 0);
}

}  // namespace
}  // namespace vitrine
