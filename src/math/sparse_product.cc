#include "vitrine/math/sparse_product.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <functional>

namespace vitrine {

namespace {

constexpr std::size_t kShardRows = 256;

// Columns summed at once: as many floats as half of the vector registers hold.
constexpr Eigen::Index kStripColumns = 64;

// Columns [first, first + kColumns) of row `row` of the product.
template <int kColumns>
void AddStrip(const CsrMatrix& matrix, std::size_t row, const Matrix& panel, Eigen::Index first,
              Matrix& product) {
  using Strip = Eigen::Array<float, kColumns, 1>;
  const auto columns = matrix.Columns(row);
  const auto values = matrix.Values(row);
  Strip sum = Strip::Zero();
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const float* source = panel.data() + columns[i] * panel.cols() + first;
    sum += values[i] * Eigen::Map<const Strip>(source);
  }
  Eigen::Map<Strip>(product.data() + static_cast<Eigen::Index>(row) * product.cols() + first) = sum;
}

void MultiplyRow(const CsrMatrix& matrix, std::size_t row, const Matrix& panel, Matrix& product) {
  Eigen::Index first = 0;
  for (; first + kStripColumns <= panel.cols(); first += kStripColumns) {
    AddStrip<kStripColumns>(matrix, row, panel, first, product);
  }
  for (; first + 8 <= panel.cols(); first += 8) AddStrip<8>(matrix, row, panel, first, product);
  for (; first < panel.cols(); ++first) AddStrip<1>(matrix, row, panel, first, product);
}

}  // namespace

void MultiplyInto(const CsrMatrix& matrix, const Matrix& panel, ThreadPool* pool, Matrix& product) {
  assert(static_cast<std::size_t>(panel.rows()) == matrix.num_cols);
  product.resize(static_cast<Eigen::Index>(matrix.num_rows), panel.cols());
  const auto multiply = [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) MultiplyRow(matrix, row, panel, product);
  };
  if (pool == nullptr) {
    multiply(0, matrix.num_rows);
    return;
  }
  const std::size_t num_shards = (matrix.num_rows + kShardRows - 1) / kShardRows;
  const auto shard_rows = [&](std::size_t shard) {
    multiply(shard * kShardRows, std::min((shard + 1) * kShardRows, matrix.num_rows));
  };
  pool->ParallelFor(num_shards, std::cref(shard_rows));  // A copy of the body is allocated.
}

Matrix Multiply(const CsrMatrix& matrix, const Matrix& panel, ThreadPool* pool) {
  Matrix product;
  MultiplyInto(matrix, panel, pool, product);
  return product;
}

}  // namespace vitrine
