#include "vitrine/nn/product.h"

#include <gtest/gtest.h>

#include <cmath>
#include <tuple>

#include "nn/checks.h"
#include "nn/columns.h"

namespace vitrine::nn {
namespace {

using testing::RandomMatrix;

using Wide = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Wide Slow(const Matrix& a, const Matrix& b) {
  Wide product = Wide::Zero(a.rows(), b.cols());
  for (Eigen::Index i = 0; i < a.rows(); ++i) {
    for (Eigen::Index j = 0; j < b.cols(); ++j) {
      for (Eigen::Index k = 0; k < a.cols(); ++k) {
        product(i, j) += static_cast<double>(a(i, k)) * static_cast<double>(b(k, j));
      }
    }
  }
  return product;
}

// Sums of `depth` products of numbers near 1, in floats.
double Tolerance(Eigen::Index depth) { return 1e-6 * std::sqrt(static_cast<double>(depth) + 1); }

// Rows, depth, columns: smaller and larger than a tile, and no multiple of anything.
class ProductTest : public ::testing::TestWithParam<std::tuple<int, int, int>> {
 protected:
  const Eigen::Index rows_ = std::get<0>(GetParam());
  const Eigen::Index depth_ = std::get<1>(GetParam());
  const Eigen::Index columns_ = std::get<2>(GetParam());
  const Matrix a_ = RandomMatrix(rows_, depth_, 1);
  const Matrix b_ = RandomMatrix(depth_, columns_, 2);
  const Wide expected_ = Slow(a_, b_);

  void ExpectProduct(const Matrix& result, double offset) const {
    const Wide error = (result.cast<double>().array() - expected_.array() - offset).matrix();
    EXPECT_LT(error.norm(), Tolerance(depth_) * (expected_.norm() + 10 * (1 + offset)));
  }
};

TEST_P(ProductTest, AgreesWithThreeLoops) {
  Matrix result = Matrix::Constant(rows_, columns_, 7);

  Product(a_, b_, Into::kSet, result, nullptr);
  ExpectProduct(result, 0);
  Product(a_, b_, Into::kAdd, result, nullptr);
  ExpectProduct(result / 2, 0);
}

TEST_P(ProductTest, OfTransposedFactorsIsTheSame) {
  const Matrix a_transposed = a_.transpose();
  const Matrix b_transposed = b_.transpose();
  Matrix result = Matrix::Constant(rows_, columns_, 2);

  ProductWithTransposed(a_, b_transposed, Into::kAdd, result, nullptr);
  ExpectProduct(result, 2);
  ProductOfTransposed(a_transposed, b_, Into::kSet, result, nullptr);
  ExpectProduct(result, 0);
}

TEST_P(ProductTest, ThreadsChangeNoBit) {
  Matrix alone(rows_, columns_);
  Matrix together(rows_, columns_);
  ThreadPool pool(3);

  Product(a_, b_, Into::kSet, alone, nullptr);
  Product(a_, b_, Into::kSet, together, &pool);

  EXPECT_EQ(alone, together);
}

INSTANTIATE_TEST_SUITE_P(Shapes, ProductTest,
                         ::testing::Values(std::tuple{1, 1, 1}, std::tuple{1, 300, 5},
                                           std::tuple{17, 3, 1}, std::tuple{33, 129, 257},
                                           std::tuple{300, 131, 70}, std::tuple{513, 64, 300},
                                           std::tuple{4, 0, 3}, std::tuple{0, 5, 3}));

TEST(ProductViewsTest, PartsOfMatricesAreNotCopied) {
  const Matrix a = RandomMatrix(20, 40, 3);
  const Matrix b = RandomMatrix(40, 20, 4);
  Matrix result = Matrix::Zero(22, 8);

  Product(a.middleCols(10, 8), b.block(2, 3, 8, 5), Into::kSet, result.block(1, 2, 20, 5), nullptr);

  const Matrix part = a.middleCols(10, 8) * b.block(2, 3, 8, 5);
  EXPECT_LT((result.block(1, 2, 20, 5) - part).norm(), 1e-4);
  result.block(1, 2, 20, 5).setZero();
  EXPECT_EQ(result.norm(), 0) << "wrote outside its part";
}

TEST(ColumnSumsTest, AreThoseOfTheColumnsAndOfProducts) {
  const Matrix a = RandomMatrix(500, 131, 5);
  const Matrix b = RandomMatrix(500, 131, 6);
  Matrix sums = Matrix::Ones(1, 131);
  Matrix product_sums = Matrix::Zero(1, 131);
  ThreadPool pool(2);

  AddColumnSums(a, nullptr, sums, &pool);
  AddColumnSums(a, &b, product_sums, nullptr);

  EXPECT_LT((sums.array() - 1 - a.colwise().sum().array()).matrix().norm(), 1e-3);
  EXPECT_LT((product_sums - a.cwiseProduct(b).colwise().sum()).norm(), 1e-3);
}

}  // namespace
}  // namespace vitrine::nn
