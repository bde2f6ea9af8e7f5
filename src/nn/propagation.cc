#include "vitrine/nn/propagation.h"

#include <cassert>
#include <cmath>
#include <cstdint>
#include <utility>

#include "nn/shards.h"
#include "vitrine/math/sparse_product.h"

namespace vitrine::nn {

namespace {

void AddTo(const Matrix& term, Matrix& sum, ThreadPool* pool) {
  ForEachRows(sum.rows(), sum.cols(), pool, [&](Eigen::Index begin, Eigen::Index end) {
    sum.middleRows(begin, end - begin) += term.middleRows(begin, end - begin);
  });
}

void Scale(float scale, Matrix& matrix, ThreadPool* pool) {
  ForEachRows(matrix.rows(), matrix.cols(), pool, [&](Eigen::Index begin, Eigen::Index end) {
    matrix.middleRows(begin, end - begin) *= scale;
  });
}

// mean = the mean of start, A start, ...
void MeanOfPowers(const Propagation& layer, const Matrix& start, Propagation::Cache& cache,
                  Matrix& mean, ThreadPool* pool) {
  assert(static_cast<std::size_t>(start.rows()) == layer.graph.num_rows);
  mean = start;
  const Matrix* current = &start;
  for (std::size_t i = 0; i < layer.layers; ++i) {
    MultiplyInto(layer.graph, *current, pool, cache.next);
    std::swap(cache.current, cache.next);
    current = &cache.current;
    AddTo(*current, mean, pool);
  }
  Scale(1 / static_cast<float>(layer.layers + 1), mean, pool);
}

// mean = the mean of start, R'R start, ...
void MeanOfHops(const ItemPropagation& layer, const Matrix& start, ItemPropagation::Cache& cache,
                Matrix& mean, ThreadPool* pool) {
  assert(static_cast<std::size_t>(start.rows()) == layer.by_item.num_rows);
  mean = start;
  const Matrix* current = &start;
  for (std::size_t i = 0; i < layer.hops; ++i) {
    MultiplyInto(layer.by_user, *current, pool, cache.users);
    MultiplyInto(layer.by_item, cache.users, pool, cache.current);
    current = &cache.current;
    AddTo(*current, mean, pool);
  }
  Scale(1 / static_cast<float>(layer.hops + 1), mean, pool);
}

std::vector<double> InverseRoots(const CsrMatrix& entries) {
  std::vector<double> scales;
  for (std::size_t row = 0; row < entries.num_rows; ++row) {
    double degree = 0;
    for (const float value : entries.Values(row)) degree += static_cast<double>(value);
    scales.push_back(degree > 0 ? 1 / std::sqrt(degree) : 0);
  }
  return scales;
}

void AppendRows(const CsrMatrix& entries, std::uint32_t first_column, CsrMatrix& graph) {
  for (std::size_t row = 0; row < entries.num_rows; ++row) {
    for (const std::uint32_t column : entries.Columns(row)) {
      graph.column.push_back(first_column + column);
    }
    const auto values = entries.Values(row);
    graph.value.insert(graph.value.end(), values.begin(), values.end());
    graph.row_begin.push_back(graph.column.size());
  }
}

}  // namespace

CsrMatrix NormalizedPairs(const CsrMatrix& weights) {
  const std::vector<double> of_rows = InverseRoots(weights);
  const std::vector<double> of_columns = InverseRoots(Transpose(weights));
  CsrMatrix pairs = weights;
  for (std::size_t row = 0; row < weights.num_rows; ++row) {
    for (std::size_t i = weights.row_begin[row]; i < weights.row_begin[row + 1]; ++i) {
      pairs.value[i] = static_cast<float>(static_cast<double>(weights.value[i]) * of_rows[row] *
                                          of_columns[weights.column[i]]);
    }
  }
  return pairs;
}

CsrMatrix NormalizedGraph(const CsrMatrix& weights) {
  const CsrMatrix pairs = NormalizedPairs(weights);
  CsrMatrix graph;
  graph.num_rows = weights.num_rows + weights.num_cols;
  graph.num_cols = graph.num_rows;
  AppendRows(pairs, static_cast<std::uint32_t>(weights.num_rows), graph);
  AppendRows(Transpose(pairs), 0, graph);
  return graph;
}

const Matrix& Propagation::Forward(const Matrix& input, Cache& cache, const Pass& pass) const {
  MeanOfPowers(*this, input, cache, cache.output, pass.pool);
  return cache.output;
}

const Matrix& Propagation::Backward(const Matrix& /*input*/, const Matrix& by_output, Cache& cache,
                                    const Pass& pass) const {
  // A is symmetric, and so are its powers.
  MeanOfPowers(*this, by_output, cache, cache.by_input, pass.pool);
  return cache.by_input;
}

const Matrix& ItemPropagation::Forward(const Matrix& input, Cache& cache, const Pass& pass) const {
  MeanOfHops(*this, input, cache, cache.output, pass.pool);
  return cache.output;
}

const Matrix& ItemPropagation::Backward(const Matrix& /*input*/, const Matrix& by_output,
                                        Cache& cache, const Pass& pass) const {
  MeanOfHops(*this, by_output, cache, cache.by_input, pass.pool);
  return cache.by_input;
}

}  // namespace vitrine::nn
