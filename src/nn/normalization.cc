#include "vitrine/nn/normalization.h"

#include <cassert>
#include <cmath>
#include <cstdint>

#include "nn/columns.h"
#include "nn/shards.h"

namespace vitrine::nn {

namespace {

// One example has no variance: the last batch of an epoch may be that small.
bool UsesBatchStatistics(const Matrix& input, const Pass& pass) {
  return pass.is_training() && input.rows() > 1;
}

// Brings one column to mean 0 and variance 1. Moves the running statistics where it uses those of
// the batch.
void NormalizeColumn(const Matrix& input, Eigen::Index column, bool uses_batch, BatchNorm& layer,
                     BatchNorm::Cache& cache) {
  double mean = layer.running_mean.value(0, column);
  double variance = layer.running_var.value(0, column);
  if (uses_batch) {
    const auto count = static_cast<double>(input.rows());
    double sum = 0;
    for (Eigen::Index i = 0; i < input.rows(); ++i) sum += static_cast<double>(input(i, column));
    mean = sum / count;
    double squares = 0;
    for (Eigen::Index i = 0; i < input.rows(); ++i) {
      squares += (input(i, column) - mean) * (input(i, column) - mean);
    }
    variance = squares / count;
    float& running_mean = layer.running_mean.value(0, column);
    float& running_var = layer.running_var.value(0, column);
    running_mean += layer.momentum * (static_cast<float>(mean) - running_mean);
    running_var += layer.momentum * (static_cast<float>(squares / (count - 1)) - running_var);
  }
  const auto scale = static_cast<float>(1 / std::sqrt(variance + static_cast<double>(layer.tiny)));
  cache.by_deviation[static_cast<std::size_t>(column)] = scale;
  for (Eigen::Index i = 0; i < input.rows(); ++i) {
    const float normalized = (input(i, column) - static_cast<float>(mean)) * scale;
    cache.normalized(i, column) = normalized;
    cache.output(i, column) =
        normalized * layer.weight.value(0, column) + layer.bias.value(0, column);
  }
}

}  // namespace

const Matrix& Dropout::Forward(const Matrix& input, Cache& cache, const Pass& pass) const {
  assert(rate >= 0 && rate < 1);
  if (!pass.is_training() || rate == 0) return cache.output = input;
  cache.scale.resize(input.rows(), input.cols());
  cache.output.resize(input.rows(), input.cols());
  const std::uint64_t seed = pass.random->NextBits();
  const auto kept = static_cast<float>(1 / (1 - rate));
  ForEachRange(input.rows(), 8 * input.cols(), pass.pool,
               [&](std::size_t shard, Eigen::Index begin, Eigen::Index end) {
                 Random random(seed, shard);
                 for (Eigen::Index i = begin * input.cols(); i < end * input.cols(); ++i) {
                   cache.scale.data()[i] = random.Uniform() < rate ? 0 : kept;
                   cache.output.data()[i] = cache.scale.data()[i] * input.data()[i];
                 }
               });
  return cache.output;
}

const Matrix& Dropout::Backward(const Matrix& /*input*/, const Matrix& by_output, Cache& cache,
                                const Pass& pass) const {
  if (!pass.is_training() || rate == 0) return cache.by_input = by_output;
  return cache.by_input = by_output.cwiseProduct(cache.scale);
}

LayerNorm::LayerNorm(std::size_t dimensions) : weight({dimensions}), bias({dimensions}) {
  weight.value.setOnes();
}

void LayerNorm::AddParameters(const std::string& prefix, ParameterList& list) {
  list.push_back({JoinName(prefix, "weight"), &weight});
  list.push_back({JoinName(prefix, "bias"), &bias});
}

const Matrix& LayerNorm::Forward(const Matrix& input, Cache& cache, const Pass& pass) const {
  cache.normalized.resize(input.rows(), input.cols());
  cache.output.resize(input.rows(), input.cols());
  cache.by_deviation.resize(static_cast<std::size_t>(input.rows()));
  ForEachRows(input.rows(), 4 * input.cols(), pass.pool, [&](Eigen::Index begin, Eigen::Index end) {
    for (Eigen::Index row = begin; row < end; ++row) {
      auto normalized = cache.normalized.row(row);
      const float mean = input.row(row).mean();
      normalized = (input.row(row).array() - mean).matrix();
      const float variance = normalized.squaredNorm() / static_cast<float>(input.cols());
      const float scale = 1 / std::sqrt(variance + tiny);
      cache.by_deviation[static_cast<std::size_t>(row)] = scale;
      normalized *= scale;
      cache.output.row(row) = normalized.cwiseProduct(weight.value.row(0)) + bias.value.row(0);
    }
  });
  return cache.output;
}

const Matrix& LayerNorm::Backward(const Matrix& input, const Matrix& by_output, Cache& cache,
                                  const Pass& pass) {
  AddColumnSums(by_output, &cache.normalized, weight.gradient, pass.pool);
  AddColumnSums(by_output, nullptr, bias.gradient, pass.pool);
  cache.by_input.resize(input.rows(), input.cols());
  const auto columns = static_cast<float>(input.cols());
  ForEachRows(input.rows(), 4 * input.cols(), pass.pool, [&](Eigen::Index begin, Eigen::Index end) {
    for (Eigen::Index row = begin; row < end; ++row) {
      const auto normalized = cache.normalized.row(row);
      auto by = cache.by_input.row(row);
      by = by_output.row(row).cwiseProduct(weight.value.row(0));
      const float mean = by.sum() / columns;
      const float along = by.dot(normalized) / columns;
      by = ((by.array() - mean - along * normalized.array()) *
            cache.by_deviation[static_cast<std::size_t>(row)])
               .matrix();
    }
  });
  return cache.by_input;
}

BatchNorm::BatchNorm(std::size_t dimensions)
    : weight({dimensions}),
      bias({dimensions}),
      running_mean({dimensions}),
      running_var({dimensions}) {
  weight.value.setOnes();
  running_var.value.setOnes();
  running_mean.is_trained = false;
  running_var.is_trained = false;
}

void BatchNorm::AddParameters(const std::string& prefix, ParameterList& list) {
  list.push_back({JoinName(prefix, "weight"), &weight});
  list.push_back({JoinName(prefix, "bias"), &bias});
  list.push_back({JoinName(prefix, "running_mean"), &running_mean});
  list.push_back({JoinName(prefix, "running_var"), &running_var});
}

const Matrix& BatchNorm::Forward(const Matrix& input, Cache& cache, const Pass& pass) {
  const bool uses_batch = UsesBatchStatistics(input, pass);
  cache.normalized.resize(input.rows(), input.cols());
  cache.output.resize(input.rows(), input.cols());
  cache.by_deviation.resize(static_cast<std::size_t>(input.cols()));
  ForEachRows(input.cols(), 4 * input.rows(), pass.pool, [&](Eigen::Index begin, Eigen::Index end) {
    for (Eigen::Index column = begin; column < end; ++column) {
      NormalizeColumn(input, column, uses_batch, *this, cache);
    }
  });
  return cache.output;
}

const Matrix& BatchNorm::Backward(const Matrix& input, const Matrix& by_output, Cache& cache,
                                  const Pass& pass) {
  const bool uses_batch = UsesBatchStatistics(input, pass);
  AddColumnSums(by_output, &cache.normalized, weight.gradient, pass.pool);
  AddColumnSums(by_output, nullptr, bias.gradient, pass.pool);
  cache.by_input.resize(input.rows(), input.cols());
  ForEachRows(input.cols(), 4 * input.rows(), pass.pool, [&](Eigen::Index begin, Eigen::Index end) {
    for (Eigen::Index column = begin; column < end; ++column) {
      double mean = 0;
      double along = 0;
      for (Eigen::Index i = 0; i < input.rows() && uses_batch; ++i) {
        const double by = by_output(i, column);
        mean += by;
        along += by * static_cast<double>(cache.normalized(i, column));
      }
      const auto count = static_cast<double>(input.rows());
      const auto by_mean = static_cast<float>(mean / count);
      const auto by_along = static_cast<float>(along / count);
      const float scale =
          cache.by_deviation[static_cast<std::size_t>(column)] * weight.value(0, column);
      for (Eigen::Index i = 0; i < input.rows(); ++i) {
        cache.by_input(i, column) =
            scale * (by_output(i, column) - by_mean - by_along * cache.normalized(i, column));
      }
    }
  });
  return cache.by_input;
}

}  // namespace vitrine::nn
