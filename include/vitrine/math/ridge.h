#pragma once

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <cstddef>

#include "vitrine/base/matrix.h"

namespace vitrine {

// Weighted least squares with a diagonal penalty, in d unknowns x:
//
//   minimise  sum over j of c_j (<x, y_j> - p_j)^2  +  sum over k of penalty_k x_k^2
struct RidgeProblem {
  Matrix rows{};                // y [m x d]
  Eigen::VectorXf weights{};    // c [m] > 0
  Eigen::VectorXf targets{};    // p [m]
  Eigen::VectorXf penalties{};  // [d] > 0
};

// The minimiser [d], by Cholesky: of the d x d normal equations, or, where m < d, of the m x m
// system of the push-through identity
//   (P + Y'CY)^-1 Y'C p = P^-1 Y' (C^-1 + Y P^-1 Y')^-1 p
// which is the smaller and the better conditioned one. O(m d min(m, d)).
Eigen::VectorXf SolveRidge(const RidgeProblem& problem);

// Improves `start` by `steps` steps of conjugate gradients, preconditioned with the penalties.
// O(m d) a step.
Eigen::VectorXf SolveRidgeByGradients(const RidgeProblem& problem, const Eigen::VectorXf& start,
                                      std::size_t steps);

// Improves `start` by `sweeps` rounds of exact minimisation over `block_size` unknowns at a time,
// the others held (block coordinate descent: Rendle, Krichene, Zhang, Koren, "iALS++: Speeding up
// matrix factorization with subspace optimization", 2021). The penalties being diagonal, a block's
// equations need no other block's. O(m d block_size + d block_size^2) a sweep. REQUIRES: block_size
// > 0
Eigen::VectorXf SolveRidgeByBlocks(const RidgeProblem& problem, const Eigen::VectorXf& start,
                                   std::size_t block_size, std::size_t sweeps);

// A problem with its system factorised, for those who want more of it than the solution.
class FactorizedRidge {
 public:
  explicit FactorizedRidge(RidgeProblem problem);

  // As SolveRidge.
  Eigen::VectorXf Solution() const;

  // The solution is linear in the targets: <x, z> = sum over j of e_j p_j for any z. Returns e for
  // each row z of `directions` [n x d], a column each [m x n].
  Eigen::MatrixXf Effects(const Matrix& directions) const;

 private:
  RidgeProblem problem_;
  Eigen::LLT<Eigen::MatrixXf> factor_;  // Of the smaller system; of none where m is 0.
};

}  // namespace vitrine
