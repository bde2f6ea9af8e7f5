#include "vitrine/math/spd_inverse.h"

#include <gtest/gtest.h>

#include <Eigen/Cholesky>

#include "math/random_matrices.h"
#include "testing/status_matchers.h"

namespace vitrine {
namespace {

using testing::IsOk;
using testing::RandomDense;
using testing::StatusIs;

bool KeepGoing(double) { return true; }

// A Gram matrix with `ridge` on the diagonal.
Matrix PositiveDefinite(Eigen::Index size, float ridge) {
  const Matrix rows = RandomDense(size / 2 + 1, size, static_cast<std::uint64_t>(size));
  Matrix matrix = rows.transpose() * rows;
  matrix.diagonal().array() += ridge;
  return matrix;
}

class SpdInverseTest : public ::testing::TestWithParam<int> {
 protected:
  ThreadPool pool_{2};
};

TEST_P(SpdInverseTest, AgreesWithCholeskyInDoublePrecision) {
  const Matrix matrix = PositiveDefinite(GetParam(), 10);
  Matrix inverse = matrix;

  ASSERT_THAT(InvertPositiveDefinite(inverse, pool_, KeepGoing), IsOk());

  const Eigen::MatrixXd expected =
      matrix.cast<double>().llt().solve(Eigen::MatrixXd::Identity(matrix.rows(), matrix.cols()));
  // Rounding times the condition number, which is about n / 5 here.
  const double tolerance = 1e-7 * static_cast<double>(matrix.rows());
  EXPECT_LE((inverse.cast<double>() - expected).norm(), tolerance * (1 + expected.norm()));
  EXPECT_EQ(inverse, inverse.transpose());
}

TEST_P(SpdInverseTest, ReadsTheLowerTriangleOnly) {
  Matrix whole = PositiveDefinite(GetParam(), 10);
  Matrix lower = whole.triangularView<Eigen::Lower>();

  ASSERT_THAT(InvertPositiveDefinite(whole, pool_, KeepGoing), IsOk());
  ASSERT_THAT(InvertPositiveDefinite(lower, pool_, KeepGoing), IsOk());

  EXPECT_EQ(lower, whole);
}

TEST_P(SpdInverseTest, ThreadsDoNotChangeABit) {
  Matrix once = PositiveDefinite(GetParam(), 10);
  Matrix thrice = once;
  ThreadPool one(1);
  ThreadPool three(3);

  ASSERT_THAT(InvertPositiveDefinite(once, one, KeepGoing), IsOk());
  ASSERT_THAT(InvertPositiveDefinite(thrice, three, KeepGoing), IsOk());

  EXPECT_EQ(once, thrice);
}

// One tile, its edge, and several with a rest.
INSTANTIATE_TEST_SUITE_P(Sizes, SpdInverseTest, ::testing::Values(0, 1, 5, 511, 512, 513, 1300));

TEST(SpdInverseErrorsTest, ARectangleIsRefused) {
  ThreadPool pool(1);
  Matrix matrix = Matrix::Ones(2, 3);

  EXPECT_THAT(InvertPositiveDefinite(matrix, pool, KeepGoing),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(SpdInverseErrorsTest, AMatrixThatIsNotPositiveDefiniteIsRefused) {
  ThreadPool pool(1);
  Matrix matrix = PositiveDefinite(600, 10);
  matrix(550, 550) = -1;

  EXPECT_THAT(InvertPositiveDefinite(matrix, pool, KeepGoing),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(SpdInverseErrorsTest, StopsWhenToldTo) {
  ThreadPool pool(1);
  Matrix matrix = PositiveDefinite(1100, 10);
  std::vector<double> told;

  const absl::Status status = InvertPositiveDefinite(matrix, pool, [&told](double done) {
    told.push_back(done);
    return told.size() < 2;
  });

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(told, (std::vector<double>{1.0 / 3, 2.0 / 3}));
}

}  // namespace
}  // namespace vitrine
