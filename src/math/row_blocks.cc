#include "vitrine/math/row_blocks.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <functional>
#include <utility>

#include "vitrine/math/coarse_rows.h"

namespace vitrine {
namespace {

constexpr std::size_t kRowsOfBlock = 256;
constexpr std::size_t kPlacesApart = CoarseChunk::kRows;
constexpr std::size_t kRowsOfCluster = 1024;
constexpr std::size_t kMostParts = 64;  // Of what is split, so that a split takes bounded time.

using Rows = std::span<const std::uint32_t>;
using DoubleMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// A row as long as 1, or of zeros.
Eigen::RowVectorXd DirectionOf(const Matrix& rows, std::uint32_t row) {
  const Eigen::RowVectorXd values = rows.row(static_cast<Eigen::Index>(row)).cast<double>();
  const double length = values.norm();
  return length == 0 ? values : values / length;
}

// How many parts to make of so many rows.
std::size_t NumParts(std::size_t num_rows) {
  return std::clamp<std::size_t>((num_rows + kRowsOfCluster - 1) / kRowsOfCluster, 1, kMostParts);
}

// Turns each direction to the sum of those of `sample` that follow it most; one that none follows
// stays.
void TurnDirections(const Matrix& sample, Matrix& directions) {
  const Matrix products = sample * directions.transpose();
  DoubleMatrix sums = DoubleMatrix::Zero(directions.rows(), directions.cols());
  for (Eigen::Index i = 0; i < sample.rows(); ++i) {
    Eigen::Index part = 0;
    products.row(i).maxCoeff(&part);
    sums.row(part) += sample.row(i).cast<double>();
  }
  for (Eigen::Index part = 0; part < sums.rows(); ++part) {
    if (sums.row(part).isZero(0)) continue;
    directions.row(part) = sums.row(part).normalized().cast<float>();
  }
}

// The directions of `num_parts` parts of these rows, by k-means of some of them on the sphere
// (Dhillon, Modha: Concept decompositions for large sparse text data using clustering, Machine
// Learning 42, 2001).
Matrix FindDirections(const Matrix& rows, Rows members, std::size_t num_parts) {
  constexpr std::size_t kSampleOfPart = 32;
  constexpr int kIterations = 6;
  const std::size_t num_drawn = std::min(members.size(), num_parts * kSampleOfPart);
  Matrix sample(static_cast<Eigen::Index>(num_drawn), rows.cols());
  for (std::size_t i = 0; i < num_drawn; ++i) {
    sample.row(static_cast<Eigen::Index>(i)) =
        DirectionOf(rows, members[i * members.size() / num_drawn]).cast<float>();
  }
  Matrix directions(static_cast<Eigen::Index>(num_parts), rows.cols());
  for (std::size_t part = 0; part < num_parts; ++part) {
    directions.row(static_cast<Eigen::Index>(part)) =
        sample.row(static_cast<Eigen::Index>(part * num_drawn / num_parts));
  }
  for (int i = 0; i < kIterations; ++i) TurnDirections(sample, directions);
  return directions;
}

// Puts each row into the part whose direction it follows most. Which one, rounding may decide: it
// changes what a look at the blocks costs, not what it finds.
std::vector<std::vector<std::uint32_t>> Split(const Matrix& rows, Rows members,
                                              std::size_t num_parts) {
  constexpr std::size_t kAtOnce = 1024;
  if (num_parts <= 1) return {{members.begin(), members.end()}};
  const Matrix directions = FindDirections(rows, members, num_parts);
  std::vector<std::vector<std::uint32_t>> parts(num_parts);
  Matrix gathered;
  Matrix products;
  for (std::size_t begin = 0; begin < members.size(); begin += kAtOnce) {
    const Rows some = members.subspan(begin, std::min(kAtOnce, members.size() - begin));
    gathered.resize(static_cast<Eigen::Index>(some.size()), rows.cols());
    for (std::size_t i = 0; i < some.size(); ++i) {
      gathered.row(static_cast<Eigen::Index>(i)) = rows.row(static_cast<Eigen::Index>(some[i]));
    }
    products.noalias() = gathered * directions.transpose();
    for (std::size_t i = 0; i < some.size(); ++i) {
      Eigen::Index part = 0;
      products.row(static_cast<Eigen::Index>(i)).maxCoeff(&part);
      parts[static_cast<std::size_t>(part)].push_back(some[i]);
    }
  }
  return parts;
}

}  // namespace

RowBlocks::RowBlocks(const Matrix& rows) {
  std::vector<std::uint32_t> pointing;
  std::vector<std::uint32_t> zeros;
  for (Eigen::Index row = 0; row < rows.rows(); ++row) {
    (rows.row(row).isZero(0) ? zeros : pointing).push_back(static_cast<std::uint32_t>(row));
  }
  const double num_clusters = static_cast<double>(pointing.size()) / kRowsOfCluster;
  const auto num_parts = static_cast<std::size_t>(std::ceil(std::sqrt(num_clusters)));
  for (const auto& part : Split(rows, pointing, std::min(num_parts, kMostParts))) {
    for (const auto& members : Split(rows, part, NumParts(part.size()))) {
      if (!members.empty()) AddCluster(rows, members);
    }
  }
  if (!zeros.empty()) AddCluster(rows, zeros);
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
  for (std::size_t begin = 0; begin < sorted.size(); begin += kRowsOfBlock) {
    const std::size_t count = std::min(kRowsOfBlock, sorted.size() - begin);
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
