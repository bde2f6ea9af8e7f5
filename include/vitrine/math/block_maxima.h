#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "vitrine/math/row_parts.h"
#include "vitrine/math/sparse.h"

namespace vitrine {

// What blocks of the rows of a sparse matrix have at most in each column: the weighted sum of these
// bounds the weighted sums of all rows of a block. Whoever looks for the largest sums begins with
// the block of the largest bound and ends where a bound is below what was found (Ding, Suel: Faster
// top-k document retrieval using block-max indexes, SIGIR 2011; with one list of blocks for all
// columns Mallia, Suel, Tonellotto: Faster learned sparse retrieval with block-max pruning, SIGIR
// 2024). Memory: 8 bytes for each column that a block has, but one byte a block for columns that
// many blocks have, so no more than 8 an entry of the matrix; and 12 a column. Immutable.
class BlockMaxima {
 public:
  BlockMaxima() = default;

  // REQUIRES: no value of `rows` is below 0, all are finite
  BlockMaxima(const CsrMatrix& rows, const RowParts& blocks);

  std::size_t num_blocks() const { return num_blocks_; }

  // Adds to sums[b] what a row of block b may have at most in `column`, times `weight`; rounded, as
  // sums of products of floats are. What is -0 stays -0 where no row has the column, save that of
  // columns that many blocks have it may become 0. REQUIRES: weight >= 0, sums.size() ==
  // num_blocks()
  void Add(std::uint32_t column, float weight, std::span<float> sums) const;

 private:
  void AddLevels(std::span<const std::uint32_t> blocks, std::span<const float> maxima);

  // Of columns that many blocks have; all blocks, in 255 levels.
  struct Levels {
    float unit = 0;  // The largest number is 255 units, and all are rounded up.
    std::vector<std::uint8_t> of_block{};
  };

  std::size_t num_blocks_ = 0;
  CsrMatrix maxima_{};  // [columns x blocks] Without the columns that have levels.
  std::vector<Levels> levels_{};
  std::vector<std::uint32_t> levels_of_{};  // By column: one more than the place above, 0: none.
};

}  // namespace vitrine
