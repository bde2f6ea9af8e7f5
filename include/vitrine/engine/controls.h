#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "vitrine/engine/diversity.h"

namespace vitrine {

// An item that the shop wants at a certain place.
struct Pin {
  std::string item_id{};
  std::size_t position = 0;  // On the list, all its pages counted through; from 1.
  bool operator==(const Pin&) const = default;
};

inline constexpr std::size_t kMaxPins = 100;
inline constexpr std::size_t kMaxListLength = 1000;  // Over all pages.

// What a shop wants of a list beside good items. docs/controls.md has the order in which it counts.
struct ListControls {
  Diversity diversity{};
  // Of one brand, and of one category (the path that an item lists first), on the list with all its
  // pages. 0: no limit. Pins are shown whatever the limits, but count.
  std::size_t max_per_brand = 0;
  std::size_t max_per_category = 0;
  std::vector<Pin> pins{};
  bool is_strict = false;  // Not filled up with what is popular.
  bool operator==(const ListControls&) const = default;
};

}  // namespace vitrine
