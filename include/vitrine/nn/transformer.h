#pragma once

#include <cstddef>
#include <string>

#include "vitrine/nn/activation.h"
#include "vitrine/nn/attention.h"
#include "vitrine/nn/dense.h"
#include "vitrine/nn/frequency_layer.h"
#include "vitrine/nn/normalization.h"
#include "vitrine/nn/sequences.h"

namespace vitrine::nn {

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
  // Of a frequency layer beside the attention, which wants the norms last; 0: none.
  std::size_t num_frequencies = 0;
  std::size_t window = 0;      // Places that it is a filter of.
  double frequency_share = 0;  // Of what both say, in [0, 1].
};

// y = x + dropout(attention(norm1(x))), then y + dropout(between(norm2(y))) with
// between(y) = linear2(inner_dropout(activation(linear1(y)))). Without norm_first
// y = norm1(x + dropout(attention(x))), then norm2(y + dropout(between(y))), as Vaswani et al. have
// it. PyTorch's TransformerEncoderLayer, and its parameters' names; BERT has no inner dropout.
// With a frequency layer the norms are last, and y = share * frequency(x) + (1 - share) * that y.
struct TransformerBlock {
  struct Cache {
    LayerNorm::Cache norm1{};
    Attention::Cache attention{};
    Attention::LastCache last_attention{};
    Dropout::Cache attention_dropout{};
    Matrix middle{};  // What x and the attention add up to.
    FrequencyLayer::Cache frequency{};
    Matrix mixed{};  // What the frequency layer and the attention say together.
    LayerNorm::Cache norm2{};
    Dense::Cache linear1{};
    Activation::Cache activation{};
    Dropout::Cache inner_dropout{};
    Dense::Cache linear2{};
    Dropout::Cache dropout{};
    Matrix sum{};  // What y and the layers between add up to.
    Matrix by_mixed{};
    Matrix by_frequency{};
    Matrix by_middle{};
    Matrix by_input{};
    Matrix last{};  // Of ForwardLast: x of the last places, whose rows most others are, then.
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
  // `by_output` [sequences.number x d]
  const Matrix& BackwardLast(const Matrix& input, const Sequences& sequences,
                             const Matrix& by_output, Cache& cache, const Pass& pass);

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
  FrequencyLayer frequency{};
  float frequency_share = 0;
  bool norm_first = true;

 private:
  bool HasFrequency() const { return !frequency.kernel.empty(); }
  // What the attention looks at.
  const Matrix& Looking(const Matrix& input, Cache& cache, const Pass& pass) const {
    return norm_first ? norm1.Forward(input, cache.norm1, pass) : input;
  }
  // What comes after the attention, which has `seen` this for the rows of `x`.
  const Matrix& ForwardSeen(const Matrix& x, const Matrix& seen, Cache& cache,
                            const Pass& pass) const;
  // What y is, of what was seen.
  const Matrix& Mix(Cache& cache, const Pass& pass) const;
  const Matrix& ForwardBetween(const Matrix& input, Cache& cache, const Pass& pass) const;
  const Matrix& BackwardBetween(const Matrix& input, const Matrix& by_output, Cache& cache,
                                const Pass& pass);
  // Leaves by_middle and by_frequency, and returns what there is by what was `seen`.
  const Matrix& BackwardSeen(const Matrix& seen, const Matrix& by_output, Cache& cache,
                             const Pass& pass);
};

}  // namespace vitrine::nn
