#pragma once

#include <cstddef>
#include <vector>

#include "vitrine/base/ids.h"

namespace vitrine {

// A number for each item and, of many, which have the largest: whoever wants a few of these need
// not look at all. A value.
struct RankedValues {
  // The largest of fewer items are found in less time than it takes to keep them.
  static constexpr std::size_t kFewestRanked = 50'000;
  static constexpr std::size_t kNumRanked = 8192;

  std::vector<float> values{};  // By item index.
  // The largest first, ties to the smaller index; none that is left out stands before one of them.
  std::vector<ItemIndex> largest{};  // Empty where items are few.
};

// With the `num_ranked` largest of `values`, if these are `fewest` or more. O(n), about.
RankedValues RankValues(std::vector<float> values,
                        std::size_t num_ranked = RankedValues::kNumRanked,
                        std::size_t fewest = RankedValues::kFewestRanked);

}  // namespace vitrine
