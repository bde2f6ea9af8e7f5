#include "vitrine/math/truncated_svd.h"

#include <gtest/gtest.h>

#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <cmath>

#include "math/random_matrices.h"

namespace vitrine {
namespace {

using testing::DenseOf;
using testing::RandomDense;
using testing::RandomSparse;

// Orthonormal columns.
Matrix RandomRotation(Eigen::Index num_rows, Eigen::Index num_columns, std::uint64_t seed) {
  const Eigen::MatrixXd random = RandomDense(num_rows, num_columns, seed).cast<double>();
  const Eigen::MatrixXd rotation = Eigen::HouseholderQR<Eigen::MatrixXd>(random).householderQ() *
                                   Eigen::MatrixXd::Identity(num_rows, num_columns);
  return rotation.cast<float>();
}

// A full matrix with the singular values 1, 1/2, 1/4 ... as a sparse one.
CsrMatrix WithHalvingValues(Eigen::Index num_rows, Eigen::Index num_columns) {
  constexpr Eigen::Index kRank = 20;
  Eigen::VectorXf values(kRank);
  for (Eigen::Index i = 0; i < kRank; ++i) values[i] = std::pow(0.5F, static_cast<float>(i));
  const Matrix dense = RandomRotation(num_rows, kRank, 8) * values.asDiagonal() *
                       RandomRotation(num_columns, kRank, 9).transpose();
  CsrMatrix matrix;
  matrix.num_rows = static_cast<std::size_t>(num_rows);
  matrix.num_cols = static_cast<std::size_t>(num_columns);
  for (Eigen::Index row = 0; row < num_rows; ++row) {
    for (Eigen::Index column = 0; column < num_columns; ++column) {
      matrix.column.push_back(static_cast<std::uint32_t>(column));
      matrix.value.push_back(dense(row, column));
    }
    matrix.row_begin.push_back(matrix.column.size());
  }
  return matrix;
}

// The squared singular values of `matrix`, descending, and its right singular vectors, by Eigen.
struct FullDecomposition {
  Eigen::VectorXd squares{};
  Eigen::MatrixXd vectors{};
};

FullDecomposition Decompose(const CsrMatrix& matrix) {
  const Eigen::MatrixXd dense = DenseOf(matrix).cast<double>();
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(dense.transpose() * dense);
  return {eigen.eigenvalues().reverse(), eigen.eigenvectors().rowwise().reverse()};
}

Eigen::MatrixXd Projection(const Eigen::MatrixXd& vectors) { return vectors * vectors.transpose(); }

TEST(TruncatedSvdTest, AgreesWithTheFullDecomposition) {
  const CsrMatrix matrix = WithHalvingValues(60, 40);

  const RightSingularVectors found = TruncatedSvd(matrix, {.rank = 6}, nullptr);

  const FullDecomposition expected = Decompose(matrix);
  ASSERT_EQ(found.values.size(), 6);
  for (Eigen::Index i = 0; i < 6; ++i) {
    EXPECT_NEAR(found.values[i], std::sqrt(expected.squares[i]), 1e-5) << "value " << i;
  }
  // The vectors have no sign of their own; what they project on is unique.
  EXPECT_LT(
      (Projection(found.vectors.cast<double>()) - Projection(expected.vectors.leftCols(6))).norm(),
      1e-4);
}

TEST(TruncatedSvdTest, FindsNearlyTheBestSubspaceWhereTheValuesAreClose) {
  const CsrMatrix matrix = RandomSparse(200, 150, 5);
  const Eigen::MatrixXd dense = DenseOf(matrix).cast<double>();

  const RightSingularVectors found = TruncatedSvd(matrix, {.rank = 20}, nullptr);

  const double best = Decompose(matrix).squares.head(20).sum();
  EXPECT_GT((dense * found.vectors.cast<double>()).squaredNorm(), 0.99 * best);
}

TEST(TruncatedSvdTest, TheVectorsAreOrthonormal) {
  const RightSingularVectors found = TruncatedSvd(RandomSparse(90, 70, 6), {.rank = 30}, nullptr);

  EXPECT_TRUE((found.vectors.transpose() * found.vectors).eval().isIdentity(1e-4F));
}

TEST(TruncatedSvdTest, ReturnsNoMoreThanTheMatrixHas) {
  // Two equal rows and one of zeros: rank 1.
  CsrMatrix matrix;
  matrix.num_rows = 3;
  matrix.num_cols = 4;
  matrix.row_begin = {0, 2, 4, 4};
  matrix.column = {0, 3, 0, 3};
  matrix.value = {3, 4, 3, 4};

  const RightSingularVectors found = TruncatedSvd(matrix, {.rank = 4}, nullptr);

  ASSERT_EQ(found.values.size(), 1);
  EXPECT_NEAR(found.values[0], std::sqrt(50.0F), 1e-5);
  EXPECT_NEAR(std::abs(found.vectors(0, 0)), 0.6, 1e-6);
  EXPECT_NEAR(std::abs(found.vectors(3, 0)), 0.8, 1e-6);
}

TEST(TruncatedSvdTest, ThreadsAndASecondRunDoNotChangeABit) {
  const CsrMatrix matrix = RandomSparse(400, 350, 7);
  ThreadPool pool(3);

  const RightSingularVectors once = TruncatedSvd(matrix, {.rank = 10}, nullptr);
  const RightSingularVectors again = TruncatedSvd(matrix, {.rank = 10}, &pool);

  EXPECT_EQ(once.vectors, again.vectors);
  EXPECT_EQ(once.values, again.values);
}

TEST(TruncatedSvdTest, OfNothingIsNothing) {
  CsrMatrix matrix;
  matrix.num_cols = 5;

  EXPECT_EQ(TruncatedSvd(matrix, {}, nullptr).vectors.rows(), 5);
  EXPECT_EQ(TruncatedSvd(matrix, {}, nullptr).vectors.cols(), 0);
}

}  // namespace
}  // namespace vitrine
