#include "vitrine/math/sparse.h"

namespace vitrine {

CsrMatrix Transpose(const CsrMatrix& matrix) {
  CsrMatrix result;
  result.num_rows = matrix.num_cols;
  result.num_cols = matrix.num_rows;
  result.row_begin.assign(matrix.num_cols + 1, 0);
  for (const std::uint32_t column : matrix.column) ++result.row_begin[column + 1];
  for (std::size_t row = 0; row < result.num_rows; ++row) {
    result.row_begin[row + 1] += result.row_begin[row];
  }

  result.column.resize(matrix.num_entries());
  result.value.resize(matrix.num_entries());
  std::vector<std::uint64_t> next(result.row_begin.begin(), result.row_begin.end() - 1);
  for (std::size_t row = 0; row < matrix.num_rows; ++row) {
    for (std::uint64_t i = matrix.row_begin[row]; i < matrix.row_begin[row + 1]; ++i) {
      const std::uint64_t target = next[matrix.column[i]]++;
      result.column[target] = static_cast<std::uint32_t>(row);
      result.value[target] = matrix.value[i];
    }
  }
  return result;
}

}  // namespace vitrine
