#include "vitrine/math/row_parts.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace vitrine {
namespace {

constexpr std::size_t kRowsOfCluster = 1024;
constexpr std::size_t kMostParts = 64;  // Of what is split, so that a split takes bounded time.
constexpr std::size_t kSampleOfPart = 32;
constexpr int kIterations = 6;

using Rows = std::span<const std::uint32_t>;
using DoubleMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// How many parts of `rows_of_part` to make of so many rows.
std::size_t NumParts(std::size_t num_rows, std::size_t rows_of_part) {
  return std::clamp<std::size_t>((num_rows + rows_of_part - 1) / rows_of_part, 1, kMostParts);
}

// Of which k-means finds the directions of parts.
std::vector<std::uint32_t> DrawSample(Rows members, std::size_t num_parts) {
  std::vector<std::uint32_t> sample(std::min(members.size(), num_parts * kSampleOfPart));
  for (std::size_t i = 0; i < sample.size(); ++i) {
    sample[i] = members[i * members.size() / sample.size()];
  }
  return sample;
}

// In two levels; split(members, num_parts) gives parts that may be empty.
template <typename SplitRows>
RowParts Clusters(Rows members, const SplitRows& split) {
  const double num_clusters = static_cast<double>(members.size()) / kRowsOfCluster;
  const auto num_parts = static_cast<std::size_t>(std::ceil(std::sqrt(num_clusters)));
  RowParts clusters;
  for (const auto& part : split(members, std::min(num_parts, kMostParts))) {
    for (auto& cluster : split(part, NumParts(part.size(), kRowsOfCluster))) {
      if (!cluster.empty()) clusters.push_back(std::move(cluster));
    }
  }
  return clusters;
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

// The directions of `num_parts` parts of these rows, by k-means of some of them on the sphere.
Matrix FindDirections(const Matrix& rows, Rows members, std::size_t num_parts) {
  const std::vector<std::uint32_t> drawn = DrawSample(members, num_parts);
  Matrix sample(static_cast<Eigen::Index>(drawn.size()), rows.cols());
  for (std::size_t i = 0; i < drawn.size(); ++i) {
    sample.row(static_cast<Eigen::Index>(i)) = DirectionOf(rows, drawn[i]).cast<float>();
  }
  Matrix directions(static_cast<Eigen::Index>(num_parts), rows.cols());
  for (std::size_t part = 0; part < num_parts; ++part) {
    directions.row(static_cast<Eigen::Index>(part)) =
        sample.row(static_cast<Eigen::Index>(part * drawn.size() / num_parts));
  }
  for (int i = 0; i < kIterations; ++i) TurnDirections(sample, directions);
  return directions;
}

// Puts each row into the part whose direction it follows most. Parts may be empty.
RowParts Split(const Matrix& rows, Rows members, std::size_t num_parts) {
  constexpr std::size_t kAtOnce = 1024;
  if (num_parts <= 1) return {{members.begin(), members.end()}};
  const Matrix directions = FindDirections(rows, members, num_parts);
  RowParts parts(num_parts);
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

// Splits rows by the directions of a sample of them. What no row of the sample has counts for none.
class MixedSplit {
 public:
  explicit MixedSplit(const MixedRows& rows)
      : rows_(rows), place_of_(rows.sparse.num_cols, kNoPlace) {}

  // Parts may be empty.
  RowParts operator()(Rows members, std::size_t num_parts) {
    if (num_parts <= 1) return {{members.begin(), members.end()}};
    FindDirections(members, static_cast<Eigen::Index>(num_parts));
    RowParts parts(num_parts);
    for (const std::uint32_t row : members) {
      parts[static_cast<std::size_t>(NearestPart(row))].push_back(row);
    }
    return parts;
  }

 private:
  static constexpr std::uint32_t kNoPlace = 0xFFFFFFFF;

  // A column for each part.
  struct Directions {
    Matrix sparse{};  // [columns of the sample x parts]
    Matrix dense{};   // [d x parts]
  };

  void FindDirections(Rows members, Eigen::Index num_parts) {
    const auto sample = DrawSample(members, static_cast<std::size_t>(num_parts));
    PlaceColumnsOf(sample);
    directions_ = Zeros(num_parts);
    for (Eigen::Index part = 0; part < num_parts; ++part) {
      const auto first = static_cast<std::size_t>(part) * sample.size();
      AddRow(sample[first / static_cast<std::size_t>(num_parts)], part, directions_);
    }
    for (int i = 0; i < kIterations; ++i) {
      Directions sums = Zeros(num_parts);
      for (const std::uint32_t row : sample) AddRow(row, NearestPart(row), sums);
      TurnTo(sums);
    }
  }

  void PlaceColumnsOf(Rows sample) {
    for (const std::uint32_t column : columns_) place_of_[column] = kNoPlace;
    columns_.clear();
    for (const std::uint32_t row : sample) {
      for (const std::uint32_t column : rows_.sparse.Columns(row)) {
        if (place_of_[column] != kNoPlace) continue;
        place_of_[column] = static_cast<std::uint32_t>(columns_.size());
        columns_.push_back(column);
      }
    }
  }

  Directions Zeros(Eigen::Index num_parts) const {
    const Eigen::Index num_dense = HasDense() ? rows_.dense.cols() : 0;
    return {Matrix::Zero(static_cast<Eigen::Index>(columns_.size()), num_parts),
            Matrix::Zero(num_dense, num_parts)};
  }

  void AddRow(std::uint32_t row, Eigen::Index part, Directions& sums) const {
    const auto columns = rows_.sparse.Columns(row);
    const auto values = rows_.sparse.Values(row);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      sums.sparse(static_cast<Eigen::Index>(place_of_[columns[i]]), part) += values[i];
    }
    if (HasDense()) sums.dense.col(part) += rows_.dense_weight * DenseRow(row).transpose();
  }

  // Each to what its rows add up to; one that has none stays.
  void TurnTo(Directions& sums) {
    Eigen::RowVectorXf lengths = sums.sparse.colwise().squaredNorm();
    if (HasDense()) lengths += sums.dense.colwise().squaredNorm();
    lengths = lengths.cwiseSqrt().eval();
    for (Eigen::Index part = 0; part < lengths.size(); ++part) {
      if (lengths[part] > 0) continue;
      sums.sparse.col(part) = directions_.sparse.col(part);
      sums.dense.col(part) = directions_.dense.col(part);
      lengths[part] = 1;
    }
    directions_.sparse = sums.sparse * lengths.cwiseInverse().asDiagonal();
    directions_.dense = sums.dense * lengths.cwiseInverse().asDiagonal();
  }

  Eigen::Index NearestPart(std::uint32_t row) {
    products_.setZero(directions_.sparse.cols());
    const auto columns = rows_.sparse.Columns(row);
    const auto values = rows_.sparse.Values(row);
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (place_of_[columns[i]] == kNoPlace) continue;
      const auto place = static_cast<Eigen::Index>(place_of_[columns[i]]);
      products_ += values[i] * directions_.sparse.row(place);
    }
    if (HasDense()) {
      products_.noalias() += rows_.dense_weight * (DenseRow(row) * directions_.dense);
    }
    Eigen::Index part = 0;
    products_.maxCoeff(&part);
    return part;
  }

  bool HasDense() const { return rows_.dense.rows() > 0; }
  Matrix::ConstRowXpr DenseRow(std::uint32_t row) const {
    return rows_.dense.row(static_cast<Eigen::Index>(row));
  }

  const MixedRows& rows_;
  std::vector<std::uint32_t> place_of_;  // By column, of those that the sample has.
  std::vector<std::uint32_t> columns_{};
  Directions directions_{};
  Eigen::RowVectorXf products_{};
};

}  // namespace

Eigen::RowVectorXd DirectionOf(const Matrix& rows, std::uint32_t row) {
  const Eigen::RowVectorXd values = rows.row(static_cast<Eigen::Index>(row)).cast<double>();
  const double length = values.norm();
  return length == 0 ? values : values / length;
}

RowParts ClustersByDirection(const Matrix& rows, Rows members) {
  return Clusters(
      members, [&rows](Rows some, std::size_t num_parts) { return Split(rows, some, num_parts); });
}

RowParts PartsByDirection(const MixedRows& rows, std::size_t rows_of_part) {
  std::vector<std::uint32_t> members;
  for (std::uint32_t row = 0; row < rows.sparse.num_rows; ++row) {
    const bool has_dense =
        rows.dense.rows() > 0 && !rows.dense.row(static_cast<Eigen::Index>(row)).isZero(0);
    if (has_dense || !rows.sparse.Columns(row).empty()) members.push_back(row);
  }
  RowParts parts;
  const std::size_t most = 2 * rows_of_part;
  MixedSplit mixed(rows);
  const auto split = [&mixed](Rows some, std::size_t num_parts) { return mixed(some, num_parts); };
  for (const auto& cluster : Clusters(members, split)) {
    for (const Rows part : split(cluster, NumParts(cluster.size(), rows_of_part))) {
      // Of rows that are all alike one part may have them all.
      for (std::size_t begin = 0; begin < part.size(); begin += most) {
        const Rows some = part.subspan(begin, std::min(most, part.size() - begin));
        parts.emplace_back(some.begin(), some.end());
      }
    }
  }
  return parts;
}

}  // namespace vitrine
