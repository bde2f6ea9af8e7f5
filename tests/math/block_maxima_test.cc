#include "vitrine/math/block_maxima.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "vitrine/base/random.h"

namespace vitrine {
namespace {

constexpr float kUntouched = -0.0F;
constexpr std::size_t kBlocks = 400;  // Of which more than an eighth have the first columns alone.

bool IsUntouched(float sum) {
  return std::bit_cast<std::uint32_t>(sum) == std::bit_cast<std::uint32_t>(kUntouched);
}

// Column c in one row of 1 + c, so that the first columns are in all blocks and the last in few.
CsrMatrix SomeRows(std::size_t num_rows, std::size_t num_cols, Random& random) {
  CsrMatrix rows;
  rows.num_rows = num_rows;
  rows.num_cols = num_cols;
  for (std::size_t row = 0; row < num_rows; ++row) {
    for (std::uint32_t column = 0; column < num_cols; ++column) {
      if (random.Below(1 + column) != 0) continue;
      rows.column.push_back(column);
      rows.value.push_back(random.Below(20) == 0 ? 0 : static_cast<float>(random.Exponential()));
    }
    rows.row_begin.push_back(rows.column.size());
  }
  return rows;
}

// Rows 0, 7, 14, ... are in no block.
RowParts SomeBlocks(std::size_t num_rows, std::size_t num_blocks) {
  RowParts blocks(num_blocks);
  for (std::uint32_t row = 0; row < num_rows; ++row) {
    if (row % 7 != 0) blocks[row % num_blocks].push_back(row);
  }
  return blocks;
}

// The largest of a column in a block; below 0 where none has one.
float SlowMaximum(const CsrMatrix& rows, std::span<const std::uint32_t> block,
                  std::uint32_t column) {
  float most = -1;
  for (const std::uint32_t row : block) {
    for (std::size_t i = 0; i < rows.Columns(row).size(); ++i) {
      if (rows.Columns(row)[i] == column) most = std::max(most, rows.Values(row)[i]);
    }
  }
  return most;
}

TEST(BlockMaximaTest, AddWhatARowOfABlockMayHaveAtMost) {
  Random random(1);
  const CsrMatrix rows = SomeRows(2000, 200, random);
  const RowParts blocks = SomeBlocks(2000, kBlocks);
  const BlockMaxima maxima(rows, blocks);
  ASSERT_EQ(maxima.num_blocks(), kBlocks);
  for (std::uint32_t column = 0; column < 200; ++column) {
    std::vector<float> sums(kBlocks, kUntouched);

    maxima.Add(column, 0.3F, sums);

    for (std::size_t b = 0; b < blocks.size(); ++b) {
      const float most = SlowMaximum(rows, blocks[b], column);
      if (most < 0) continue;
      EXPECT_GE(sums[b], 0.3F * most * (1 - 1e-6F)) << "column " << column << ", block " << b;
      EXPECT_FALSE(IsUntouched(sums[b]));
    }
  }
}

// Below normal floats a product may be off by half of the least of all, and no more.
TEST(BlockMaximaTest, TheSmallestWeightsCountToo) {
  constexpr float kWeight = 1e-42F;
  constexpr double kLeastOfAll = std::numeric_limits<float>::denorm_min();
  Random random(4);
  const CsrMatrix rows = SomeRows(2000, 60, random);
  const RowParts blocks = SomeBlocks(2000, kBlocks);
  const BlockMaxima maxima(rows, blocks);
  for (std::uint32_t column = 0; column < 60; ++column) {
    std::vector<float> sums(kBlocks, kUntouched);

    maxima.Add(column, kWeight, sums);

    for (std::size_t b = 0; b < blocks.size(); ++b) {
      const auto most = static_cast<double>(SlowMaximum(rows, blocks[b], column));
      EXPECT_GE(static_cast<double>(sums[b]), static_cast<double>(kWeight) * most - kLeastOfAll)
          << "column " << column << ", block " << b;
    }
  }
}

// Those that all have a column are 255 levels; a level more is what may be lost.
TEST(BlockMaximaTest, AddLittleMore) {
  Random random(2);
  const CsrMatrix rows = SomeRows(2000, 200, random);
  const RowParts blocks = SomeBlocks(2000, kBlocks);
  const BlockMaxima maxima(rows, blocks);
  for (std::uint32_t column = 0; column < 200; ++column) {
    std::vector<float> sums(kBlocks, kUntouched);
    float largest = 0;
    for (const auto& block : blocks) {
      largest = std::max(largest, SlowMaximum(rows, block, column));
    }

    maxima.Add(column, 2, sums);

    for (std::size_t b = 0; b < blocks.size(); ++b) {
      const float most = std::max(SlowMaximum(rows, blocks[b], column), 0.0F);
      EXPECT_LE(sums[b], 2 * (most + largest / 254)) << "column " << column << ", block " << b;
    }
  }
}

// What twice a column adds to twenty blocks of a row each, of which the first has `value` in it.
std::vector<float> TwiceTheFirst(float value) {
  CsrMatrix rows;
  rows.num_rows = 20;
  rows.num_cols = 1;
  rows.row_begin.assign(21, 1);
  rows.row_begin[0] = 0;
  rows.column = {0};
  rows.value = {value};
  RowParts blocks;
  for (std::uint32_t row = 0; row < 20; ++row) blocks.push_back({row});
  std::vector<float> sums(20, kUntouched);
  BlockMaxima(rows, blocks).Add(0, 2, sums);
  return sums;
}

TEST(BlockMaximaTest, LeaveBlocksWithoutTheColumnUntouched) {
  const std::vector<float> sums = TwiceTheFirst(0.5F);

  EXPECT_EQ(sums[0], 1);
  EXPECT_TRUE(std::all_of(sums.begin() + 1, sums.end(), IsUntouched));
}

TEST(BlockMaximaTest, AValueOfMinusZeroTouchesToo) {
  const std::vector<float> sums = TwiceTheFirst(-0.0F);

  EXPECT_FALSE(IsUntouched(sums[0]));
}

TEST(BlockMaximaTest, AWeightOfZeroTouchesToo) {
  Random random(3);
  const CsrMatrix rows = SomeRows(100, 60, random);
  const RowParts blocks = SomeBlocks(100, 30);
  const BlockMaxima maxima(rows, blocks);
  for (const std::uint32_t column : {0U, 59U}) {
    std::vector<float> sums(30, kUntouched);

    maxima.Add(column, 0, sums);

    for (std::size_t b = 0; b < blocks.size(); ++b) {
      if (SlowMaximum(rows, blocks[b], column) < 0) continue;
      EXPECT_EQ(sums[b], 0);
      EXPECT_FALSE(IsUntouched(sums[b]));
    }
  }
}

TEST(BlockMaximaTest, ThereMayBeNone) {
  EXPECT_EQ(BlockMaxima().num_blocks(), 0U);
  EXPECT_EQ(BlockMaxima(CsrMatrix(), {}).num_blocks(), 0U);
}

}  // namespace
}  // namespace vitrine
