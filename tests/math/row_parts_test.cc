#include "vitrine/math/row_parts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "vitrine/base/random.h"

namespace vitrine {
namespace {

constexpr std::uint32_t kKinds = 30;

// Row r has three columns of kind r % kKinds and two of any; each seventh has none.
CsrMatrix SomeSparse(std::uint32_t num_rows, Random& random) {
  constexpr std::uint32_t kColumnsOfKind = 6;
  CsrMatrix rows;
  rows.num_rows = num_rows;
  rows.num_cols = kKinds * kColumnsOfKind;
  for (std::uint32_t row = 0; row < num_rows; ++row) {
    std::vector<std::uint32_t> columns;
    for (int i = 0; i < 5 && row % 7 != 6; ++i) {
      const std::uint64_t kind = i < 3 ? row % kKinds : random.Below(kKinds);
      columns.push_back(
          static_cast<std::uint32_t>(kind * kColumnsOfKind + random.Below(kColumnsOfKind)));
    }
    std::sort(columns.begin(), columns.end());
    columns.erase(std::unique(columns.begin(), columns.end()), columns.end());
    rows.column.insert(rows.column.end(), columns.begin(), columns.end());
    rows.value.resize(rows.column.size(), 0.5F);
    rows.row_begin.push_back(rows.column.size());
  }
  return rows;
}

// Row r is about direction r % kKinds; each fifth is of zeros.
Matrix SomeDense(std::uint32_t num_rows, Random& random) {
  const auto draw = [&](Eigen::Ref<Matrix> rows) {
    for (float& value : rows.reshaped()) value = static_cast<float>(random.Normal());
  };
  Matrix directions(kKinds, 16);
  draw(directions);
  Matrix rows(num_rows, 16);
  draw(rows);
  for (Eigen::Index r = 0; r < rows.rows(); ++r) {
    rows.row(r) = (directions.row(r % kKinds) + 0.1F * rows.row(r)).normalized();
    if (r % 5 == 4) rows.row(r).setZero();
  }
  return rows;
}

CsrMatrix NoSparse(std::uint32_t num_rows) {
  return {
      .num_rows = num_rows, .num_cols = 3, .row_begin = std::vector<std::uint64_t>(num_rows + 1)};
}

// How many pairs of a part's first row and another are of one kind.
double ShareAlike(const RowParts& parts) {
  double num_alike = 0;
  double num_pairs = 0;
  for (const auto& part : parts) {
    for (std::size_t i = 1; i < part.size(); ++i) {
      num_alike += part[i] % kKinds == part.front() % kKinds ? 1 : 0;
      ++num_pairs;
    }
  }
  return num_alike / num_pairs;
}

class RowPartsTest : public ::testing::TestWithParam<std::uint32_t> {};

INSTANTIATE_TEST_SUITE_P(Sizes, RowPartsTest, ::testing::Values(1, 6, 100, 5000));

TEST_P(RowPartsTest, HoldEachRowOnceThatIsNotEmpty) {
  Random random(1);
  const CsrMatrix sparse = SomeSparse(GetParam(), random);
  const Matrix dense = SomeDense(GetParam(), random);
  const Matrix none;
  for (const Matrix* const beside : {&dense, &none}) {
    const RowParts parts = PartsByDirection({.sparse = sparse, .dense = *beside}, 50);

    std::vector<int> found(GetParam(), 0);
    for (const auto& part : parts) {
      EXPECT_FALSE(part.empty());
      EXPECT_LE(part.size(), 100U);
      for (const std::uint32_t row : part) ++found.at(row);
    }
    for (std::size_t row = 0; row < found.size(); ++row) {
      const bool is_empty = row % 7 == 6 && (beside == &none || row % 5 == 4);
      EXPECT_EQ(found[row], is_empty ? 0 : 1) << "row " << row;
    }
  }
}

// Of any two rows one pair in thirty is of one kind.
TEST(RowPartsOfAllTest, HoldRowsThatPointAboutTheSameWay) {
  Random random(2);
  constexpr std::uint32_t kRows = 6000;
  const CsrMatrix sparse = SomeSparse(kRows, random);
  const CsrMatrix no_sparse = NoSparse(kRows);
  const Matrix dense = SomeDense(kRows, random);
  const Matrix none;

  EXPECT_GT(ShareAlike(PartsByDirection({.sparse = sparse, .dense = none}, 60)), 0.3);
  EXPECT_GT(ShareAlike(PartsByDirection({.sparse = no_sparse, .dense = dense}, 60)), 0.3);
  EXPECT_GT(ShareAlike(PartsByDirection({.sparse = sparse, .dense = dense}, 60)), 0.3);
}

TEST(RowPartsOfAllTest, HoldRowsThatAreAllAlike) {
  const Matrix dense = Matrix::Ones(3000, 4);

  const RowParts parts = PartsByDirection({.sparse = NoSparse(3000), .dense = dense}, 50);

  std::size_t num_rows = 0;
  for (const auto& part : parts) {
    EXPECT_LE(part.size(), 100U);
    num_rows += part.size();
  }
  EXPECT_EQ(num_rows, 3000U);
}

TEST(RowPartsOfAllTest, ThereMayBeNone) {
  const Matrix none;
  const Matrix zeros = Matrix::Zero(9, 3);
  EXPECT_TRUE(PartsByDirection({.sparse = CsrMatrix(), .dense = none}, 50).empty());
  EXPECT_TRUE(PartsByDirection({.sparse = NoSparse(9), .dense = zeros}, 50).empty());
}

}  // namespace
}  // namespace vitrine
