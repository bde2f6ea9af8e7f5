#include "nn/columns.h"

#include <algorithm>
#include <array>
#include <cassert>

#include "nn/shards.h"

namespace vitrine::nn {

namespace {

constexpr Eigen::Index kStrip = 64;

}  // namespace

void AddColumnSums(const ConstView& matrix, const Matrix* factor, Matrix& sums, ThreadPool* pool) {
  assert(sums.cols() == matrix.cols());
  const Eigen::Index num_strips = (matrix.cols() + kStrip - 1) / kStrip;
  ForEachRows(num_strips, kStrip * matrix.rows(), pool, [&](Eigen::Index begin, Eigen::Index end) {
    for (Eigen::Index strip = begin; strip < end; ++strip) {
      const Eigen::Index first = strip * kStrip;
      const Eigen::Index width = std::min(kStrip, matrix.cols() - first);
      std::array<double, kStrip> total{};  // double: a batch may have many rows.
      for (Eigen::Index row = 0; row < matrix.rows(); ++row) {
        const float* const values = matrix.data() + row * matrix.outerStride() + first;
        const float* const by = factor == nullptr ? nullptr : factor->row(row).data() + first;
        for (Eigen::Index i = 0; i < width; ++i) {
          const double value = values[i];
          total[static_cast<std::size_t>(i)] += by == nullptr ? value : value * by[i];
        }
      }
      for (Eigen::Index i = 0; i < width; ++i) {
        sums(0, first + i) += static_cast<float>(total[static_cast<std::size_t>(i)]);
      }
    }
  });
}

}  // namespace vitrine::nn
