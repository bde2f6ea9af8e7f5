#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "vitrine/insight/shopper.h"

namespace vitrine {

inline constexpr std::size_t kRfmScores = 5;

// Recency, frequency, monetary value (Hughes: Strategic Database Marketing, 1994), each from 1 to
// 5, 5 the best. All 0: the shopper has no order.
struct RfmScore {
  std::uint8_t recency = 0;
  std::uint8_t frequency = 0;
  std::uint8_t monetary = 0;
  bool operator==(const RfmScore&) const = default;

  bool IsBuyer() const { return recency > 0; }
};

// Shoppers of one name on the grid of recency and frequency, such as "at risk".
struct RfmGroup {
  std::string_view name{};
  std::size_t size = 0;
  std::size_t num_priced = 0;  // Its buyers with an order whose value is known.
  std::int64_t value_micros = 0;
};

// The buyers of a shop on the RFM grid.
struct RfmGrid {
  std::vector<RfmScore> scores{};  // [shoppers], of ShopperTable::rows.
  std::size_t num_buyers = 0;
  // [recency - 1][frequency - 1][monetary - 1] How many buyers have these scores.
  std::array<std::array<std::array<std::size_t, kRfmScores>, kRfmScores>, kRfmScores> counts{};
  std::vector<RfmGroup> groups{};  // All ten, the best first.
};

// Scores the shoppers with at least one order, by the moment of the last order, the number of
// orders and their value. A score is ceil(5 r / n), with r the rank from the worst (1) to the best
// (n) of n buyers; equal ones share the rank of the first of them, and so their score: all who
// ordered once have frequency 1 where they are many. That is np.ceil(5 * column.rank(method="min")
// / n) of pandas, and quintiles where nothing is equal.
RfmGrid MakeRfmGrid(const ShopperTable& shoppers);

// The group's name by recency and frequency, both 1 to 5: "champions" are 5, 5.
std::string_view RfmGroupName(std::uint8_t recency, std::uint8_t frequency);

}  // namespace vitrine
