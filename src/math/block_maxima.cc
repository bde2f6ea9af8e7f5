#include "vitrine/math/block_maxima.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

namespace vitrine {
namespace {

constexpr float kNumLevels = 255;

// The largest value of each column of a block [blocks x columns].
CsrMatrix MaximaByBlock(const CsrMatrix& rows, const RowParts& blocks) {
  CsrMatrix maxima;
  maxima.num_rows = blocks.size();
  maxima.num_cols = rows.num_cols;
  std::vector<float> largest(rows.num_cols, -1);  // Of the block, where a row of it has one.
  std::vector<std::uint32_t> columns;
  for (const auto& block : blocks) {
    columns.clear();
    for (const std::uint32_t row : block) {
      const auto of_row = rows.Columns(row);
      const auto values = rows.Values(row);
      for (std::size_t i = 0; i < of_row.size(); ++i) {
        float& most = largest[of_row[i]];
        if (most < 0) columns.push_back(of_row[i]);
        most = std::max(most, values[i] + 0.0F);  // Never -0, which adding would not show.
      }
    }
    std::sort(columns.begin(), columns.end());
    for (const std::uint32_t column : columns) {
      maxima.column.push_back(column);
      maxima.value.push_back(largest[column]);
      largest[column] = -1;
    }
    maxima.row_begin.push_back(maxima.column.size());
  }
  return maxima;
}

}  // namespace

BlockMaxima::BlockMaxima(const CsrMatrix& rows, const RowParts& blocks)
    : num_blocks_(blocks.size()), levels_of_(rows.num_cols, 0) {
  constexpr std::size_t kOneIn = 8;  // A number and its place take eight times what a level takes.
  const CsrMatrix all = Transpose(MaximaByBlock(rows, blocks));
  maxima_.num_rows = all.num_rows;
  maxima_.num_cols = all.num_cols;
  for (std::size_t column = 0; column < all.num_rows; ++column) {
    const auto of_column = all.Columns(column);
    const auto values = all.Values(column);
    if (of_column.size() > num_blocks_ / kOneIn) {
      AddLevels(of_column, values);
      levels_of_[column] = static_cast<std::uint32_t>(levels_.size());
    } else {
      maxima_.column.insert(maxima_.column.end(), of_column.begin(), of_column.end());
      maxima_.value.insert(maxima_.value.end(), values.begin(), values.end());
    }
    maxima_.row_begin.push_back(maxima_.column.size());
  }
  // Else growing left up to twice as much room as it takes.
  maxima_.row_begin.shrink_to_fit();
  maxima_.column.shrink_to_fit();
  maxima_.value.shrink_to_fit();
}

void BlockMaxima::AddLevels(std::span<const std::uint32_t> blocks, std::span<const float> maxima) {
  const float largest = *std::max_element(maxima.begin(), maxima.end());
  // Rounded up, so that no number is above the highest level.
  const float unit = std::nextafter(largest / kNumLevels, std::numeric_limits<float>::infinity());
  Levels& levels = levels_.emplace_back(
      Levels{.unit = unit, .of_block = std::vector<std::uint8_t>(num_blocks_, 0)});
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const double level = std::ceil(static_cast<double>(maxima[i]) / static_cast<double>(unit));
    levels.of_block[blocks[i]] = static_cast<std::uint8_t>(level);
  }
}

void BlockMaxima::Add(std::uint32_t column, float weight, std::span<float> sums) const {
  assert(weight >= 0 && sums.size() == num_blocks_);
  if (levels_of_[column] != 0) {
    const Levels& levels = levels_[levels_of_[column] - 1];
    const float unit = levels.unit;
    const std::uint8_t* const of_block = levels.of_block.data();
    // Not of weight * unit: where that is below normal floats it is off by up to half of itself.
    for (std::size_t b = 0; b < sums.size(); ++b) {
      sums[b] += weight * (unit * static_cast<float>(of_block[b]));
    }
    return;
  }
  const auto blocks = maxima_.Columns(column);
  const auto maxima = maxima_.Values(column);
  for (std::size_t i = 0; i < blocks.size(); ++i) sums[blocks[i]] += weight * maxima[i];
}

}  // namespace vitrine
