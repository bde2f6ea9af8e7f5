#include "vitrine/math/spd_inverse.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"

namespace vitrine {

namespace {

// Large enough for products at full speed, small enough that the inverse of a diagonal tile, which
// only one thread computes, does not show.
constexpr Eigen::Index kTileRows = 512;

Eigen::Index NumTiles(const Matrix& matrix) { return (matrix.rows() + kTileRows - 1) / kTileRows; }

struct Tile {
  Eigen::Index begin = 0;
  Eigen::Index count = 0;
};

Tile TileAt(const Matrix& matrix, Eigen::Index number) {
  const Eigen::Index begin = number * kTileRows;
  return {begin, std::min(kTileRows, matrix.rows() - begin)};
}

auto Block(Matrix& matrix, const Tile& rows, const Tile& columns) {
  return matrix.block(rows.begin, columns.begin, rows.count, columns.count);
}

// Sweeps one block of pivots k. With C the columns of k and A_kk^-1 the inverse of its diagonal
// tile, the rest of the lower triangle becomes A - C A_kk^-1 C', the columns C A_kk^-1, and the
// tile -A_kk^-1. Once all are swept, the whole is minus the inverse.
class Sweep {
 public:
  Sweep(Matrix& matrix, ThreadPool& pool) : matrix_(matrix), pool_(pool) {}

  // Returns false where the pivots are not positive definite.
  bool Step(Eigen::Index pivot) {
    const Tile pivots = TileAt(matrix_, pivot);
    if (!InvertPivots(pivots)) return false;
    TakeColumns(pivot);
    UpdateOthers(pivot);
    PutColumns(pivot);
    return true;
  }

 private:
  bool InvertPivots(const Tile& pivots) {
    // double: everything else is multiplied by it. Reads the lower triangle only.
    const Eigen::MatrixXd tile = Block(matrix_, pivots, pivots).cast<double>();
    const Eigen::LLT<Eigen::MatrixXd> cholesky(tile);
    if (cholesky.info() != Eigen::Success) return false;
    inverse_ = cholesky.solve(Eigen::MatrixXd::Identity(pivots.count, pivots.count)).cast<float>();
    return true;
  }

  // columns_ = C and scaled_ = C A_kk^-1, for all rows.
  void TakeColumns(Eigen::Index pivot) {
    const Tile pivots = TileAt(matrix_, pivot);
    columns_.resize(matrix_.rows(), pivots.count);
    scaled_.resize(matrix_.rows(), pivots.count);
    pool_.ParallelFor(static_cast<std::size_t>(NumTiles(matrix_)), [&](std::size_t number) {
      const auto tile = static_cast<Eigen::Index>(number);
      const Tile rows = TileAt(matrix_, tile);
      auto target = columns_.middleRows(rows.begin, rows.count);
      if (tile >= pivot) {
        target = Block(matrix_, rows, pivots);
      } else {
        target = Block(matrix_, pivots, rows).transpose();
      }
      scaled_.middleRows(rows.begin, rows.count).noalias() = target * inverse_;
    });
  }

  void UpdateOthers(Eigen::Index pivot) {
    std::vector<std::pair<Eigen::Index, Eigen::Index>> tiles;
    for (Eigen::Index row = 0; row < NumTiles(matrix_); ++row) {
      for (Eigen::Index column = 0; column <= row; ++column) {
        if (row != pivot && column != pivot) tiles.emplace_back(row, column);
      }
    }
    pool_.ParallelFor(tiles.size(), [&](std::size_t number) {
      const Tile rows = TileAt(matrix_, tiles[number].first);
      const Tile columns = TileAt(matrix_, tiles[number].second);
      Block(matrix_, rows, columns).noalias() -=
          scaled_.middleRows(rows.begin, rows.count) *
          columns_.middleRows(columns.begin, columns.count).transpose();
    });
  }

  void PutColumns(Eigen::Index pivot) {
    const Tile pivots = TileAt(matrix_, pivot);
    pool_.ParallelFor(static_cast<std::size_t>(NumTiles(matrix_)), [&](std::size_t number) {
      const auto tile = static_cast<Eigen::Index>(number);
      const Tile rows = TileAt(matrix_, tile);
      const auto source = scaled_.middleRows(rows.begin, rows.count);
      if (tile == pivot) {
        Block(matrix_, pivots, pivots) = -inverse_;
      } else if (tile > pivot) {
        Block(matrix_, rows, pivots) = source;
      } else {
        Block(matrix_, pivots, rows) = source.transpose();
      }
    });
  }

  Matrix& matrix_;
  ThreadPool& pool_;
  Matrix inverse_{};  // [pivots x pivots]
  Matrix columns_{};  // [n x pivots]
  Matrix scaled_{};   // [n x pivots]
};

// Turns minus the inverse in the lower triangle into the inverse in both.
void Finish(Matrix& matrix, ThreadPool& pool) {
  pool.ParallelFor(static_cast<std::size_t>(NumTiles(matrix)), [&](std::size_t number) {
    const auto tile = static_cast<Eigen::Index>(number);
    const Tile rows = TileAt(matrix, tile);
    for (Eigen::Index other = 0; other <= tile; ++other) {
      const Tile columns = TileAt(matrix, other);
      auto block = Block(matrix, rows, columns);
      block = (-block).eval();
      if (other == tile) {
        block.triangularView<Eigen::StrictlyUpper>() = block.transpose().eval();
      } else {
        Block(matrix, columns, rows) = block.transpose();
      }
    }
  });
}

}  // namespace

absl::Status InvertPositiveDefinite(Matrix& matrix, ThreadPool& pool,
                                    const std::function<bool(double done)>& keep_going) {
  if (matrix.rows() != matrix.cols()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "wants a square matrix to invert, got %d x %d", matrix.rows(), matrix.cols()));
  }
  const Eigen::Index num_steps = NumTiles(matrix);
  Sweep sweep(matrix, pool);
  for (Eigen::Index step = 0; step < num_steps; ++step) {
    if (!sweep.Step(step)) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "the %d x %d matrix is not positive definite among its first %d rows", matrix.rows(),
          matrix.cols(), std::min(matrix.rows(), (step + 1) * kTileRows)));
    }
    if (!keep_going(static_cast<double>(step + 1) / static_cast<double>(num_steps))) {
      return absl::CancelledError("the inverse was cancelled");
    }
  }
  Finish(matrix, pool);
  return absl::OkStatus();
}

}  // namespace vitrine
