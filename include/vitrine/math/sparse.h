#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace vitrine {

// Compressed sparse rows: row r holds (column[i], value[i]) for i in [row_begin[r],
// row_begin[r+1]), columns ascending and distinct. Memory: 8 bytes an entry, 8 a row.
struct CsrMatrix {
  std::size_t num_rows = 0;
  std::size_t num_cols = 0;
  std::vector<std::uint64_t> row_begin = {0};  // [num_rows + 1]
  std::vector<std::uint32_t> column{};         // [num_entries]
  std::vector<float> value{};                  // [num_entries]

  std::size_t num_entries() const { return column.size(); }
  std::span<const std::uint32_t> Columns(std::size_t row) const {
    return std::span(column).subspan(row_begin[row], row_begin[row + 1] - row_begin[row]);
  }
  std::span<const float> Values(std::size_t row) const {
    return std::span(value).subspan(row_begin[row], row_begin[row + 1] - row_begin[row]);
  }
};

// The transpose, by counting: O(entries + rows + columns).
CsrMatrix Transpose(const CsrMatrix& matrix);

}  // namespace vitrine
