#include "feature_store/behaviour/facets.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"

namespace vitrine {
namespace {

constexpr std::int64_t kUnit = 1'000'000;  // Millionths in a currency unit.

// 1, 2, 5, 10, ...: the lower end of band `step` + 1, in currency units.
std::int64_t StepAt(std::uint32_t step) {
  constexpr std::int64_t kDigits[] = {1, 2, 5};
  std::int64_t power = 1;
  for (std::uint32_t i = 0; i < step / 3; ++i) power *= 10;
  return power * kDigits[step % 3];
}

}  // namespace

std::uint32_t PriceBandOf(std::int64_t price) {
  std::uint32_t band = 0;
  while (band < 36 && price / kUnit >= StepAt(band)) ++band;
  return band;
}

std::string PriceBandName(std::uint32_t band) {
  if (band == 0) return "below 1";
  return absl::StrFormat("%d to %d", StepAt(band - 1), StepAt(band));
}

void Facets::Set(ItemIndex index, const Item* item) {
  std::unique_lock lock(mutex_);
  if (Row(index) >= facets_.size()) facets_.resize(Row(index) + 1);
  const Facet before = facets_[Row(index)];
  const Facet facet = FacetOf(item);
  facets_[Row(index)] = facet;
  if (facet.category == before.category && facet.price == before.price) return;
  if (before.category != kNone) categories_[before.category].is_current = false;
  if (facet.category == kNone) return;
  Category& category = categories_[facet.category];
  category.is_current = false;
  if (facet.category != before.category) category.items.push_back(index);
}

Facets::Facet Facets::FacetOf(const Item* item) {
  Facet facet;
  if (item == nullptr) return facet;
  if (!item->categories.empty()) facet.category = NumberOf(item->categories.front());
  if (!item->brand.empty()) facet.brand = NumberOf(item->brand);
  if (item->price.has_value()) facet.price = item->price->micros;
  return facet;
}

std::uint32_t Facets::NumberOf(const std::string& name) {
  const auto [place, is_new] =
      number_of_.try_emplace(name, static_cast<std::uint32_t>(names_.size()));
  if (is_new) names_.push_back(name);
  return place->second;
}

std::vector<Facets::Facet> Facets::Of(std::span<const ItemIndex> items) const {
  std::vector<Facet> facets;
  facets.reserve(items.size());
  std::shared_lock lock(mutex_);
  for (const ItemIndex item : items) {
    facets.push_back(Row(item) < facets_.size() ? facets_[Row(item)] : Facet());
  }
  return facets;
}

std::string Facets::Name(std::uint32_t number) const {
  std::shared_lock lock(mutex_);
  return names_[number];
}

std::optional<std::int64_t> Facets::MedianPrice(ItemIndex index) const {
  {
    std::shared_lock lock(mutex_);
    if (Row(index) >= facets_.size()) return std::nullopt;
    const Facet& facet = facets_[Row(index)];
    if (facet.category == kNone || facet.price < 0) return std::nullopt;
    const Category& category = categories_.at(facet.category);
    if (category.is_current) return category.median;
  }
  std::unique_lock lock(mutex_);
  const Facet& facet = facets_[Row(index)];
  if (facet.category == kNone || facet.price < 0) return std::nullopt;  // Meanwhile.
  Refresh(facet.category);
  return categories_.at(facet.category).median;
}

void Facets::Refresh(std::uint32_t number) const {
  Category& category = categories_[number];
  std::vector<ItemIndex>& items = category.items;
  std::erase_if(items, [&](ItemIndex item) { return facets_[Row(item)].category != number; });
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
  std::vector<std::int64_t> prices;
  for (const ItemIndex item : items) {
    if (facets_[Row(item)].price >= 0) prices.push_back(facets_[Row(item)].price);
  }
  category.is_current = true;
  category.median = -1;
  if (prices.empty()) return;
  const auto middle = prices.begin() + static_cast<std::ptrdiff_t>((prices.size() - 1) / 2);
  std::nth_element(prices.begin(), middle, prices.end());
  category.median = *middle;
}

}  // namespace vitrine
