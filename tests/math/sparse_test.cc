#include "vitrine/math/sparse.h"

#include <gmock/gmock.h>

#include <cstdint>
#include <vector>

#include "vitrine/base/random.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using Dense = std::vector<std::vector<float>>;

CsrMatrix FromDense(const Dense& dense, std::size_t num_cols) {
  CsrMatrix matrix;
  matrix.num_rows = dense.size();
  matrix.num_cols = num_cols;
  for (const auto& row : dense) {
    for (std::size_t column = 0; column < num_cols; ++column) {
      if (row[column] == 0) continue;
      matrix.column.push_back(static_cast<std::uint32_t>(column));
      matrix.value.push_back(row[column]);
    }
    matrix.row_begin.push_back(matrix.column.size());
  }
  return matrix;
}

TEST(SparseTest, TransposeSwapsRowsAndColumns) {
  const CsrMatrix matrix = FromDense({{0, 1, 2}, {3, 0, 4}}, 3);

  const CsrMatrix transposed = Transpose(matrix);

  EXPECT_EQ(transposed.num_rows, 3U);
  EXPECT_EQ(transposed.num_cols, 2U);
  EXPECT_THAT(transposed.Columns(0), ElementsAre(1));
  EXPECT_THAT(transposed.Values(0), ElementsAre(3));
  EXPECT_THAT(transposed.Columns(1), ElementsAre(0));
  EXPECT_THAT(transposed.Columns(2), ElementsAre(0, 1));
  EXPECT_THAT(transposed.Values(2), ElementsAre(2, 4));
}

TEST(SparseTest, TransposeKeepsEmptyRowsAndColumns) {
  const CsrMatrix matrix = FromDense({{0, 0}, {0, 5}, {0, 0}}, 2);

  const CsrMatrix transposed = Transpose(matrix);

  EXPECT_THAT(transposed.row_begin, ElementsAre(0, 0, 1));
  EXPECT_THAT(transposed.Columns(1), ElementsAre(1));
}

TEST(SparseTest, TransposeOfNothingIsNothing) {
  const CsrMatrix transposed = Transpose(CsrMatrix{});

  EXPECT_EQ(transposed.num_rows, 0U);
  EXPECT_THAT(transposed.row_begin, ElementsAre(0));
  EXPECT_THAT(transposed.column, IsEmpty());
}

TEST(SparseTest, TransposeAgreesWithTheDenseOne) {
  Random random(3);
  constexpr std::size_t kRows = 37;
  constexpr std::size_t kColumns = 23;
  Dense dense(kRows, std::vector<float>(kColumns));
  Dense expected(kColumns, std::vector<float>(kRows));
  for (std::size_t row = 0; row < kRows; ++row) {
    for (std::size_t column = 0; column < kColumns; ++column) {
      if (random.Below(4) != 0) continue;
      dense[row][column] = expected[column][row] = static_cast<float>(random.Below(100) + 1);
    }
  }

  const CsrMatrix transposed = Transpose(FromDense(dense, kColumns));

  const CsrMatrix wanted = FromDense(expected, kRows);
  EXPECT_EQ(transposed.row_begin, wanted.row_begin);
  EXPECT_EQ(transposed.column, wanted.column);
  EXPECT_EQ(transposed.value, wanted.value);
}

}  // namespace
}  // namespace vitrine
