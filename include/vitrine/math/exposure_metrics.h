#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace vitrine {

// What the lists of all users show together, however right they are. Definitions:
// docs/evaluation.md.
struct ExposureMetrics {
  double coverage = 0;  // Share of the items that any list shows, 0 to 1.
  double novelty = 0;   // Mean over what is shown of -log2(the share of users who had it), bits.
  double gini = 0;      // Of how often items are shown: 0 all alike, towards 1 always the same few.
  double long_tail = 0;  // Share of what is shown that is no bestseller, 0 to 1.
};

// The share of all that users had which the bestsellers make up: the fewest items, those of most
// users first, ties to the earlier.
inline constexpr double kBestsellerShare = 0.8;

// By item: whether it is one of them.
std::vector<bool> Bestsellers(std::span<const std::uint64_t> num_owners);

// `shown` [items]: in how many lists each candidate is. `num_owners` [items]: how many of
// `num_users` had it in training; an item of nobody counts as one of a single user for the novelty.
// All zero when nothing is shown.
ExposureMetrics MeasureExposure(std::span<const std::uint64_t> shown,
                                std::span<const std::uint64_t> num_owners, std::size_t num_users);

}  // namespace vitrine
