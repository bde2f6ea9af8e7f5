#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "training/held_out_likes.h"
#include "vitrine/feature_store/dataset.h"

namespace vitrine::testing {

// `shop` without the likes that are held out.
inline Dataset Without(const Dataset& shop, const HeldOutLikes& likes) {
  Dataset left = shop;
  left.interactions.clear();
  left.user_begin.resize(1);
  std::size_t next = 0;  // Of the users that are held out.
  for (std::uint32_t user = 0; user < shop.num_users(); ++user) {
    std::span<const std::uint32_t> targets;
    if (next < likes.users.size() && likes.users[next] == user) targets = likes.Targets(next++);
    for (const Interaction& each : shop.History(user)) {
      const auto item = static_cast<std::uint32_t>(each.item);
      if (std::binary_search(targets.begin(), targets.end(), item)) continue;
      left.interactions.push_back(each);
    }
    left.user_begin.push_back(left.interactions.size());
  }
  SetFingerprint(left);
  return left;
}

}  // namespace vitrine::testing
