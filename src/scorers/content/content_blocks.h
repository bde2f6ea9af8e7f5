#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "vitrine/math/block_maxima.h"
#include "vitrine/math/row_blocks.h"
#include "vitrine/math/row_parts.h"
#include "vitrine/scorers/content/content.h"

namespace vitrine {

// The items of a content model in blocks of about a hundred that are alike, by words and meaning,
// and what bounds the scores of each block. Items of which nothing is known are in none. Building
// them multiplies the words and the meaning of each item with some hundred directions, and those of
// samples with as many a few times more. Immutable.
class Content::Blocks {
 public:
  // What no score of an item of a block is above, rounding included.
  struct Bounded {
    double most = 0;
    double most_of_meaning = 0;  // What the meaning may add to the words of an item.
    std::size_t block = 0;
  };

  // REQUIRES: no value of the table's items is below 0
  explicit Blocks(const ContentTable& table);

  std::span<const std::uint32_t> Items(std::size_t block) const { return items_[block]; }

  // All blocks that may have an item with a score, in no order.
  std::vector<Bounded> Bounds(const Profile& profile) const;

 private:
  // What words and meaning may be off, in sums of floats.
  double RoundingOf(const Profile& profile) const;

  RowParts items_;
  BlockMaxima words_;
  RowBlocks meaning_{};       // None where the table has no meaning.
  double longest_words_ = 0;  // Row of either.
  double longest_meaning_ = 0;
};

}  // namespace vitrine
