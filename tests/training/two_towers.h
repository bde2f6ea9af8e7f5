#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "vitrine/feature_store/dataset.h"
#include "vitrine/models/model.h"
#include "vitrine/scorers/scorer.h"

namespace vitrine::testing {

// Of each of a shop's two kinds: items 0 to 7 are of the first, 8 to 15 of the second.
inline constexpr std::uint32_t kOfAKind = 8;

inline Item Thing(const std::string& id, const std::string& title) {
  Item item;
  item.id = id;
  item.title = title;
  return item;
}

// `settings`, and where they say nothing those of towers that learn such a shop in a moment.
inline Settings SmallTowers(Settings settings) {
  settings.merge(Settings{{"dimensions", "8"},
                          {"hidden", "8"},
                          {"buckets", "256"},
                          {"epochs", "30"},
                          {"batch", "16"},
                          {"learning_rate", "0.01"},
                          {"held_out_share", "0"}});
  return settings;
}

// Of items [0, num_items): their scores [1 x num_items].
inline Matrix ScoresFor(const Model& model, const Query& query, std::uint32_t num_items = 18) {
  std::vector<ItemIndex> items;
  for (std::uint32_t i = 0; i < num_items; ++i) items.push_back(ItemIndex{i});
  Matrix scores(1, static_cast<Eigen::Index>(num_items));
  model.scorer->Score({&query, 1}, items, scores);
  return scores;
}

// Shoppers who each touched each of these items on a day of its own, in order.
inline Dataset OneItemADay(std::uint32_t num_items, std::size_t num_users = 1) {
  Dataset shop;
  for (std::uint32_t i = 0; i < num_items; ++i) shop.item_ids.push_back("x" + std::to_string(i));
  for (std::size_t user = 0; user < num_users; ++user) {
    for (std::uint32_t i = 0; i < num_items; ++i) {
      shop.interactions.push_back({static_cast<Micros>(i) * kMicrosPerDay, ItemIndex{i}, 1});
    }
    shop.user_begin.push_back(shop.interactions.size());
  }
  return shop;
}

// So many of whom all but the last are held out: what nobody else likes is left to that one.
inline constexpr std::size_t kEnoughToHoldOut = 21;

}  // namespace vitrine::testing
