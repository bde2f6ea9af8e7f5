#include "vitrine/math/row_blocks.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <tuple>
#include <vector>

#include "vitrine/base/random.h"

namespace vitrine {
namespace {

std::span<const float> Numbers(const Eigen::VectorXf& vector) {
  return {vector.data(), static_cast<std::size_t>(vector.size())};
}

Eigen::VectorXf Drawn(Eigen::Index size, Random& random) {
  Eigen::VectorXf vector(size);
  for (float& value : vector) value = static_cast<float>(random.Normal());
  return vector;
}

// Rows about a few directions, of very different lengths, each seventh of zeros.
Matrix SomeRows(Eigen::Index num_rows, Eigen::Index num_cols, Random& random) {
  constexpr int kDirections = 12;
  std::vector<Eigen::VectorXf> directions;
  for (int i = 0; i < kDirections; ++i) directions.push_back(Drawn(num_cols, random));
  Matrix rows(num_rows, num_cols);
  for (Eigen::Index r = 0; r < num_rows; ++r) {
    const auto length = static_cast<float>(std::pow(10, 3 * random.Uniform() - 2));
    const Eigen::VectorXf& direction = directions[random.Below(kDirections)];
    rows.row(r) = length * (direction + 0.2F * Drawn(num_cols, random)).transpose();
    if (r % 7 == 6) rows.row(r).setZero();
  }
  return rows;
}

class RowBlocksTest : public ::testing::TestWithParam<std::tuple<int, int>> {};

INSTANTIATE_TEST_SUITE_P(Shapes, RowBlocksTest,
                         ::testing::Combine(::testing::Values(1, 2, 17, 300, 5000),
                                            ::testing::Values(1, 3, 16, 40)));

TEST_P(RowBlocksTest, HoldEachRowOnce) {
  const auto [num_rows, num_cols] = GetParam();
  Random random(1);
  const RowBlocks blocks(SomeRows(num_rows, num_cols, random));

  std::vector<int> found(static_cast<std::size_t>(num_rows), 0);
  for (const auto& block : blocks.Bounds(Numbers(Drawn(num_cols, random)))) {
    EXPECT_EQ(block.first % 16, 0U);
    for (std::uint32_t i = 0; i < block.count; ++i) ++found.at(blocks.rows()[block.first + i]);
  }

  EXPECT_EQ(std::count(found.begin(), found.end(), 1), num_rows);
}

TEST_P(RowBlocksTest, NoProductIsAboveTheBoundOfItsBlock) {
  const auto [num_rows, num_cols] = GetParam();
  Random random(2);
  const Matrix rows = SomeRows(num_rows, num_cols, random);
  const RowBlocks blocks(rows);
  for (int trial = 0; trial < 20; ++trial) {
    // Along a row, where bounds are as close as they come, or anywhere.
    Eigen::VectorXf vector = Drawn(num_cols, random);
    if (trial % 2 == 0) vector = rows.row(trial % num_rows).transpose();
    for (const auto& block : blocks.Bounds(Numbers(vector))) {
      for (std::uint32_t i = 0; i < block.count; ++i) {
        const auto row = static_cast<Eigen::Index>(blocks.rows()[block.first + i]);
        const double product = rows.row(row).cast<double>().dot(vector.cast<double>());
        const double lengths = static_cast<double>(rows.row(row).norm() * vector.norm());
        ASSERT_LE(product, block.most + 1e-7 * lengths);
      }
    }
  }
}

TEST(RowBlocksBoundTest, PartsThatAreGivenAreTheBlocks) {
  Random random(5);
  const Matrix rows = SomeRows(500, 16, random);
  RowParts parts(9);
  for (std::uint32_t row = 0; row < 500; ++row) parts[row % 9].push_back(row);
  const RowBlocks blocks(rows, parts);
  const Eigen::VectorXf vector = Drawn(16, random);

  const auto bounds = blocks.Bounds(Numbers(vector));

  ASSERT_EQ(bounds.size(), parts.size());
  for (std::size_t b = 0; b < parts.size(); ++b) {
    EXPECT_EQ(bounds[b].count, parts[b].size());
    for (const std::uint32_t row : parts[b]) {
      const auto values = rows.row(static_cast<Eigen::Index>(row)).cast<double>();
      const double lengths = values.norm() * static_cast<double>(vector.norm());
      EXPECT_LE(values.dot(vector.cast<double>()), bounds[b].most + 1e-7 * lengths);
    }
  }
}

TEST(RowBlocksBoundTest, RulesOutMostOfWhatPointsElsewhere) {
  Random random(3);
  const Matrix rows = SomeRows(20'000, 32, random);
  const RowBlocks blocks(rows);
  const Eigen::VectorXf vector = rows.row(0).transpose();
  std::vector<float> products;
  for (Eigen::Index r = 0; r < rows.rows(); ++r) products.push_back(rows.row(r).dot(vector));
  std::sort(products.begin(), products.end());
  const double tenth = static_cast<double>(products[products.size() - 10]);

  const auto bounds = blocks.Bounds(Numbers(vector));

  const auto is_open = [tenth](const auto& block) { return block.most >= tenth; };
  const auto num_open = std::count_if(bounds.begin(), bounds.end(), is_open);
  EXPECT_LT(num_open, static_cast<std::ptrdiff_t>(bounds.size() / 4));
}

TEST(RowBlocksBoundTest, TheLargestNumbersDoNotOverflow) {
  const float largest = std::numeric_limits<float>::max();
  Matrix rows = Matrix::Constant(40, 8, largest);
  rows.topRows(20) *= -1;
  const RowBlocks blocks(rows);

  const Eigen::VectorXf vector = Eigen::VectorXf::Constant(8, largest);
  for (const auto& block : blocks.Bounds(Numbers(vector))) {
    EXPECT_TRUE(std::isfinite(block.most));
  }
}

TEST(RowBlocksBoundTest, TheSmallestNumbersHaveBoundsToo) {
  Random random(4);
  Matrix rows = SomeRows(2000, 8, random);
  constexpr float kLeast = std::numeric_limits<float>::denorm_min();
  for (Eigen::Index r = 0; r < rows.rows(); r += 3) rows.row(r) *= 1e-42F;
  rows.row(1).setConstant(-kLeast);
  const RowBlocks blocks(rows);

  for (const float scale : {1.0F, 1e-42F}) {
    const Eigen::VectorXf vector = scale * Drawn(8, random);
    for (const auto& block : blocks.Bounds(Numbers(vector))) {
      ASSERT_TRUE(std::isfinite(block.most));
      for (std::uint32_t i = 0; i < block.count; ++i) {
        const auto row = static_cast<Eigen::Index>(blocks.rows()[block.first + i]);
        const double product = rows.row(row).cast<double>().dot(vector.cast<double>());
        ASSERT_LE(product, block.most + 1e-7 * static_cast<double>(scale));
      }
    }
  }
}

TEST(RowBlocksTest, ThereMayBeNone) {
  EXPECT_TRUE(RowBlocks().rows().empty());
  EXPECT_TRUE(RowBlocks(Matrix(0, 3)).rows().empty());
}

}  // namespace
}  // namespace vitrine
