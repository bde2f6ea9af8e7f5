#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "engine/fake_shop.h"
#include "testing/fake_scorer.h"
#include "vitrine/base/random.h"
#include "vitrine/feature_store/item.h"

namespace vitrine::testing {

inline constexpr std::size_t kLargeShopItems = 300;

// 300 items of seven brands and five categories; some have no brand, some no category, every tenth
// is a variant of the one before.
inline std::vector<Item> LargeShopItems() {
  Random random(11);
  std::vector<Item> items;
  for (std::size_t i = 0; i < kLargeShopItems; ++i) {
    Item item{.id = absl::StrFormat("item-%03d", i)};
    if (i % 10 == 9) item.primary_item_id = items.back().id;
    if (const auto brand = random.Below(8); brand < 7) item.brand = absl::StrFormat("B%d", brand);
    if (const auto category = random.Below(6); category < 5) {
      item.categories = {absl::StrFormat("Shop > C%d", category), "Shop > Sale"};
    }
    items.push_back(std::move(item));
  }
  return items;
}

// A model of popularity that scores the first 240 indices, and knows of six kinds of items.
inline Model LargeShopModel(std::uint64_t seed) {
  Random random(seed);
  std::vector<float> scores;
  Matrix vectors(static_cast<Eigen::Index>(kLargeShopItems), 8);
  for (Eigen::Index i = 0; i < vectors.size(); ++i) {
    vectors.data()[i] = static_cast<float>(random.Below(2001)) / 2000 - 0.5F;
  }
  for (std::size_t i = 0; i < kLargeShopItems; ++i) {
    const std::uint64_t kind = random.Below(6);  // The first is liked more than the others.
    vectors(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(kind)) += 2;
    const float liked = kind == 0 ? 4 : 1;
    if (i + 60 < kLargeShopItems) {
      scores.push_back(liked + static_cast<float>(random.Below(10'000)) / 1000);
    }
  }
  Model model = MakeFakeModel("most_popular", ModelFamily::kPopularity, std::move(scores));
  struct Owner final : FakeScorer {
    explicit Owner(Matrix of) : FakeScorer("owner", {}), vectors(std::move(of)) {}
    const Matrix vectors;
  };
  const auto owner = std::make_shared<const Owner>(std::move(vectors));
  model.vectors = MakeFactorVectors(owner, owner->vectors);
  return model;
}

// An engine over these items, of which its model scores 235.
class LargeShop : public FakeShop {
 protected:
  LargeShop() {
    for (const char* id : {"a", "b", "c", "d", "e"}) store_.Retire(id);
    items_ = LargeShopItems();
    for (const Item& item : items_) store_.Put(item);
    // The first five indices are those of FakeShop's items.
    model_ = LargeShopModel(5);
    Publish({model_});
    std::vector<float> popularity(items_.size() + 5);
    for (std::size_t i = 0; i < popularity.size(); ++i) {
      popularity[i] = static_cast<float>(i * 37 % 101);
    }
    store_.SetPopularity(std::move(popularity));
  }

  const Item& Get(const std::string& id) const { return items_[std::stoul(id.substr(5))]; }
  static std::string Product(const Item& item) {
    return item.primary_item_id.empty() ? item.id : item.primary_item_id;
  }
  static std::string Category(const Item& item) {
    return item.categories.empty() ? "" : item.categories.front();
  }

  std::vector<Item> items_;
  Model model_;
};

}  // namespace vitrine::testing
