#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "vitrine/nn/normalization.h"
#include "vitrine/nn/parameter.h"
#include "vitrine/nn/pass.h"
#include "vitrine/nn/sequences.h"

namespace vitrine::nn {

// norm(x + dropout(y)), where y weighs what changes fast along a sequence anew, dimension by
// dimension, against what changes slowly (Shin et al., "An attentive inductive bias for sequential
// recommendation beyond the self-attention", AAAI 2024):
//
//   y_t    = slow_t + b^2 (x_t - slow_t)
//   slow_t = sum over j <= t of K(t - j) x_j
//   K(k)   = (1 + 2 sum over f from 1 to F - 1 of cos(2 pi f k / L)) / L
//
// slow_t is the last place of what the F lowest frequencies make of a window of L places that ends
// at t and is zero before the first. So no place sees what comes later, where the paper filters one
// window for all places and goes on with the last.
struct FrequencyLayer {
  struct Cache {
    Matrix last{};  // Of ForwardLast: x of the last places, whose rows all but by_input are, then.
    Matrix weights{};  // b^2 [1 x d]
    Matrix slow{};
    Matrix fast{};  // x - slow
    Matrix weighed{};
    Dropout::Cache dropout{};
    Matrix sum{};
    LayerNorm::Cache norm{};
    Matrix by_weights{};
    Matrix by_fast{};
    Matrix by_slow{};
    Matrix by_own{};  // By x of the place itself, but for what is in its own slow part.
    Matrix by_input{};
    const Matrix& output() const { return norm.output; }
  };

  FrequencyLayer() = default;
  // REQUIRES: 1 <= num_frequencies and 2 * (num_frequencies - 1) < window
  FrequencyLayer(std::size_t dimensions, std::size_t window, std::size_t num_frequencies,
                 double dropout_rate, Random& random);

  void AddParameters(const std::string& prefix, ParameterList& list);
  // `input` [sequences * length x d], of sequences no longer than the window.
  const Matrix& Forward(const Matrix& input, const Sequences& sequences, Cache& cache,
                        const Pass& pass) const;
  // The same of the last real place of each sequence [sequences.number x d].
  const Matrix& ForwardLast(const Matrix& input, const Sequences& sequences, Cache& cache,
                            const Pass& pass) const;
  const Matrix& Backward(const Matrix& input, const Sequences& sequences, const Matrix& by_output,
                         Cache& cache, const Pass& pass);
  const Matrix& BackwardLast(const Matrix& input, const Sequences& sequences,
                             const Matrix& by_output, Cache& cache, const Pass& pass);

  std::vector<float> kernel{};  // K [window] by distance.
  Parameter root_weight{};      // b [d], normal at first.
  Dropout dropout{0};
  LayerNorm norm{};

 private:
  // Adds to `slow` what place `place` of the sequence sees.
  template <typename Row>
  void AddSeen(const Matrix& input, const Sequences& sequences, std::size_t sequence,
               std::size_t place, Row&& slow) const;
  // The other way round: adds to the rows that it sees.
  template <typename Row>
  void AddBySeen(const Row& by_slow, const Sequences& sequences, std::size_t sequence,
                 std::size_t place, Matrix& by_input) const;
  // What comes after `slow`, of the rows of `x`.
  const Matrix& ForwardFiltered(const Matrix& x, Cache& cache, const Pass& pass) const;
  // Leaves by_slow and by_own.
  void BackwardFiltered(const Matrix& by_output, Cache& cache, const Pass& pass);
};

}  // namespace vitrine::nn
