#include "vitrine/math/gram.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cstddef>
#include <functional>
#include <vector>

namespace vitrine {

namespace {

// Large enough for a fast product, small enough for a dozen shards of a small shop's catalogue.
constexpr Eigen::Index kShardRows = 2048;

void ForEachShard(std::size_t num_shards, ThreadPool* pool,
                  const std::function<void(std::size_t)>& body) {
  if (pool != nullptr) {
    pool->ParallelFor(num_shards, body);
    return;
  }
  for (std::size_t shard = 0; shard < num_shards; ++shard) body(shard);
}

}  // namespace

RotatedFactors DiagonaliseGram(const Matrix& factors, ThreadPool* pool) {
  const Eigen::Index dimensions = factors.cols();
  const auto num_shards = static_cast<std::size_t>((factors.rows() + kShardRows - 1) / kShardRows);
  const auto shard_rows = [&factors](std::size_t shard) {
    const Eigen::Index begin = static_cast<Eigen::Index>(shard) * kShardRows;
    return factors.middleRows(begin, std::min(kShardRows, factors.rows() - begin));
  };

  std::vector<Eigen::MatrixXf> parts(num_shards);
  ForEachShard(num_shards, pool, [&](std::size_t shard) {
    const auto rows = shard_rows(shard);
    parts[shard].noalias() = rows.transpose() * rows;
  });
  // double: the sum over all items must not lose the small eigenvalues.
  Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(dimensions, dimensions);
  for (const Eigen::MatrixXf& part : parts) gram += part.cast<double>();
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(gram);

  RotatedFactors result;
  result.gram = eigen.eigenvalues().cwiseMax(0).cast<float>();
  result.rotation = eigen.eigenvectors().cast<float>();
  result.factors.resize(factors.rows(), dimensions);
  ForEachShard(num_shards, pool, [&](std::size_t shard) {
    const auto rows = shard_rows(shard);
    result.factors.middleRows(static_cast<Eigen::Index>(shard) * kShardRows, rows.rows())
        .noalias() = rows * result.rotation;
  });
  return result;
}

}  // namespace vitrine
