#include "vitrine/math/ridge.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <array>
#include <utility>

#include "vitrine/base/lanes.h"

namespace vitrine {

namespace {

// Column-major on purpose: Eigen's rank update and factorisation are fastest there.
using Square = Eigen::MatrixXf;

// C^-1 + Y P^-1 Y' [m x m], lower triangle.
Eigen::LLT<Square> DualFactor(const RidgeProblem& problem) {
  const Matrix scaled = problem.rows * problem.penalties.cwiseInverse().cwiseSqrt().asDiagonal();
  Square dual = problem.weights.cwiseInverse().asDiagonal();
  dual.selfadjointView<Eigen::Lower>().rankUpdate(scaled);
  return Eigen::LLT<Square>(dual);
}

// P + Y'CY [d x d], lower triangle.
Eigen::LLT<Square> NormalFactor(const RidgeProblem& problem) {
  const Matrix scaled = problem.weights.cwiseSqrt().asDiagonal() * problem.rows;
  Square normal = problem.penalties.asDiagonal();
  normal.selfadjointView<Eigen::Lower>().rankUpdate(scaled.transpose());
  return Eigen::LLT<Square>(normal);
}

bool IsDualSmaller(const RidgeProblem& problem) {
  return problem.rows.rows() < problem.rows.cols();
}

// Of the smaller system.
Eigen::LLT<Square> Factor(const RidgeProblem& problem) {
  return IsDualSmaller(problem) ? DualFactor(problem) : NormalFactor(problem);
}

// Solves L L' X = `right` [n x r] in place, L the lower triangle of `factor` [n x n]. A library's
// blocks for large systems take three times as long where both are a few dozen.
template <Eigen::Index kBlocks>
void SolveColumns(const Square& factor, Eigen::Index first, Matrix& right) {
  constexpr auto kWidth = static_cast<Eigen::Index>(kLanes);
  const auto at = [&](Eigen::Index row, Eigen::Index block) {
    return &right(row, first + block * kWidth);
  };
  const auto solve_row = [&](Eigen::Index i, Eigen::Index begin, Eigen::Index end) {
    std::array<Lanes, kBlocks> sums;
    for (Eigen::Index b = 0; b < kBlocks; ++b) sums[b] = LoadLanes(at(i, b));
    for (Eigen::Index k = begin; k < end; ++k) {
      const float factor_of_k = factor(std::max(i, k), std::min(i, k));
      for (Eigen::Index b = 0; b < kBlocks; ++b) sums[b] -= factor_of_k * LoadLanes(at(k, b));
    }
    const float inverse = 1 / factor(i, i);
    for (Eigen::Index b = 0; b < kBlocks; ++b) StoreLanes(inverse * sums[b], at(i, b));
  };
  const Eigen::Index size = factor.rows();
  for (Eigen::Index i = 0; i < size; ++i) solve_row(i, 0, i);
  for (Eigen::Index i = size; i-- > 0;) solve_row(i, i + 1, size);
}

// (L L')^-1 right [n x r], given L in the lower triangle of `factor` [n x n].
Eigen::MatrixXf SolveAll(const Square& factor, const Matrix& right) {
  constexpr auto kWidth = static_cast<Eigen::Index>(kLanes);
  Matrix solved = Matrix::Zero(right.rows(), (right.cols() + kWidth - 1) / kWidth * kWidth);
  solved.leftCols(right.cols()) = right;
  Eigen::Index first = 0;
  for (; first + 3 * kWidth <= solved.cols(); first += 3 * kWidth) {
    SolveColumns<3>(factor, first, solved);
  }
  for (; first < solved.cols(); first += kWidth) SolveColumns<1>(factor, first, solved);
  return solved.leftCols(right.cols());
}

// The minimiser, by Factor(problem).
Eigen::VectorXf Solve(const RidgeProblem& problem, const Eigen::LLT<Square>& factor) {
  if (IsDualSmaller(problem)) {
    const Eigen::VectorXf dual = factor.solve(problem.targets);
    return (problem.rows.transpose() * dual).cwiseQuotient(problem.penalties);
  }
  const Eigen::VectorXf pulls = problem.weights.cwiseProduct(problem.targets);
  return factor.solve(problem.rows.transpose() * pulls);
}

// (P + Y'CY)^-1 right, by whichever system is the smaller: with the dual one,
// P^-1 right - P^-1 Y' (C^-1 + Y P^-1 Y')^-1 Y P^-1 right.
Eigen::VectorXf SolveNormal(const RidgeProblem& problem, const Eigen::VectorXf& right) {
  const Eigen::VectorXf scaled = right.cwiseQuotient(problem.penalties);
  if (problem.rows.rows() == 0) return scaled;
  if (!IsDualSmaller(problem)) return NormalFactor(problem).solve(right);
  const Eigen::VectorXf dual = DualFactor(problem).solve(problem.rows * scaled);
  return scaled - (problem.rows.transpose() * dual).cwiseQuotient(problem.penalties);
}

}  // namespace

Eigen::VectorXf SolveRidge(const RidgeProblem& problem) {
  if (problem.rows.rows() == 0) return Eigen::VectorXf::Zero(problem.penalties.size());
  return Solve(problem, Factor(problem));
}

Eigen::VectorXf SolveRidgeByGradients(const RidgeProblem& problem, const Eigen::VectorXf& start,
                                      std::size_t steps) {
  const auto apply = [&problem](const Eigen::VectorXf& x) -> Eigen::VectorXf {
    const Eigen::VectorXf errors = problem.weights.cwiseProduct(problem.rows * x);
    return problem.penalties.cwiseProduct(x) + problem.rows.transpose() * errors;
  };
  Eigen::VectorXf x = start;
  Eigen::VectorXf residual =
      problem.rows.transpose() * problem.weights.cwiseProduct(problem.targets) - apply(x);
  Eigen::VectorXf scaled = residual.cwiseQuotient(problem.penalties);
  Eigen::VectorXf direction = scaled;
  float size = residual.dot(scaled);
  const float least_size = 1e-12F * size;  // Where it has converged only rounding is left.
  for (std::size_t step = 0; step < steps && size > least_size; ++step) {
    const Eigen::VectorXf image = apply(direction);
    const float curvature = direction.dot(image);
    if (!(curvature > 0)) break;
    const float length = size / curvature;
    x += length * direction;
    residual -= length * image;
    scaled = residual.cwiseQuotient(problem.penalties);
    const float next_size = residual.dot(scaled);
    direction = scaled + (next_size / size) * direction;
    size = next_size;
  }
  return x;
}

Eigen::VectorXf SolveRidgeByBlocks(const RidgeProblem& problem, const Eigen::VectorXf& start,
                                   std::size_t block_size, std::size_t sweeps) {
  const Eigen::Index dimensions = problem.penalties.size();
  const auto size = static_cast<Eigen::Index>(block_size);
  Eigen::VectorXf x = start;
  // c_j (<x, y_j> - p_j), kept up to date as blocks of x move.
  Eigen::VectorXf errors = problem.weights.cwiseProduct(problem.rows * x - problem.targets);  // [m]
  for (std::size_t sweep = 0; sweep < sweeps; ++sweep) {
    for (Eigen::Index first = 0; first < dimensions; first += size) {
      const Eigen::Index count = std::min(size, dimensions - first);
      const RidgeProblem block{.rows = problem.rows.middleCols(first, count),
                               .weights = problem.weights,
                               .targets = {},
                               .penalties = problem.penalties.segment(first, count)};
      const Eigen::VectorXf gradient =
          block.penalties.cwiseProduct(x.segment(first, count)) + block.rows.transpose() * errors;
      const Eigen::VectorXf step = SolveNormal(block, gradient);
      x.segment(first, count) -= step;
      errors -= problem.weights.cwiseProduct(block.rows * step);
    }
  }
  return x;
}

// Eigen leaves the outcome of a factorisation unset until there was one, even of nothing.
FactorizedRidge::FactorizedRidge(RidgeProblem problem)
    : problem_(std::move(problem)),
      factor_(problem_.rows.rows() > 0 ? Factor(problem_) : Eigen::LLT<Square>(Square(0, 0))) {}

Eigen::VectorXf FactorizedRidge::Solution() const {
  if (problem_.rows.rows() == 0) return Eigen::VectorXf::Zero(problem_.penalties.size());
  return Solve(problem_, factor_);
}

Eigen::MatrixXf FactorizedRidge::Effects(const Matrix& directions) const {
  if (problem_.rows.rows() == 0) return Eigen::MatrixXf::Zero(0, directions.rows());
  if (IsDualSmaller(problem_)) {
    const Matrix scaled = directions * problem_.penalties.cwiseInverse().asDiagonal();
    return SolveAll(factor_.matrixLLT(), problem_.rows * scaled.transpose());
  }
  const Square solved = SolveAll(factor_.matrixLLT(), directions.transpose());
  return problem_.weights.asDiagonal() * (problem_.rows * solved);
}

}  // namespace vitrine
