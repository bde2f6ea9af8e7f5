#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "cli/simulate/latent.h"
#include "vitrine/base/clock.h"
#include "vitrine/base/random.h"
#include "vitrine/feature_store/item.h"

namespace vitrine::simulate {

inline constexpr Micros kStart = 1'767'225'600 * kMicrosPerSecond;  // 2026-01-01T00:00:00Z.

// A product, and what the shop does not know about it.
struct Product {
  Item item{};
  std::size_t category = 0;  // Index into Categories().
  std::size_t noun = 0;      // Index into its nouns.
  bool is_chinese = false;   // Title and description are in Chinese.
  Vector vector{};
  double log_popularity = 0;  // Log of the chance to be noticed, up to a constant.
  double relative_price = 0;  // Log of the price over what the category's products cost.
};

// The made-up catalogue. Immutable, thread-safe.
class Shop {
 public:
  // `span`: how long the shop is watched from kStart on; new products arrive during it.
  // REQUIRES: num_items >= 1
  Shop(std::size_t num_items, Micros span, Random random);

  const std::vector<Product>& products() const { return products_; }

  // Log-odds, up to a constant, that anyone looks at the category's products at `time`, and the
  // place around which they lie. Categories without products have -infinity.
  double CategoryAppeal(std::size_t category, Micros time) const;
  const Vector& CategoryVector(std::size_t category) const { return shelves_[category].centre; }

  // Log-odds, up to a constant, that anyone looks at the product at `time`: popularity, season
  // and, for a new product, its novelty.
  double Appeal(const Product& product, Micros time) const;

  // Log-odds that novelty adds: it fades within weeks.
  static double Novelty(const Product& product, Micros time);

  // A product of the category by popularity alone, published or not.
  // REQUIRES: the category has products
  std::size_t Notice(std::size_t category, Random& random) const;

 private:
  // The products of one category.
  struct Shelf {
    std::vector<std::size_t> products{};
    std::optional<WeightedChoice> by_popularity{};  // Empty without products.
    double log_mass = 0;                            // Log of the sum of popularities.
    Vector centre{};                                // Mean of the vectors, by popularity.
  };

  void FillShelves();

  std::vector<Product> products_;
  std::vector<Shelf> shelves_;  // One per category.
};

}  // namespace vitrine::simulate
