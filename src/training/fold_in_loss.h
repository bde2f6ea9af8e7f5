#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "training/factor_sgd.h"
#include "vitrine/base/matrix.h"
#include "vitrine/base/thread_pool.h"
#include "vitrine/math/sparse.h"

namespace vitrine {

// The cross-entropy of one user's cosines s, of which the pool P stands for all N items:
//
//   sum over liked i of w_i log(1 + sum over j in P, not liked, of (N / |P|) exp((s_j - s_i) / T))
//
// Source: Wu, Wang, Gao, Chen, Fu, Qiu, He, "On the effectiveness of sampled softmax loss for item
// recommendation", TOIS 2024, equation 5, with a pool that all liked items of a user share.
SgdLoss MakeCosineSoftmaxLoss(double temperature, std::size_t num_items);

// What a loss says of users who are folded in from item vectors z [items x d]:
//
//   x_u = sum over liked j of c_uj z_j
//
// The scores that the loss sees are cosines: of liked i with x_u less its own part c_ui z_i, as if
// i were still to come (0 for a single liked item, with no gradient), and of j of the pool with
// x_u.
class FoldInLoss {
 public:
  // `weights` [users x items] > 0; `pulls` of the same pairs: c. Both must outlive it.
  FoldInLoss(const CsrMatrix& weights, const CsrMatrix& pulls, ThreadPool* pool)
      : weights_(weights), pulls_(pulls), pool_(pool) {}

  // The mean over the liked pairs of `users`, with their weights, and in `by_items` [items x d] its
  // derivatives by z. `pool_items`: ascending, distinct. Any threads give the same bits.
  double Compute(std::span<const std::uint32_t> users, std::span<const std::uint32_t> pool_items,
                 const Matrix& items, const SgdLoss& loss, std::uint64_t seed, Matrix& by_items);

 private:
  void FoldIn(const Matrix& items);
  void TakePool(const Matrix& items);
  double AskLoss(std::size_t row, const Matrix& items, const SgdLoss& loss, Random random);
  void BackToUser(std::size_t row, const Matrix& items);
  void BackToItems(const Matrix& items, Matrix& by_items);

  const CsrMatrix& weights_;
  const CsrMatrix& pulls_;
  ThreadPool* pool_;

  // Of a batch:
  std::span<const std::uint32_t> users_{};
  std::span<const std::uint32_t> pool_items_{};
  float scale_ = 0;                   // 1 / the weights of all pairs.
  Matrix panel_{};                    // [2 users x d] x_u, then d loss / d x_u.
  Matrix directions_{};               // [users x d] x_u / |x_u|
  Eigen::VectorXf lengths_{};         // [users]
  Matrix pool_directions_{};          // [pool x d]
  Eigen::VectorXf pool_lengths_{};    // [pool]
  Matrix scores_{};                   // [users x pool]
  Matrix by_scores_{};                // The same.
  Matrix by_directions_{};            // [users x d]
  Matrix by_pool_{};                  // [pool x d]
  CsrMatrix pairs_{};                 // [2 users x items] What of the panel goes to which item.
  std::vector<float> own_{};          // [pairs] What of z_i itself goes to z_i.
  Eigen::VectorXf by_own_lengths_{};  // [users] What of x_u itself goes to x_u.
};

}  // namespace vitrine
