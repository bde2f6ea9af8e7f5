#pragma once

#include <cstddef>
#include <cstdint>
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

// Items that the shop wants higher on a list, or lower.
struct Boost {
  std::string filter{};  // What holds for them: item_filter.h. Not empty.
  // From -1 to 1: what is added to their scores, in units of the best score of the list. Above 0
  // they are boosted, below buried.
  double strength = 0;
  bool operator==(const Boost&) const = default;
};

inline constexpr std::size_t kMaxBoosts = 20;
inline constexpr double kMaxTemperature = 10;     // Of an Exploration.
inline constexpr std::size_t kMaxListPage = 200;  // Items of one page.

// A share of the list for items that rankings rarely find.
struct Exposure {
  enum class Group {
    kNone,
    kNew,       // Published at most Engine::Options::new_arrival_days ago.
    kLongTail,  // All but the most popular that make up kHeadShare of all demand.
    kFilter,    // What `filter` holds for: a brand, a price band, whatever has too little.
  };
  static constexpr double kHeadShare = 0.8;
  Group group = Group::kNone;
  double share = 0;      // 0 to 1: the least part of each list from its top that is of the group.
  std::string filter{};  // item_filter.h. Of kFilter alone, and then not empty.
  bool operator==(const Exposure&) const = default;
};

// Draws the list by chance, the better the likelier, so that what the ranking would never show can
// be learned of; every item then comes with the propensity of its place.
struct Exploration {
  // 0: none. Otherwise item i is drawn in proportion to exp(score_i / (temperature * best score)):
  // 0.1 keeps near to the ranking, 1 is close to chance.
  double temperature = 0;
  std::uint64_t seed = 0;  // The same request, state and seed give the same list.
  bool operator==(const Exploration&) const = default;
};

// What a shop wants of a list beside good items. docs/controls.md has the order in which it counts.
struct ListControls {
  Diversity diversity{};
  // Of one brand, and of one category (the path that an item lists first), on the list with all its
  // pages. 0: no limit. Pins are shown whatever the limits, but count.
  std::size_t max_per_brand = 0;
  std::size_t max_per_category = 0;
  std::vector<Pin> pins{};
  bool is_strict = false;  // Not filled up with what is popular.
  std::vector<Boost> boosts{};
  // From 0, none, to 1: items that the shopper was shown n times and did nothing with since are
  // buried by 1 - (1 - rotation)^n, as by a boost.
  double rotation = 0;
  Exposure exposure{};
  Exploration exploration{};  // Not together with a diversity.
  bool operator==(const ListControls&) const = default;
};

}  // namespace vitrine
