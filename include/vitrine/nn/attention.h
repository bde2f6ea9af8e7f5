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
};

// softmax(Q Kᵀ / sqrt(d / heads)) V by head, between places of one sequence (Vaswani et al.,
// NeurIPS 2017, equation 1). Parameters are those of PyTorch's MultiheadAttention. A place with
// nothing to look at, as where all is padding, gets zeros from its heads, where PyTorch gives NaN.
struct Attention {
  struct Cache {
    Dense::Cache projections{};  // Q, K, V beside each other [rows x 3 d]
    Matrix odds{};               // [sequences * heads * length x length] What looks at what.
    Matrix heads{};              // [rows x d]
    Dense::Cache result{};       // .output is the layer's.
    Matrix by_odds{};
    Matrix by_projections{};
    Matrix by_nearness{};  // [shards * heads x distances]
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
  const Matrix& Backward(const Matrix& input, const Sequences& sequences, const Matrix& by_output,
                         Cache& cache, const Pass& pass);

  std::size_t num_heads = 1;
  bool is_causal = true;  // A place looks at itself and what is before it alone.
  Dense projection{};     // in_proj_weight [3 d x d], in_proj_bias
  Dense out{};            // out_proj
  Parameter nearness{};   // [heads x distances], or none.
};

struct TransformerOptions {
  std::size_t dimensions = 64;
  std::size_t num_heads = 2;
  std::size_t inner = 256;  // Of the layer between.
  double dropout = 0.1;
  bool is_causal = true;
  std::size_t num_distances = 0;  // Of the attention's nearness; 0: none.
  ActivationKind activation = ActivationKind::kGelu;
};

// x + dropout(attention(norm1(x))), then y +
// dropout(linear2(dropout(activation(linear1(norm2(y)))))): PyTorch's TransformerEncoderLayer with
// norm_first, and its parameters' names; its attention's odds are not dropped here.
struct TransformerBlock {
  struct Cache {
    LayerNorm::Cache norm1{};
    Attention::Cache attention{};
    Dropout::Cache attention_dropout{};
    Matrix middle{};  // y
    LayerNorm::Cache norm2{};
    Dense::Cache linear1{};
    Activation::Cache activation{};
    Dropout::Cache inner_dropout{};
    Dense::Cache linear2{};
    Dropout::Cache dropout{};
    Matrix output{};
    Matrix by_middle{};
    Matrix by_input{};
  };

  TransformerBlock() = default;
  TransformerBlock(const TransformerOptions& options, Random& random);

  void AddParameters(const std::string& prefix, ParameterList& list);
  const Matrix& Forward(const Matrix& input, const Sequences& sequences, Cache& cache,
                        const Pass& pass) const;
  const Matrix& Backward(const Matrix& input, const Sequences& sequences, const Matrix& by_output,
                         Cache& cache, const Pass& pass);

  LayerNorm norm1{};
  Attention attention{};
  LayerNorm norm2{};
  Dense linear1{};
  Activation activation{};
  Dense linear2{};
  Dropout dropout{};
};

}  // namespace vitrine::nn
