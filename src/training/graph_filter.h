#pragma once

#include <cstddef>

#include "vitrine/base/matrix.h"
#include "vitrine/base/thread_pool.h"
#include "vitrine/math/sparse.h"
#include "vitrine/math/truncated_svd.h"

namespace vitrine {

// The settings of GraphFilter, as of BSPM's authors for Gowalla.
struct GraphFilterOptions {
  double low_pass_weight = 0.2;  // beta, >= 0
  double sharpening_time = 2.5;  // T, >= 0
  SvdOptions svd{.rank = 448};
};

// Interactions X [users x items] with each entry divided by (its row's sum)^user_exponent and (its
// column's sum)^item_exponent. REQUIRES: every entry is above 0
CsrMatrix NormaliseInteractions(const CsrMatrix& interactions, double user_exponent,
                                double item_exponent);

// The item-to-item matrix B of a filter on the graph of items that share users, never stored but
// applied. With R = U^-1/2 X D^-1/2 (U, D: the sums of the rows and columns of X), P = R'R, and V
// the right singular vectors of R with the largest values, weights w of items get the scores
//
//   w B = (w P + beta w D^-1/2 V V' D^1/2) q(P)
//   q(P) = I - T P + T^2/2 P^2 - T^3/6 P^3 + T^4/24 P^4
//
// a blur, plus an ideal low-pass filter, then one fourth-order Runge-Kutta step of length T of the
// sharpening dw/dt = -w P. Sources: T > 0, Choi, Hong, Park, Cho, "Blurring-sharpening process
// models for collaborative filtering", SIGIR 2023, early merge (equations 9 to 14); T = 0, GF-CF:
// Shen, Wu, Zhang, Shan, Zhang, Letaief, Li, "How powerful is graph convolution for
// recommendation?", CIKM 2021. Immutable, thread-safe.
class GraphFilter {
 public:
  // Uses `pool`, whose threads change no bit.
  GraphFilter(const CsrMatrix& interactions, const GraphFilterOptions& options, ThreadPool* pool);

  std::size_t num_items() const { return by_user_.num_cols; }

  // Scores B' w for each column w of `weights` [items x n]: [items x n]. On the calling thread.
  Matrix Scores(const Matrix& weights) const;

  // Columns [first, first + count) of B: what speaks for each of those items [items x count].
  Matrix Columns(std::size_t first, std::size_t count) const;

 private:
  Matrix Blur(const Matrix& panel) const;     // P panel
  Matrix Sharpen(const Matrix& panel) const;  // q(P) panel
  // beta times diag(after) V V' diag(before) panel
  Matrix LowPass(const Eigen::VectorXf& before, const Matrix& panel,
                 const Eigen::VectorXf& after) const;

  GraphFilterOptions options_;
  CsrMatrix by_user_;              // R
  CsrMatrix by_item_;              // R'
  Matrix vectors_;                 // V [items x rank]
  Eigen::VectorXf roots_;          // diagonal of D^1/2; 0 for an item that nobody touched
  Eigen::VectorXf inverse_roots_;  // of D^-1/2; 0 likewise
};

}  // namespace vitrine
