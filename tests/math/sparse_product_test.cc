#include "vitrine/math/sparse_product.h"

#include <gtest/gtest.h>

#include <cstdint>

#include "math/random_matrices.h"

namespace vitrine {
namespace {

using testing::DenseOf;
using testing::RandomDense;
using testing::RandomSparse;

class SparseProductTest : public ::testing::TestWithParam<int> {};

TEST_P(SparseProductTest, AgreesWithTheDenseProduct) {
  const CsrMatrix matrix = RandomSparse(70, 90, 1);
  const Matrix panel = RandomDense(90, GetParam(), 2);

  const Matrix product = Multiply(matrix, panel, nullptr);

  const Eigen::MatrixXd expected = DenseOf(matrix).cast<double>() * panel.cast<double>();
  ASSERT_EQ(product.cols(), GetParam());
  // Sums of at most 90 products of size 1.
  EXPECT_LT((product.cast<double>() - expected).norm(), 1e-5 * (1 + expected.norm()));
}

INSTANTIATE_TEST_SUITE_P(Widths, SparseProductTest, ::testing::Values(0, 1, 7, 8, 64, 65, 137));

TEST(SparseProductThreadsTest, DoNotChangeABit) {
  const CsrMatrix matrix = RandomSparse(700, 300, 3);
  const Matrix panel = RandomDense(300, 20, 4);
  ThreadPool pool(3);

  EXPECT_EQ(Multiply(matrix, panel, &pool), Multiply(matrix, panel, nullptr));
}

TEST(SparseProductIntoTest, KeepsMemoryOfTheRightShape) {
  const CsrMatrix matrix = RandomSparse(70, 90, 1);
  const Matrix panel = RandomDense(90, 20, 2);
  Matrix product = Matrix::Constant(70, 20, 9);
  const float* const memory = product.data();
  ThreadPool pool(2);

  MultiplyInto(matrix, panel, &pool, product);

  EXPECT_EQ(product.data(), memory);
  EXPECT_EQ(product, Multiply(matrix, panel, nullptr));
}

TEST(SparseProductOfNothingTest, IsZero) {
  CsrMatrix matrix;
  matrix.num_rows = 2;
  matrix.num_cols = 3;
  matrix.row_begin = {0, 0, 0};

  EXPECT_EQ(Multiply(matrix, Matrix::Ones(3, 5), nullptr), Matrix::Zero(2, 5));
}

}  // namespace
}  // namespace vitrine
