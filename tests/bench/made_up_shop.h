#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "vitrine/base/random.h"
#include "vitrine/feature_store/dataset.h"

namespace vitrine {

// What touches what in a shop that is made up. Each shopper lives in one part of it; what is
// popular there follows a power law: the item of rank r is touched in proportion to 1 / r, and
// what lies beyond the part's last item begins again at its first.
struct ShopShape {
  std::size_t num_users = 30'000;
  std::size_t num_items = 40'000;  // A multiple of num_parts.
  std::size_t num_parts = 50;
  std::size_t least_history = 8;  // Pairs of every shopper;
  double mean_beyond_least = 19;  // more of them fall off exponentially.
  double share_of_strays = 0;     // Of the touches: into any part.
};

// Appends the pairs of all shoppers of `shape`, each of shopper and item once.
inline void AppendHistories(const ShopShape& shape, Random& random, Dataset& shop) {
  const std::size_t part_items = shape.num_items / shape.num_parts;
  std::vector<std::size_t> last_user(shape.num_items, 0);  // Who touched it last, from 1.
  for (std::size_t user = 0; user < shape.num_users; ++user) {
    const auto wanted = static_cast<std::size_t>(static_cast<double>(shape.least_history) +
                                                 shape.mean_beyond_least * random.Exponential());
    const std::size_t count = std::min(wanted, part_items / 2);
    for (std::size_t i = 0; i < count;) {
      const double items = static_cast<double>(shape.num_items);
      const auto rank = static_cast<std::size_t>(std::pow(items, random.Uniform()) - 1);
      const bool strays = shape.share_of_strays > 0 && random.Uniform() < shape.share_of_strays;
      const std::size_t part = (strays ? random.NextBits() : user) % shape.num_parts;
      const std::size_t item = (rank * shape.num_parts + part) % shape.num_items;
      if (last_user[item] == user + 1) continue;
      last_user[item] = user + 1;
      shop.interactions.push_back(
          {.item = ItemIndex{static_cast<std::uint32_t>(item)}, .weight = 1});
      ++i;
    }
    shop.user_begin.push_back(shop.interactions.size());
  }
}

}  // namespace vitrine
