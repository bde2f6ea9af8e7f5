#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "vitrine/base/clock.h"
#include "vitrine/feature_store/dataset.h"

namespace vitrine {

// One thing on the way of a shopper.
struct Visit {
  Micros time_us = 0;
  std::uint32_t item = 0;
  std::uint32_t step = 0;  // From 0; items of one moment share a step. See RecentItems.
};

// What every shopper of a data set touched, in order.
struct Journeys {
  std::vector<Visit> visits{};
  std::vector<std::uint64_t> begin = {0};  // [users + 1], into `visits`

  std::size_t size() const { return begin.size() - 1; }
  std::span<const Visit> operator[](std::size_t user) const {
    return std::span(visits).subspan(begin[user], begin[user + 1] - begin[user]);
  }
};

// Dislikes are left out, and so is an item that the visit before it was of as well: a view, a cart
// and an order of one item in a row are one visit, at the time of the first. Interactions of one
// moment share a step, unless its time is 0: then the data set's order is all that is known.
Journeys JourneysOf(const Dataset& dataset);

}  // namespace vitrine
