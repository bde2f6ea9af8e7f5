#include "vitrine/math/ridge.h"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <string>

#include "vitrine/base/random.h"

namespace vitrine {
namespace {

struct Shape {
  int num_rows = 0;
  int num_unknowns = 0;
};

RidgeProblem RandomProblem(const Shape& shape) {
  Random random(17, static_cast<std::uint64_t>(shape.num_rows * 1000 + shape.num_unknowns));
  const auto normal = [&random] { return static_cast<float>(random.Normal()); };
  RidgeProblem problem;
  problem.rows = Matrix::NullaryExpr(shape.num_rows, shape.num_unknowns, normal);
  problem.weights = Eigen::VectorXf::NullaryExpr(
      shape.num_rows, [&random] { return static_cast<float>(0.5 + 3 * random.Uniform()); });
  problem.targets = Eigen::VectorXf::NullaryExpr(
      shape.num_rows, [&random] { return static_cast<float>(random.Below(2)); });
  problem.penalties = Eigen::VectorXf::NullaryExpr(
      shape.num_unknowns, [&random] { return static_cast<float>(1 + random.Uniform()); });
  return problem;
}

// The normal equations in double, as in a textbook.
Eigen::VectorXd SlowSolution(const RidgeProblem& problem) {
  const Eigen::MatrixXd y = problem.rows.cast<double>();
  const Eigen::MatrixXd c = problem.weights.cast<double>().asDiagonal();
  Eigen::MatrixXd normal = y.transpose() * c * y;
  normal.diagonal() += problem.penalties.cast<double>();
  return normal.fullPivLu().solve(y.transpose() * c * problem.targets.cast<double>());
}

class RidgeTest : public ::testing::TestWithParam<Shape> {};

// Condition numbers stay below 1e3, so float arithmetic leaves about 1e3 * 1e-7.
constexpr double kTolerance = 1e-4;

TEST_P(RidgeTest, AgreesWithTheNormalEquationsInDouble) {
  const RidgeProblem problem = RandomProblem(GetParam());

  const Eigen::VectorXf solution = SolveRidge(problem);

  const Eigen::VectorXd expected = SlowSolution(problem);
  EXPECT_LT((solution.cast<double>() - expected).norm(), kTolerance * (1 + expected.norm()));
  EXPECT_EQ(FactorizedRidge(problem).Solution(), solution);
}

TEST_P(RidgeTest, GradientsArriveAtTheSameSolution) {
  const RidgeProblem problem = RandomProblem(GetParam());
  const Eigen::VectorXf start = Eigen::VectorXf::Zero(GetParam().num_unknowns);

  const Eigen::VectorXf solution = SolveRidgeByGradients(problem, start, 200);

  const Eigen::VectorXd expected = SlowSolution(problem);
  EXPECT_LT((solution.cast<double>() - expected).norm(), 10 * kTolerance * (1 + expected.norm()));
}

TEST_P(RidgeTest, BlocksArriveAtTheSameSolution) {
  const RidgeProblem problem = RandomProblem(GetParam());
  const Eigen::VectorXf start = Eigen::VectorXf::Ones(GetParam().num_unknowns);
  const Eigen::VectorXd expected = SlowSolution(problem);

  for (const std::size_t block_size : {1U, 3U, 5U, 64U}) {
    const Eigen::VectorXf solution = SolveRidgeByBlocks(problem, start, block_size, 100);

    EXPECT_LT((solution.cast<double>() - expected).norm(), 10 * kTolerance * (1 + expected.norm()))
        << "blocks of " << block_size;
  }
}

TEST_P(RidgeTest, OneBlockOfAllUnknownsIsExactAtOnce) {
  const RidgeProblem problem = RandomProblem(GetParam());
  const Eigen::VectorXf start = Eigen::VectorXf::Ones(GetParam().num_unknowns);

  const Eigen::VectorXf solution = SolveRidgeByBlocks(problem, start, 64, 1);

  const Eigen::VectorXd expected = SlowSolution(problem);
  EXPECT_LT((solution.cast<double>() - expected).norm(), 10 * kTolerance * (1 + expected.norm()));
}

TEST_P(RidgeTest, EffectsAreThePartsOfAPrediction) {
  const RidgeProblem problem = RandomProblem(GetParam());
  const Eigen::VectorXf y = Eigen::VectorXf::LinSpaced(GetParam().num_unknowns, -1, 2);

  const Eigen::MatrixXf effects = FactorizedRidge(problem).Effects(y.transpose());

  ASSERT_EQ(effects.rows(), GetParam().num_rows);
  ASSERT_EQ(effects.cols(), 1);
  const double expected = SlowSolution(problem).dot(y.cast<double>());
  EXPECT_NEAR(effects.col(0).dot(problem.targets), expected, kTolerance * (1 + y.norm()));
}

TEST_P(RidgeTest, EachEffectIsWhatItsTargetChanges) {
  RidgeProblem problem = RandomProblem(GetParam());
  if (GetParam().num_rows == 0) return;
  const Eigen::VectorXf y = Eigen::VectorXf::LinSpaced(GetParam().num_unknowns, -1, 2);
  const Eigen::MatrixXf effects = FactorizedRidge(problem).Effects(y.transpose());
  const double before = SlowSolution(problem).dot(y.cast<double>());

  problem.targets[0] += 1;

  const double after = SlowSolution(problem).dot(y.cast<double>());
  EXPECT_NEAR(effects(0, 0), after - before, kTolerance * (1 + y.norm()));
}

TEST_P(RidgeTest, EffectsOfSeveralDirectionsAreThoseOfEach) {
  const RidgeProblem problem = RandomProblem(GetParam());
  const Matrix directions = RandomProblem({3, GetParam().num_unknowns}).rows;

  const Eigen::MatrixXf together = FactorizedRidge(problem).Effects(directions);

  for (Eigen::Index i = 0; i < directions.rows(); ++i) {
    const Eigen::MatrixXf alone = FactorizedRidge(problem).Effects(directions.row(i));
    EXPECT_LT((together.col(i) - alone).norm(), kTolerance * (1 + directions.norm()));
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, RidgeTest,
                         ::testing::Values(Shape{0, 5}, Shape{1, 1}, Shape{3, 8}, Shape{8, 8},
                                           Shape{7, 8}, Shape{50, 8}, Shape{40, 33}),
                         [](const ::testing::TestParamInfo<Shape>& test) {
                           return std::to_string(test.param.num_rows) + "by" +
                                  std::to_string(test.param.num_unknowns);
                         });

TEST(RidgeOneUnknownTest, HasTheSolutionOfTheSchoolBook) {
  // 2 (x - 1)^2 + 1 x^2 is least at x = 2/3.
  RidgeProblem problem;
  problem.rows = Matrix::Ones(1, 1);
  problem.weights = Eigen::VectorXf::Constant(1, 2);
  problem.targets = Eigen::VectorXf::Ones(1);
  problem.penalties = Eigen::VectorXf::Ones(1);

  EXPECT_NEAR(SolveRidge(problem)[0], 2.0 / 3, 1e-6);
}

TEST(RidgeGradientsTest, ADirectionThatHasCancelledOutIsNotFollowed) {
  // x^2 + x^2 is least at 0. From a start this small the residual's size and the curvature both
  // round to the least float: the first step goes twice too far, the second has no direction.
  RidgeProblem problem;
  problem.rows = Matrix::Ones(1, 1);
  problem.weights = Eigen::VectorXf::Ones(1);
  problem.targets = Eigen::VectorXf::Zero(1);
  problem.penalties = Eigen::VectorXf::Ones(1);
  const Eigen::VectorXf start = Eigen::VectorXf::Constant(1, 0x1.3p-76F);

  for (const std::size_t steps : {1U, 2U, 100U}) {
    EXPECT_LE(std::abs(SolveRidgeByGradients(problem, start, steps)[0]), start[0]) << steps;
  }
}

TEST(RidgeGradientsTest, OneStepImprovesAGoodStartLittleAndABadOneMuch) {
  const RidgeProblem problem = RandomProblem({40, 16});
  const Eigen::VectorXf exact = SolveRidge(problem);
  const Eigen::VectorXf bad = Eigen::VectorXf::Constant(16, 5);

  EXPECT_LT((SolveRidgeByGradients(problem, exact, 1) - exact).norm(), 1e-4);
  EXPECT_LT((SolveRidgeByGradients(problem, bad, 3) - exact).norm(), 0.5 * (bad - exact).norm());
}

}  // namespace
}  // namespace vitrine
