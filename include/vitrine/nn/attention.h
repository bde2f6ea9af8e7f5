#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "vitrine/nn/activation.h"
#include "vitrine/nn/dense.h"
#include "vitrine/nn/normalization.h"

namespace vitrine::nn {

// What the rows of a matrix are: row s * length + t is place t of sequence s.
struct Sequences {
  std::size_t number = 0;
  std::size_t length = 0;
  // [number * length] 0: padding, which nothing may look at. Empty: there is none.
  std::span<const std::uint8_t> is_real{};

  bool IsReal(std::size_t sequence, std::size_t place) const {
    return is_real.empty() || is_real[sequence * length + place] != 0;
  }
  // The last place that is no padding; the first where all are. REQUIRES: length > 0
  std::size_t LastReal(std::size_t sequence) const;
};

// Makes of `last`, which is returned, the rows of `input` that are the last real places
// [sequences.number x columns].
const Matrix& LastRows(const Matrix& input, const Sequences& sequences, Matrix& last);

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
    // Of ForwardLast, whose odds are [sequences * heads x length] and heads [sequences x d].
    Matrix last{};        // [sequences x d] Inputs of the last places,
    Matrix queries{};     // and their queries.
    Matrix directions{};  // [sequences * heads x d] Their inner products with inputs are scores.
    Matrix seen{};        // [sequences * heads x d] Inputs of all places, by the odds.
    const Matrix& output() const { return result.output; }
    const Matrix& by_input() const { return projections.by_input; }
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
  // The rows of Forward's result that are the last real places [sequences.number x d], within
  // rounding, without those of the others. REQUIRES: the network is served; no Backward follows.
  const Matrix& ForwardLast(const Matrix& input, const Sequences& sequences, Cache& cache,
                            const Pass& pass) const;
  const Matrix& Backward(const Matrix& input, const Sequences& sequences, const Matrix& by_output,
                         Cache& cache, const Pass& pass);

  std::size_t num_heads = 1;
  bool is_causal = true;  // A place looks at itself and what is before it alone.
  Dense projection{};     // in_proj_weight [3 d x d], in_proj_bias
  Dense out{};            // out_proj
  Parameter nearness{};   // [heads x distances], or none.
  Dropout dropout{0};     // Of the odds.

 private:
  bool DropsOdds(const Pass& pass) const { return dropout.rate > 0 && pass.is_training(); }
};

struct TransformerOptions {
  std::size_t dimensions = 64;
  std::size_t num_heads = 2;
  std::size_t inner = 256;       // Of the layer between.
  double dropout = 0.1;          // Of what the attention and the layers between add.
  double inner_dropout = 0.1;    // Of what is between linear1 and linear2.
  double attention_dropout = 0;  // Of what looks at what.
  bool is_causal = true;
  std::size_t num_distances = 0;  // Of the attention's nearness; 0: none.
  ActivationKind activation = ActivationKind::kGelu;
  bool norm_first = true;
};

// y = x + dropout(attention(norm1(x))), then y + dropout(between(norm2(y))) with
// between(y) = linear2(inner_dropout(activation(linear1(y)))). Without norm_first
// y = norm1(x + dropout(attention(x))), then norm2(y + dropout(between(y))), as Vaswani et al. have
// it. PyTorch's TransformerEncoderLayer, and its parameters' names; BERT has no inner dropout.
struct TransformerBlock {
  struct Cache {
    LayerNorm::Cache norm1{};
    Attention::Cache attention{};
    Dropout::Cache attention_dropout{};
    Matrix middle{};  // What x and the attention add up to.
    LayerNorm::Cache norm2{};
    Dense::Cache linear1{};
    Activation::Cache activation{};
    Dropout::Cache inner_dropout{};
    Dense::Cache linear2{};
    Dropout::Cache dropout{};
    Matrix sum{};  // What y and the layers between add up to.
    Matrix by_middle{};
    Matrix by_input{};
    Matrix last{};  // Of ForwardLast: x of the last places.
  };

  TransformerBlock() = default;
  TransformerBlock(const TransformerOptions& options, Random& random);

  void AddParameters(const std::string& prefix, ParameterList& list);
  const Matrix& Forward(const Matrix& input, const Sequences& sequences, Cache& cache,
                        const Pass& pass) const;
  // As Attention has it: all but what is seen of the other places is worked out of one row for each
  // sequence.
  const Matrix& ForwardLast(const Matrix& input, const Sequences& sequences, Cache& cache,
                            const Pass& pass) const;
  const Matrix& Backward(const Matrix& input, const Sequences& sequences, const Matrix& by_output,
                         Cache& cache, const Pass& pass);

  // What Forward returned.
  const Matrix& OutputIn(const Cache& cache) const {
    return norm_first ? cache.sum : cache.norm2.output;
  }

  LayerNorm norm1{};
  Attention attention{};
  LayerNorm norm2{};
  Dense linear1{};
  Activation activation{};
  Dense linear2{};
  Dropout inner_dropout{};
  Dropout dropout{};
  bool norm_first = true;

 private:
  // What the attention looks at.
  const Matrix& Looking(const Matrix& input, Cache& cache, const Pass& pass) const {
    return norm_first ? norm1.Forward(input, cache.norm1, pass) : input;
  }
  // What comes after the attention, which has `seen` this for the rows of `x`.
  const Matrix& ForwardSeen(const Matrix& x, const Matrix& seen, Cache& cache,
                            const Pass& pass) const;
  const Matrix& ForwardBetween(const Matrix& input, Cache& cache, const Pass& pass) const;
  const Matrix& BackwardBetween(const Matrix& input, const Matrix& by_output, Cache& cache,
                                const Pass& pass);
};

}  // namespace vitrine::nn
