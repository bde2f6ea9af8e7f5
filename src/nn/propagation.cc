#include "vitrine/nn/propagation.h"

#include <cassert>
#include <cmath>
#include <cstdint>
#include <utility>

#include "nn/shards.h"
#include "vitrine/math/sparse_product.h"

namespace vitrine::nn {

namespace {

// mean = the mean of start, A start, ...
void MeanOfPowers(const Propagation& layer, const Matrix& start, Propagation::Cache& cache,
                  Matrix& mean, ThreadPool* pool) {
  assert(static_cast<std::size_t>(start.rows()) == layer.graph.num_rows);
  mean = start;
  const float scale = 1 / static_cast<float>(layer.layers + 1);
  const Matrix* current = &start;
  for (std::size_t i = 0; i < layer.layers; ++i) {
    MultiplyInto(layer.graph, *current, pool, cache.next);
    std::swap(cache.current, cache.next);
    current = &cache.current;
    ForEachRows(mean.rows(), mean.cols(), pool, [&](Eigen::Index begin, Eigen::Index end) {
      mean.middleRows(begin, end - begin) += current->middleRows(begin, end - begin);
    });
  }
  ForEachRows(mean.rows(), mean.cols(), pool, [&](Eigen::Index begin, Eigen::Index end) {
    mean.middleRows(begin, end - begin) *= scale;
  });
}

void AddRows(const CsrMatrix& entries, std::uint32_t first_column,
             const std::vector<double>& scales, std::size_t first_row, CsrMatrix& graph) {
  for (std::size_t row = 0; row < entries.num_rows; ++row) {
    const auto columns = entries.Columns(row);
    const auto values = entries.Values(row);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::uint32_t column = first_column + columns[i];
      graph.column.push_back(column);
      graph.value.push_back(static_cast<float>(static_cast<double>(values[i]) *
                                               scales[first_row + row] * scales[column]));
    }
    graph.row_begin.push_back(graph.column.size());
  }
}

}  // namespace

CsrMatrix NormalizedGraph(const CsrMatrix& weights) {
  const CsrMatrix by_item = Transpose(weights);
  std::vector<double> scales;
  for (const CsrMatrix* const entries : {&weights, &by_item}) {
    for (std::size_t row = 0; row < entries->num_rows; ++row) {
      double degree = 0;
      for (const float value : entries->Values(row)) degree += static_cast<double>(value);
      scales.push_back(degree > 0 ? 1 / std::sqrt(degree) : 0);
    }
  }
  CsrMatrix graph;
  graph.num_rows = weights.num_rows + weights.num_cols;
  graph.num_cols = graph.num_rows;
  AddRows(weights, static_cast<std::uint32_t>(weights.num_rows), scales, 0, graph);
  AddRows(by_item, 0, scales, weights.num_rows, graph);
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

}  // namespace vitrine::nn
