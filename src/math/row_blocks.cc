#include "vitrine/math/row_blocks.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <functional>
#include <utility>

#include "vitrine/math/coarse_rows.h"

namespace vitrine {
namespace {

constexpr std::size_t kPlacesApart = CoarseChunk::kRows;

using Rows = std::span<const std::uint32_t>;
using DoubleMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

}  // namespace

RowBlocks::RowBlocks(const Matrix& rows) {
  std::vector<std::uint32_t> pointing;
  std::vector<std::uint32_t> zeros;
  for (Eigen::Index row = 0; row < rows.rows(); ++row) {
    (rows.row(row).isZero(0) ? zeros : pointing).push_back(static_cast<std::uint32_t>(row));
  }
  for (const auto& members : ClustersByDirection(rows, pointing)) AddCluster(rows, members);
  if (!zeros.empty()) AddCluster(rows, zeros);
}

RowBlocks::RowBlocks(const Matrix& rows, const RowParts& parts) {
  for (const auto& members : parts) {
    assert(!members.empty() && members.size() <= kMostRows);
    AddCluster(rows, members);
  }
}

// Long rows and short ones in blocks of their own: what bounds the one would not bound the other.
void RowBlocks::AddCluster(const Matrix& rows, Rows members) {
  Eigen::RowVectorXd direction = Eigen::RowVectorXd::Zero(rows.cols());
  std::vector<std::pair<double, std::uint32_t>> by_length;
  by_length.reserve(members.size());
  for (const std::uint32_t row : members) {
    direction += DirectionOf(rows, row);
    const auto values = rows.row(static_cast<Eigen::Index>(row)).cast<double>();
    by_length.emplace_back(values.squaredNorm(), row);
  }
  direction.normalize();
  std::sort(by_length.begin(), by_length.end(), std::greater<>());
  std::vector<std::uint32_t> sorted;
  sorted.reserve(members.size());
  for (const auto& [length, row] : by_length) sorted.push_back(row);
  for (std::size_t begin = 0; begin < sorted.size(); begin += kMostRows) {
    const std::size_t count = std::min(kMostRows, sorted.size() - begin);
    AddBlock(rows, Rows(sorted).subspan(begin, count), direction);
  }
  directions_.insert(directions_.end(), direction.begin(), direction.end());
}

void RowBlocks::AddBlock(const Matrix& rows, Rows members, const Eigen::RowVectorXd& direction) {
  const std::size_t num_directions = directions_.size() / static_cast<std::size_t>(rows.cols());
  Block block{.first = static_cast<std::uint32_t>(rows_.size()),
              .count = static_cast<std::uint32_t>(members.size()),
              .direction = static_cast<std::uint32_t>(num_directions)};
  for (std::size_t i = 0; i < members.size(); ++i) {
    const Eigen::RowVectorXd values =
        rows.row(static_cast<Eigen::Index>(members[i])).cast<double>();
    const double along = values.dot(direction);
    block.least_along = i == 0 ? along : std::min(block.least_along, along);
    block.most_along = i == 0 ? along : std::max(block.most_along, along);
    block.most_across = std::max(block.most_across, (values - along * direction).norm());
  }
  blocks_.push_back(block);
  rows_.insert(rows_.end(), members.begin(), members.end());
  rows_.resize((rows_.size() + kPlacesApart - 1) / kPlacesApart * kPlacesApart, kNoRow);
}

std::vector<RowBlocks::Bounded> RowBlocks::Bounds(std::span<const float> vector) const {
  const auto size = static_cast<Eigen::Index>(vector.size());
  const Eigen::VectorXd values =
      Eigen::Map<const Eigen::VectorXf>(vector.data(), size).cast<double>();
  const Eigen::Map<const DoubleMatrix> directions(
      directions_.data(), static_cast<Eigen::Index>(directions_.size() / vector.size()), size);
  const Eigen::VectorXd all_along = directions * values;
  const Eigen::VectorXd all_across =
      (values.squaredNorm() - all_along.array().square()).max(0.0).sqrt();
  std::vector<Bounded> bounds;
  bounds.reserve(blocks_.size());
  for (const Block& block : blocks_) {
    const double along = all_along[static_cast<Eigen::Index>(block.direction)];
    const double across = all_across[static_cast<Eigen::Index>(block.direction)];
    const double most = std::max(block.least_along * along, block.most_along * along);
    bounds.push_back({most + across * block.most_across, block.first, block.count});
    assert(std::isfinite(bounds.back().most));  // Else the order of the blocks would be none.
  }
  return bounds;
}

}  // namespace vitrine
