#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "vitrine/base/matrix.h"

namespace vitrine {

// A vector as CoarseRows multiplies with it: value i is 16 high[i] + low[i]. Padded with zeros.
struct CoarseVector {
  std::vector<std::int16_t> values{};
  std::vector<std::int8_t> high{};
  std::vector<std::int8_t> low{};  // From 0 to 15.
  float scale = 0;                 // Of a value.
  float error = 0;                 // By how much a product may be off, at most,
  float rounding = 0;              // and one of floats, which is a part of that.
};

// Four numbers of each of sixteen rows, one row behind the other: what one instruction multiplies.
struct alignas(64) CoarseChunk {
  static constexpr std::size_t kRows = 16;
  static constexpr std::size_t kNumbers = 4;

  std::array<std::uint8_t, kRows * kNumbers> values{};  // 128 stands for zero.
};

// The rows of a matrix in eight bits a number, each row in units of its own: a quarter of the bytes
// to read, for a first look at which inner products with a vector are the largest. What the
// rounding may do to a product is bounded (Cauchy and Schwarz: the length of one side times that of
// the other side's error), so whoever looks closer at all that comes near enough misses nothing.
// That is so of all numbers, as long as products are below the largest float; of what is below
// 1e-19 the rounding takes all off. Immutable.
class CoarseRows {
 public:
  static constexpr Eigen::Index kMostDimensions = 8000;  // As many products fit into 32 bits.

  CoarseRows() = default;

  // `rows` [num_rows x d], finite. REQUIRES: d <= kMostDimensions
  explicit CoarseRows(const Matrix& rows);

  // With rows.row(order[p]) as row p; one of zeros where there is no row order[p].
  CoarseRows(const Matrix& rows, std::span<const std::uint32_t> order);

  std::size_t num_rows() const { return scales_.size(); }

  // `vector`: d numbers, finite.
  CoarseVector Prepare(std::span<const float> vector) const;

  // Sets products[i] to the product of row first + i and the vector, within vector.error of what
  // sums of floats come to.
  // REQUIRES: first + products.size() <= num_rows(), first a multiple of CoarseChunk::kRows
  void Multiply(const CoarseVector& vector, std::size_t first, std::span<float> products) const;

 private:
  std::size_t num_padded_ = 0;       // d, padded to whole chunks.
  std::vector<CoarseChunk> chunks_;  // Of rows 0 to 15, of rows 16 to 31, ...
  std::vector<float> scales_;        // Of the values of each row.
  double longest_ = 0;               // Row, as it is kept.
  double largest_error_ = 0;         // Length of what the rounding took off a row.
};

}  // namespace vitrine
