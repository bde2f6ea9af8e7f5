#include "vitrine/nn/transformer.h"

#include <cassert>

namespace vitrine::nn {

TransformerBlock::TransformerBlock(const TransformerOptions& options, Random& random)
    : norm1(options.dimensions),
      attention(options.dimensions, options.num_heads, random),
      norm2(options.dimensions),
      linear1(options.dimensions, options.inner, random),
      activation{options.activation},
      linear2(options.inner, options.dimensions, random),
      inner_dropout{options.inner_dropout},
      dropout{options.dropout},
      norm_first(options.norm_first) {
  attention.is_causal = options.is_causal;
  attention.dropout.rate = options.attention_dropout;
  if (options.num_distances > 0) attention.AddNearness(options.num_distances);
  if (options.num_frequencies == 0) return;
  assert(!norm_first);
  frequency = FrequencyLayer(options.dimensions, options.window, options.num_frequencies,
                             options.dropout, random);
  frequency_share = static_cast<float>(options.frequency_share);
}

void TransformerBlock::AddParameters(const std::string& prefix, ParameterList& list) {
  attention.AddParameters(JoinName(prefix, "self_attn"), list);
  linear1.AddParameters(JoinName(prefix, "linear1"), list);
  linear2.AddParameters(JoinName(prefix, "linear2"), list);
  norm1.AddParameters(JoinName(prefix, "norm1"), list);
  norm2.AddParameters(JoinName(prefix, "norm2"), list);
  if (HasFrequency()) frequency.AddParameters(JoinName(prefix, "frequency"), list);
}

const Matrix& TransformerBlock::ForwardBetween(const Matrix& input, Cache& cache,
                                               const Pass& pass) const {
  linear1.Forward(input, cache.linear1, pass);
  activation.Forward(cache.linear1.output, cache.activation, pass);
  inner_dropout.Forward(cache.activation.output, cache.inner_dropout, pass);
  return linear2.Forward(cache.inner_dropout.output, cache.linear2, pass);
}

const Matrix& TransformerBlock::BackwardBetween(const Matrix& input, const Matrix& by_output,
                                                Cache& cache, const Pass& pass) {
  linear2.Backward(cache.inner_dropout.output, by_output, cache.linear2, pass);
  inner_dropout.Backward(cache.activation.output, cache.linear2.by_input, cache.inner_dropout,
                         pass);
  activation.Backward(cache.linear1.output, cache.inner_dropout.by_input, cache.activation, pass);
  return linear1.Backward(input, cache.activation.by_input, cache.linear1, pass);
}

const Matrix& TransformerBlock::Forward(const Matrix& input, const Sequences& sequences,
                                        Cache& cache, const Pass& pass) const {
  const Matrix& looking = Looking(input, cache, pass);
  const Matrix& seen = attention.Forward(looking, sequences, cache.attention, pass);
  if (HasFrequency()) frequency.Forward(input, sequences, cache.frequency, pass);
  return ForwardSeen(input, seen, cache, pass);
}

const Matrix& TransformerBlock::ForwardLast(const Matrix& input, const Sequences& sequences,
                                            Cache& cache, const Pass& pass) const {
  const Matrix& looking = Looking(input, cache, pass);
  const Matrix& seen = attention.ForwardLast(looking, sequences, cache.last_attention, pass);
  if (HasFrequency()) frequency.ForwardLast(input, sequences, cache.frequency, pass);
  return ForwardSeen(LastRows(input, sequences, cache.last), seen, cache, pass);
}

const Matrix& TransformerBlock::Mix(Cache& cache, const Pass& pass) const {
  if (norm_first) return cache.middle;
  const Matrix& seen = norm1.Forward(cache.middle, cache.norm1, pass);
  if (!HasFrequency()) return seen;
  cache.mixed = frequency_share * cache.frequency.output() + (1 - frequency_share) * seen;
  return cache.mixed;
}

const Matrix& TransformerBlock::ForwardSeen(const Matrix& x, const Matrix& seen, Cache& cache,
                                            const Pass& pass) const {
  cache.middle = x + dropout.Forward(seen, cache.attention_dropout, pass);
  const Matrix& y = Mix(cache, pass);
  const Matrix& added =
      ForwardBetween(norm_first ? norm2.Forward(y, cache.norm2, pass) : y, cache, pass);
  cache.sum = y + dropout.Forward(added, cache.dropout, pass);
  return norm_first ? cache.sum : norm2.Forward(cache.sum, cache.norm2, pass);
}

const Matrix& TransformerBlock::BackwardSeen(const Matrix& seen, const Matrix& by_output,
                                             Cache& cache, const Pass& pass) {
  const Matrix& by_sum =
      norm_first ? by_output : norm2.Backward(cache.sum, by_output, cache.norm2, pass);
  const Matrix& by_added = dropout.Backward(cache.linear2.output, by_sum, cache.dropout, pass);
  if (norm_first) {
    BackwardBetween(cache.norm2.output, by_added, cache, pass);
    norm2.Backward(cache.middle, cache.linear1.by_input, cache.norm2, pass);
    cache.by_middle = by_sum + cache.norm2.by_input;
  } else {
    BackwardBetween(HasFrequency() ? cache.mixed : cache.norm1.output, by_added, cache, pass);
    cache.by_mixed = by_sum + cache.linear1.by_input;
    if (HasFrequency()) {
      cache.by_frequency = frequency_share * cache.by_mixed;
      cache.by_mixed *= 1 - frequency_share;
    }
    cache.by_middle = norm1.Backward(cache.middle, cache.by_mixed, cache.norm1, pass);
  }
  return dropout.Backward(seen, cache.by_middle, cache.attention_dropout, pass);
}

const Matrix& TransformerBlock::Backward(const Matrix& input, const Sequences& sequences,
                                         const Matrix& by_output, Cache& cache, const Pass& pass) {
  const Matrix& by_seen = BackwardSeen(cache.attention.output(), by_output, cache, pass);
  const Matrix& looking = norm_first ? cache.norm1.output : input;
  const Matrix& by_looking = attention.Backward(looking, sequences, by_seen, cache.attention, pass);
  cache.by_input = cache.by_middle +
                   (norm_first ? norm1.Backward(input, by_looking, cache.norm1, pass) : by_looking);
  if (HasFrequency()) {
    cache.by_input +=
        frequency.Backward(input, sequences, cache.by_frequency, cache.frequency, pass);
  }
  return cache.by_input;
}

const Matrix& TransformerBlock::BackwardLast(const Matrix& input, const Sequences& sequences,
                                             const Matrix& by_output, Cache& cache,
                                             const Pass& pass) {
  const Matrix& by_seen = BackwardSeen(cache.last_attention.output(), by_output, cache, pass);
  const Matrix& looking = norm_first ? cache.norm1.output : input;
  const Matrix& by_looking =
      attention.BackwardLast(looking, sequences, by_seen, cache.last_attention, pass);
  cache.by_input = norm_first ? norm1.Backward(input, by_looking, cache.norm1, pass) : by_looking;
  AddToLastRows(cache.by_middle, sequences, cache.by_input);
  if (HasFrequency()) {
    cache.by_input +=
        frequency.BackwardLast(input, sequences, cache.by_frequency, cache.frequency, pass);
  }
  return cache.by_input;
}

}  // namespace vitrine::nn
