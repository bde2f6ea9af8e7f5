#include "cli/simulate/shop.h"

#include <cmath>
#include <limits>
#include <numbers>

#include "cli/simulate/make_products.h"
#include "cli/simulate/words.h"

namespace vitrine::simulate {
namespace {

constexpr double kNovelty = 1;  // Log-odds on the first day.
constexpr double kNoveltyDays = 20;

double Days(Micros time) { return static_cast<double>(time) / static_cast<double>(kMicrosPerDay); }

double Season(std::size_t category, Micros time) {
  const CategoryWords& words = Categories()[category];
  const double year = 2 * std::numbers::pi / 365;
  return words.season * std::cos(year * (Days(time - kStart) - words.peak_day));
}

}  // namespace

Shop::Shop(std::size_t num_items, Micros span, Random random)
    : products_(MakeProducts(num_items, span, random)), shelves_(Categories().size()) {
  FillShelves();
}

void Shop::FillShelves() {
  for (std::size_t i = 0; i < products_.size(); ++i) {
    shelves_[products_[i].category].products.push_back(i);
  }
  for (Shelf& shelf : shelves_) {
    double mass = 0;
    std::vector<double> weights;
    for (const std::size_t i : shelf.products) {
      weights.push_back(std::exp(products_[i].log_popularity));
      mass += weights.back();
      AddScaled(shelf.centre, weights.back(), products_[i].vector);
    }
    shelf.log_mass = mass > 0 ? std::log(mass) : -std::numeric_limits<double>::infinity();
    if (weights.empty()) continue;
    for (double& value : shelf.centre) value /= mass;
    shelf.by_popularity.emplace(weights);
  }
}

double Shop::CategoryAppeal(std::size_t category, Micros time) const {
  return shelves_[category].log_mass + Season(category, time);
}

double Shop::Appeal(const Product& product, Micros time) const {
  return product.log_popularity + Season(product.category, time) + Novelty(product, time);
}

double Shop::Novelty(const Product& product, Micros time) {
  const double age = Days(time - product.item.publish_time_us);
  return age < 0 ? 0 : kNovelty * std::exp(-age / kNoveltyDays);
}

std::size_t Shop::Notice(std::size_t category, Random& random) const {
  const Shelf& shelf = shelves_[category];
  return shelf.products[shelf.by_popularity->Draw(random)];
}

}  // namespace vitrine::simulate
