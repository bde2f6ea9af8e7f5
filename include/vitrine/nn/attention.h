#pragma once

#include <cstddef>
#include <string>

#include "vitrine/nn/dense.h"
#include "vitrine/nn/normalization.h"
#include "vitrine/nn/sequences.h"

namespace vitrine::nn {

// softmax(Q Kᵀ / sqrt(d / heads)) V by head, between places of one sequence (Vaswani et al.,
// NeurIPS 2017, equation 1). Parameters are those of PyTorch's MultiheadAttention. A place with
// nothing to look at, as where all is padding, gets zeros from its heads, where PyTorch gives NaN.
struct Attention {
  struct Cache {
    Dense::Cache projections{};  // Q, K, V beside each other [rows x 3 d]
    Matrix odds{};               // [sequences * heads * length x length] What looks at what.
    Dropout::Cache dropout{};    // Of the odds, where some are dropped.
    Matrix heads{};              // [rows x d]
    Dense::Cache result{};       // .output is the layer's.
    Matrix by_odds{};
    Matrix by_projections{};
    Matrix by_nearness{};  // [shards * heads x distances]
    const Matrix& output() const { return result.output; }
    const Matrix& by_input() const { return projections.by_input; }
  };

  // Of the last places alone. A query's score of a key K x + b is (q K) x and a number that is the
  // same for all x, which changes no softmax; and the sum of values V x + b by odds is V times the
  // sum of inputs by odds, and b as often as the odds sum to. So no place has a key or a value.
  struct LastCache {
    Matrix last{};        // [sequences x d] Inputs of the last places,
    Matrix queries{};     // and their queries.
    Matrix directions{};  // [sequences * heads x d] Their inner products with inputs are scores.
    Matrix odds{};        // [sequences * heads x length]
    Dropout::Cache dropout{};
    Matrix seen{};   // [sequences * heads x d] Inputs of all places, by the odds.
    Matrix total{};  // [sequences * heads x 1] What the odds sum to.
    Matrix heads{};  // [sequences x d]
    Dense::Cache result{};
    Matrix by_seen{};
    Matrix by_total{};
    Matrix by_odds{};
    Matrix by_directions{};
    Matrix by_queries{};
    Matrix by_last{};
    Matrix by_nearness{};  // [shards * heads x distances]
    Matrix by_input{};     // [sequences * length x d]
    const Matrix& output() const { return result.output; }
  };

  Attention() = default;
  // REQUIRES: dimensions is a multiple of num_heads
  Attention(std::size_t dimensions, std::size_t num_heads, Random& random);

  // Adds to the scores of each head a learned number for how far before the looking place the other
  // is, the last one for `num_distances` - 1 and farther, and for what comes later (Raffel et al.,
  // JMLR 2020, section 2.1, without their buckets). All 0 at first.
  void AddNearness(std::size_t num_distances);

  void AddParameters(const std::string& prefix, ParameterList& list);
  // `input` [sequences * length x d]
  const Matrix& Forward(const Matrix& input, const Sequences& sequences, Cache& cache,
                        const Pass& pass) const;
  const Matrix& Backward(const Matrix& input, const Sequences& sequences, const Matrix& by_output,
                         Cache& cache, const Pass& pass);

  // The rows of Forward's result that are the last real places [sequences.number x d], within
  // rounding, without those of the others.
  const Matrix& ForwardLast(const Matrix& input, const Sequences& sequences, LastCache& cache,
                            const Pass& pass) const;
  // `by_output` [sequences.number x d]
  const Matrix& BackwardLast(const Matrix& input, const Sequences& sequences,
                             const Matrix& by_output, LastCache& cache, const Pass& pass);

  std::size_t num_heads = 1;
  bool is_causal = true;  // A place looks at itself and what is before it alone.
  Dense projection{};     // in_proj_weight [3 d x d], in_proj_bias
  Dense out{};            // out_proj
  Parameter nearness{};   // [heads x distances], or none.
  Dropout dropout{0};     // Of the odds.

 private:
  bool DropsOdds(const Pass& pass) const { return dropout.rate > 0 && pass.is_training(); }
  // Of BackwardLast: from the heads to what was seen, from there to what looked and was looked at.
  void BackwardSeen(const Matrix& by_heads, LastCache& cache, const Pass& pass);
  void BackwardLooking(const Matrix& input, const Sequences& sequences, LastCache& cache,
                       const Pass& pass);
};

}  // namespace vitrine::nn
