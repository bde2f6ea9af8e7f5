#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "vitrine/base/matrix.h"
#include "vitrine/math/row_parts.h"

namespace vitrine {

// The rows of a matrix in blocks of such that point about the same way and are about as long. Of a
// block with the direction e, |e| = 1, each row is a e + w with w across e, so that its product
// with a vector v is at most
//
//   a <v, e> + |v - <v, e> e| |w|
//
// (Cauchy and Schwarz), and one look at the least and the largest a and the largest |w| of a block
// bounds the products of all its rows. Whoever looks for the largest ones begins with the block of
// the largest bound and ends where a bound is below what was found. The directions come of k-means
// in two levels, on samples. Building it multiplies a row with others up to 140 times, 128 of these
// to find its direction and the rest for k-means, and passes over it a few times more; of a million
// rows it is half of that. Memory: 4 bytes a row, 8 bytes a column of a direction and 40 a block;
// there is a direction for some thousand rows, or for each part that is given, and a block for 256
// at most. Immutable.
class RowBlocks {
 public:
  static constexpr std::uint32_t kNoRow = 0xFFFFFFFF;
  static constexpr std::size_t kMostRows = 256;  // Of a block.

  // The places of a block's rows, and what no product with one of these is above.
  struct Bounded {
    double most = 0;
    std::uint32_t first = 0;
    std::uint32_t count = 0;
  };

  RowBlocks() = default;

  // `rows` [num_rows x d], finite.
  explicit RowBlocks(const Matrix& rows);

  // With parts[b] as block b, however its rows point. REQUIRES: each has 1 to kMostRows rows
  RowBlocks(const Matrix& rows, const RowParts& parts);

  // The row at each place, or kNoRow: blocks begin at places that are multiples of 16.
  std::span<const std::uint32_t> rows() const { return rows_; }

  // All blocks, in their order. `vector`: d numbers, finite. In exact numbers: what sums of floats
  // are off comes on top.
  std::vector<Bounded> Bounds(std::span<const float> vector) const;

 private:
  struct Block {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
    std::uint32_t direction = 0;
    double least_along = 0;  // a
    double most_along = 0;
    double most_across = 0;  // |w|
  };

  void AddCluster(const Matrix& rows, std::span<const std::uint32_t> members);
  void AddBlock(const Matrix& rows, std::span<const std::uint32_t> members,
                const Eigen::RowVectorXd& direction);

  std::vector<std::uint32_t> rows_{};
  std::vector<Block> blocks_{};
  std::vector<double> directions_{};  // [directions x d], one behind the other.
};

}  // namespace vitrine
