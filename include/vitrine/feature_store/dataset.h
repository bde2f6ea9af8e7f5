#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "vitrine/base/ids.h"
#include "vitrine/feature_store/event.h"
#include "vitrine/feature_store/item.h"
#include "vitrine/feature_store/user.h"
#include "vitrine/math/sparse.h"

namespace vitrine {

// A user of a data set of whom the shop says something.
struct DescribedUser {
  std::uint32_t user = 0;                                 // The row.
  std::shared_ptr<const ProfileAttributes> attributes{};  // Never null.
};

// An immutable snapshot that models are trained and measured on: who touched what, when, and what
// the items are. Rows are dense item indices of the store it came from (or of the files it was read
// from); users are renumbered without gaps, in order of their first event.
struct Dataset {
  std::vector<std::string> item_ids{};               // [num_items]
  std::vector<std::shared_ptr<const Item>> items{};  // [num_items], null: not described
  std::vector<std::string> user_ids{};               // [num_users]; empty for a store's snapshot
  std::vector<std::uint64_t> user_begin = {0};       // [num_users + 1], into `interactions`
  std::vector<Interaction> interactions{};           // By user; oldest first, repeats kept
  // By user, of those who have one. As they were when the store was read, even where the
  // interactions end earlier: a store keeps no former ones. Files have none.
  std::vector<DescribedUser> profiles{};
  Micros now_us = 0;              // The moment the snapshot speaks of
  std::uint64_t fingerprint = 0;  // Of all of the above
  // [num_users] ShopperKey of each, in a store's snapshot as it was taken; empty elsewhere, parts
  // of it too.
  std::vector<std::uint64_t> shopper_keys{};

  std::size_t num_items() const { return item_ids.size(); }
  std::size_t num_users() const { return user_begin.size() - 1; }
  std::span<const Interaction> History(std::size_t user) const {
    return std::span(interactions)
        .subspan(user_begin[user], user_begin[user + 1] - user_begin[user]);
  }
  // Null: the shop says nothing of the user.
  std::shared_ptr<const ProfileAttributes> ProfileOf(std::size_t user) const;
};

// One row per user, one entry per distinct item: the sum of its interactions' weights. Pairs whose
// sum is not above zero are left out.
CsrMatrix UserItemWeights(const Dataset& dataset);

// Sets `fingerprint` from the content.
void SetFingerprint(Dataset& dataset);

}  // namespace vitrine
