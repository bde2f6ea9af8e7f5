#include "scorers/saved_rows.h"

#include <gmock/gmock.h>

#include <utility>
#include <vector>

#include "math/random_matrices.h"

namespace vitrine {
namespace {

using testing::DenseOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

ItemIndex At(std::uint32_t row) { return ItemIndex{row}; }

// [[0 1 2], [0 0 0], [3 0 4]]
CsrMatrix Square() {
  return {.num_rows = 3,
          .num_cols = 3,
          .row_begin = {0, 2, 2, 4},
          .column = {1, 2, 0, 2},
          .value = {1, 2, 3, 4}};
}

// What each function must come to, an entry at a time.
Matrix Moved(const Matrix& from, const RowMapping* rows, const RowMapping* columns) {
  Matrix to = Matrix::Zero(
      rows != nullptr ? static_cast<Eigen::Index>(rows->num_items) : from.rows(),
      columns != nullptr ? static_cast<Eigen::Index>(columns->num_items) : from.cols());
  const auto target = [](const RowMapping* mapping, Eigen::Index at) -> Eigen::Index {
    if (mapping == nullptr) return at;
    const ItemIndex item = mapping->row_to_index[static_cast<std::size_t>(at)];
    return item == RowMapping::kDropped ? -1 : static_cast<Eigen::Index>(Row(item));
  };
  for (Eigen::Index row = 0; row < from.rows(); ++row) {
    for (Eigen::Index column = 0; column < from.cols(); ++column) {
      const Eigen::Index to_row = target(rows, row);
      const Eigen::Index to_column = target(columns, column);
      if (to_row >= 0 && to_column >= 0) to(to_row, to_column) = from(row, column);
    }
  }
  return to;
}

class SavedRowsTest : public ::testing::TestWithParam<std::pair<std::vector<ItemIndex>, int>> {};

TEST_P(SavedRowsTest, EverythingIsMovedWhereTheMappingSendsIt) {
  const RowMapping mapping{GetParam().first, static_cast<std::size_t>(GetParam().second)};
  const Matrix dense = DenseOf(Square());

  EXPECT_EQ(DenseOf(RemapRows(Square(), mapping)), Moved(dense, &mapping, nullptr));
  EXPECT_EQ(RemapRows(dense, mapping), Moved(dense, &mapping, nullptr));
  EXPECT_EQ(DenseOf(RemapColumns(Square(), mapping)), Moved(dense, nullptr, &mapping));
  EXPECT_EQ(DenseOf(RemapRowsAndColumns(Square(), mapping)), Moved(dense, &mapping, &mapping));
}

INSTANTIATE_TEST_SUITE_P(
    Mappings, SavedRowsTest,
    ::testing::Values(std::pair(std::vector{At(0), At(1), At(2)}, 3),  // In place,
                      std::pair(std::vector{At(0), At(1), At(2)}, 5),  // the same, grown,
                      std::pair(std::vector{At(2), At(0), At(1)}, 3),  // turned round,
                      std::pair(std::vector{At(4), At(0), At(2)}, 5),  // spread,
                      std::pair(std::vector{At(0), RowMapping::kDropped, At(1)}, 3)));

TEST(SavedRowsMatrixTest, RowsThatAreNewAreEmpty) {
  const std::vector<ItemIndex> in_place = {At(0), At(1), At(2)};

  const CsrMatrix grown = RemapRowsAndColumns(Square(), {in_place, 4});

  EXPECT_THAT(grown.row_begin, ElementsAre(0, 2, 2, 4, 4));
  EXPECT_THAT(grown.Columns(3), IsEmpty());
  EXPECT_EQ(grown.num_cols, 4u);
}

}  // namespace
}  // namespace vitrine
