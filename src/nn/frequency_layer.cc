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

template <typename Row>
void FrequencyLayer::AddBySeen(const Row& by_slow, const Sequences& sequences, std::size_t sequence,
                               std::size_t place, Matrix& by_input) const {
  for (std::size_t j = 0; j <= place; ++j) {
    if (!sequences.IsReal(sequence, j)) continue;
    by_input.row(RowOf(sequences, sequence, j)) += kernel[place - j] * by_slow;
  }
}

const Matrix& FrequencyLayer::ForwardFiltered(const Matrix& x, Cache& cache,
                                              const Pass& pass) const {
  cache.fast = x - cache.slow;
  cache.weights = root_weight.value.cwiseAbs2();
  cache.weighed = cache.slow;
  cache.weighed.array() += cache.fast.array().rowwise() * cache.weights.row(0).array();
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
  assert(sequences.length <= kernel.size());
  cache.slow.setZero(static_cast<Eigen::Index>(sequences.number), input.cols());
  ForEachSequence(sequences, input.cols(), pass, [&](std::size_t sequence) {
    AddSeen(input, sequences, sequence, sequences.LastReal(sequence),
            cache.slow.row(static_cast<Eigen::Index>(sequence)));
  });
  return ForwardFiltered(LastRows(input, sequences, cache.last), cache, pass);
}

void FrequencyLayer::BackwardFiltered(const Matrix& by_output, Cache& cache, const Pass& pass) {
  const Matrix& by_sum = norm.Backward(cache.sum, by_output, cache.norm, pass);
  const Matrix& by_weighed = dropout.Backward(cache.weighed, by_sum, cache.dropout, pass);
  cache.by_weights.setZero(1, by_output.cols());
  AddColumnSums(by_weighed, &cache.fast, cache.by_weights, pass.pool);
  root_weight.gradient.array() += 2 * root_weight.value.array() * cache.by_weights.array();
  cache.by_fast = (by_weighed.array().rowwise() * cache.weights.row(0).array()).matrix();
  cache.by_slow = by_weighed - cache.by_fast;
  cache.by_own = by_sum + cache.by_fast;
}

const Matrix& FrequencyLayer::Backward(const Matrix& input, const Sequences& sequences,
                                       const Matrix& by_output, Cache& cache, const Pass& pass) {
  BackwardFiltered(by_output, cache, pass);
  cache.by_input = cache.by_own;
  ForEachSequence(sequences, input.cols(), pass, [&](std::size_t sequence) {
    for (std::size_t t = 0; t < sequences.length; ++t) {
      AddBySeen(cache.by_slow.row(RowOf(sequences, sequence, t)), sequences, sequence, t,
                cache.by_input);
    }
  });
  return cache.by_input;
}

const Matrix& FrequencyLayer::BackwardLast(const Matrix& input, const Sequences& sequences,
                                           const Matrix& by_output, Cache& cache,
                                           const Pass& pass) {
  BackwardFiltered(by_output, cache, pass);
  cache.by_input.setZero(input.rows(), input.cols());
  AddToLastRows(cache.by_own, sequences, cache.by_input);
  ForEachSequence(sequences, input.cols(), pass, [&](std::size_t sequence) {
    AddBySeen(cache.by_slow.row(static_cast<Eigen::Index>(sequence)), sequences, sequence,
              sequences.LastReal(sequence), cache.by_input);
  });
  return cache.by_input;
}

}  // namespace vitrine::nn
