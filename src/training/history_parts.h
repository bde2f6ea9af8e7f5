#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "vitrine/base/matrix.h"
#include "vitrine/base/random.h"
#include "vitrine/math/sparse.h"
#include "vitrine/nn/embedding.h"

namespace vitrine {

// The items of some shoppers, each part read by a network or asked for: what a request will have,
// and what it should foresee.
class HistoryParts {
 public:
  // The rows of `weights` with two entries or more, which Draw can part.
  static std::vector<std::uint32_t> UsersOf(const CsrMatrix& weights);

  // Of rows of `weights` [users x items] > 0 with two entries or more. Every shopper has at least
  // one item read and one asked for; of the others a `target_share` is asked for, on average. Items
  // read weigh w_j / root, the root of the sum of what is read of the shopper.
  void Draw(const CsrMatrix& weights, std::span<const std::uint32_t> users, double target_share,
            Random& random);

  // All that rows of `weights` have is read, and nothing asked for: what a request would have.
  void ReadAll(const CsrMatrix& weights, std::span<const std::uint32_t> users);

  nn::Bags Read() const { return {.begin = read_begin_, .ids = read_, .weights = read_weights_}; }
  std::span<const std::uint32_t> targets() const { return targets_; }
  std::size_t TargetBegin(std::size_t user) const { return target_begin_[user]; }
  std::size_t NumTargets(std::size_t user) const {
    return target_begin_[user + 1] - target_begin_[user];
  }
  std::span<const float> TargetWeights(std::size_t user) const {
    return std::span(target_weights_).subspan(TargetBegin(user), NumTargets(user));
  }
  float SumOfTargetWeights() const;

 private:
  void Clear();
  void EndUser(float total);  // `total`: of what is read of the shopper.

  std::vector<std::uint32_t> read_;
  std::vector<float> read_weights_;
  std::vector<std::size_t> read_begin_;  // [users + 1]
  std::vector<std::uint32_t> targets_;
  std::vector<float> target_weights_;
  std::vector<std::size_t> target_begin_;  // [users + 1]
};

// Sets the rows of `table` [items x d] to zero whose items nobody of `weights` [users x items]
// likes.
void ClearUnliked(const CsrMatrix& weights, Matrix& table);

}  // namespace vitrine
