#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "vitrine/base/random.h"
#include "vitrine/feature_store/dataset.h"
#include "vitrine/scorers/scorer.h"

namespace vitrine::testing {

inline constexpr std::size_t kItems = 30;

// A shop that every trainer can learn from.
inline Dataset SmallDataset() {
  Random random(3);
  Dataset shop;
  for (std::size_t row = 0; row < kItems; ++row) {
    Item item{.id = absl::StrFormat("item-%d", row)};
    item.title = absl::StrFormat("word%d word%d 茶壶", row % 5, row % 3);
    item.categories = {absl::StrFormat("Home > Shelf %d", row % 4)};
    item.brand = absl::StrFormat("Brand %d", row % 6);
    shop.item_ids.push_back(item.id);
    shop.items.push_back(std::make_shared<const Item>(std::move(item)));
  }
  for (int user = 0; user < 40; ++user) {
    for (int event = 0; event < 8; ++event) {
      // Four visits on four days, of two items each.
      shop.interactions.push_back(
          {.time_us = event / 2 * kMicrosPerDay + event % 2,
           .item = static_cast<ItemIndex>(random.Below(kItems)),
           .weight = static_cast<float>(1 + random.Below(5)),
           .value = static_cast<float>(1 + (user + event) % 5),
           .type = event % 3 == 0 ? EventType::kRate : EventType::kDetailPageView});
    }
    shop.user_begin.push_back(shop.interactions.size());
  }
  shop.now_us = 8 * kMicrosPerDay;
  SetFingerprint(shop);
  return shop;
}

// Scores of `items` for a shopper who rated an item, touched others and looks at another.
inline Matrix Scores(const Scorer& scorer, const std::vector<ItemIndex>& history,
                     const std::vector<ItemIndex>& items) {
  std::vector<Interaction> interactions;
  for (std::size_t i = 0; i + 1 < history.size(); ++i) {
    interactions.push_back({.time_us = 8 * kMicrosPerDay,
                            .item = history[i],
                            .weight = 3,
                            .value = 4,
                            .type = i == 0 ? EventType::kRate : EventType::kDetailPageView});
  }
  const Query query{.history = interactions,
                    .context_items = std::span(history).last(1),
                    .now_us = 9 * kMicrosPerDay};
  Matrix scores(1, static_cast<Eigen::Index>(items.size()));
  scorer.Score({&query, 1}, items, scores);
  return scores;
}

inline std::vector<ItemIndex> AllItems() {
  std::vector<ItemIndex> items;
  for (std::uint32_t row = 0; row < kItems; ++row) items.push_back(ItemIndex{row});
  return items;
}

}  // namespace vitrine::testing
