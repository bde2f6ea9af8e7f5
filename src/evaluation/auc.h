#pragma once

#include <cstdint>
#include <vector>

#include "vitrine/engine/pipeline.h"
#include "vitrine/evaluation/split.h"

namespace vitrine {

// Draws the items that a test case's right answers are held against.
class Negatives {
 public:
  // `count` of them, at random, drawn with replacement; all there are when those are no more.
  Negatives(const Split& split, std::size_t count);

  // Candidates that are neither right nor masked, for the case with this number. The same ones
  // every time.
  std::vector<ItemIndex> Of(const Query& query, const TestCase& test, std::uint64_t number) const;

 private:
  std::vector<ItemIndex> candidates_;
  std::size_t count_;
};

// The share of pairs of a right answer and a negative in which `pipeline` scores the right one
// higher; a tie counts one half, and so do two items that no model knows.
double MeasureAuc(const Pipeline& pipeline, const Query& query, const TestCase& test,
                  const std::vector<ItemIndex>& negatives);

}  // namespace vitrine
