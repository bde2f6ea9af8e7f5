#include "vitrine/nn/frequency_layer.h"

#include <cassert>
#include <cmath>
#include <numbers>

#include "nn/columns.h"
#include "nn/shards.h"

namespace vitrine::nn {

namespace {

// K, by distance.
std::vector<float> LowPass(std::size_t window, std::size_t num_frequencies) {
  std::vector<float> kernel;
  kernel.reserve(window);
  const auto length = static_cast<double>(window);
  for (std::size_t distance = 0; distance < window; ++distance) {
    double sum = 1;
    for (std::size_t f = 1; f < num_frequencies; ++f) {
      sum += 2 * std::cos(2 * std::numbers::pi * static_cast<double>(f * distance) / length);
    }
    kernel.push_back(static_cast<float>(sum / length));
  }
  return kernel;
}

// Calls body(sequence) for each, on the threads of the pass.
template <typename Body>
void ForEachSequence(const Sequences& sequences, Eigen::Index columns, const Pass& pass,
                     const Body& body) {
  const auto pairs = static_cast<Eigen::Index>(sequences.length * (sequences.length + 1) / 2);
  ForEachRows(static_cast<Eigen::Index>(sequences.number), pairs * columns, pass.pool,
              [&](Eigen::Index begin, Eigen::Index end) {
                for (Eigen::Index s = begin; s < end; ++s) body(static_cast<std::size_t>(s));
              });
}

Eigen::Index RowOf(const Sequences& sequences, std::size_t sequence, std::size_t place) {
  return static_cast<Eigen::Index>(sequence * sequences.length + place);
}

}  // namespace

FrequencyLayer::FrequencyLayer(std::size_t dimensions, std::size_t window,
                               std::size_t num_frequencies, double dropout_rate, Random& random)
    : kernel(LowPass(window, num_frequencies)),
      root_weight({dimensions}),
      dropout{dropout_rate},
      norm(dimensions) {
  assert(num_frequencies >= 1 && 2 * (num_frequencies - 1) < window);
  FillNormal(root_weight, 1, random);
}

void FrequencyLayer::AddParameters(const std::string& prefix, ParameterList& list) {
  list.push_back({JoinName(prefix, "root_weight"), &root_weight});
  norm.AddParameters(JoinName(prefix, "norm"), list);
}

template <typename Row>
void FrequencyLayer::AddSeen(const Matrix& input, const Sequences& sequences, std::size_t sequence,
                             std::size_t place, Row&& slow) const {
  for (std::size_t j = 0; j <= place; ++j) {
    if (!sequences.IsReal(sequence, j)) continue;
    slow += kernel[place - j] * input.row(RowOf(sequences, sequence, j));
  }
}

const Matrix& FrequencyLayer::ForwardFiltered(const Matrix& x, Cache& cache,
                                              const Pass& pass) const {
  cache.fast = x - cache.slow;
  cache.weighed = cache.slow;
  cache.weighed.array() += cache.fast.array().rowwise() * root_weight.value.row(0).array().square();
  cache.sum = x + dropout.Forward(cache.weighed, cache.dropout, pass);
  return norm.Forward(cache.sum, cache.norm, pass);
}

const Matrix& FrequencyLayer::Forward(const Matrix& input, const Sequences& sequences, Cache& cache,
                                      const Pass& pass) const {
  assert(sequences.length <= kernel.size());
  cache.slow.setZero(input.rows(), input.cols());
  ForEachSequence(sequences, input.cols(), pass, [&](std::size_t sequence) {
    for (std::size_t t = 0; t < sequences.length; ++t) {
      AddSeen(input, sequences, sequence, t, cache.slow.row(RowOf(sequences, sequence, t)));
    }
  });
  return ForwardFiltered(input, cache, pass);
}

const Matrix& FrequencyLayer::ForwardLast(const Matrix& input, const Sequences& sequences,
                                          Cache& cache, const Pass& pass) const {
  assert(!pass.is_training() && sequences.length <= kernel.size());
  cache.slow.setZero(static_cast<Eigen::Index>(sequences.number), input.cols());
  ForEachSequence(sequences, input.cols(), pass, [&](std::size_t sequence) {
    AddSeen(input, sequences, sequence, sequences.LastReal(sequence),
            cache.slow.row(static_cast<Eigen::Index>(sequence)));
  });
  return ForwardFiltered(LastRows(input, sequences, cache.last), cache, pass);
}

const Matrix& FrequencyLayer::Backward(const Matrix& input, const Sequences& sequences,
                                       const Matrix& by_output, Cache& cache, const Pass& pass) {
  const Matrix& by_sum = norm.Backward(cache.sum, by_output, cache.norm, pass);
  const Matrix& by_weighed = dropout.Backward(cache.weighed, by_sum, cache.dropout, pass);
  const auto roots = root_weight.value.row(0).array();
  cache.by_fast = (by_weighed.array().rowwise() * (2.0F * roots)).matrix();
  AddColumnSums(cache.by_fast, &cache.fast, root_weight.gradient, pass.pool);
  cache.by_fast = (by_weighed.array().rowwise() * roots.square()).matrix();
  cache.by_slow = by_weighed - cache.by_fast;
  cache.by_input = by_sum + cache.by_fast;
  ForEachSequence(sequences, input.cols(), pass, [&](std::size_t sequence) {
    for (std::size_t t = 0; t < sequences.length; ++t) {
      const auto by_slow = cache.by_slow.row(RowOf(sequences, sequence, t));
      for (std::size_t j = 0; j <= t; ++j) {
        if (!sequences.IsReal(sequence, j)) continue;
        cache.by_input.row(RowOf(sequences, sequence, j)) += kernel[t - j] * by_slow;
      }
    }
  });
  return cache.by_input;
}

}  // namespace vitrine::nn
