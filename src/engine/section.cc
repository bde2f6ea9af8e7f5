#include "engine/section.h"

#include <algorithm>
#include <utility>

namespace vitrine {
namespace {

constexpr std::size_t kMostCategories = 20;  // As a request may name.

// The request's own wishes come first; what it leaves open, the placement says.
void JoinControls(const ListControls& of_placement, ListControls& controls) {
  const ListControls none;
  if (controls.diversity == none.diversity && controls.exploration == none.exploration) {
    controls.diversity = of_placement.diversity;
  }
  if (controls.max_per_brand == 0) controls.max_per_brand = of_placement.max_per_brand;
  if (controls.max_per_category == 0) controls.max_per_category = of_placement.max_per_category;
  controls.is_strict = controls.is_strict || of_placement.is_strict;
  controls.boosts.insert(controls.boosts.end(), of_placement.boosts.begin(),
                         of_placement.boosts.end());
  if (controls.rotation == 0) controls.rotation = of_placement.rotation;
  if (controls.exposure == none.exposure) controls.exposure = of_placement.exposure;
}

// The distinct categories of the items, of the first ones first.
std::vector<std::string> CategoriesOf(std::span<const ItemIndex> items,
                                      const Catalogue& catalogue) {
  std::vector<std::string> categories;
  for (const ItemIndex index : items) {
    const std::shared_ptr<const Item> item = catalogue.Get(index);
    if (item == nullptr) continue;
    for (const std::string& path : item->categories) {
      const bool is_new = std::find(categories.begin(), categories.end(), path) == categories.end();
      if (is_new && categories.size() < kMostCategories) categories.push_back(path);
    }
  }
  return categories;
}

}  // namespace

std::vector<const Placement*> ChainOf(const RecommendRequest& request,
                                      const Placements::Table& table) {
  const auto named = table.find(request.placement);
  const Placements::Entry& first =
      named == table.end() ? table.find(kDefaultPlacement)->second : named->second;
  std::vector<const Placement*> chain = {&first.placement};
  for (const std::string& fallback : first.placement.fallbacks) {
    const auto found = table.find(fallback);
    if (found != table.end()) chain.push_back(&found->second.placement);
  }
  return chain;
}

Section SectionOf(const RecommendRequest& request, std::span<const Placement* const> chain,
                  std::size_t i) {
  const Placement& first = *chain.front();
  const Placement& placement = *chain[i];
  Section section{.placement = placement,
                  .page_size = request.page_size == 0 ? first.page_size : request.page_size,
                  .seen = request.seen.value_or(placement.seen),
                  .controls = request.controls,
                  .is_first = i == 0,
                  .is_last = i + 1 == chain.size()};
  JoinControls(first.controls, section.controls);
  if (!request.filter.empty()) section.filters.push_back(request.filter);
  if (!placement.filter.empty()) section.filters.push_back(placement.filter);
  return section;
}

void AskAbout(const Placement& placement, const Catalogue& catalogue, ShopperQuery& query) {
  if (placement.is_of_categories && query.categories.empty()) {
    query.categories = CategoriesOf(query.context.empty() ? query.cart : query.context, catalogue);
  }
  if (placement.subject == Placement::Subject::kShopper) return;
  const bool is_cart_first = placement.subject == Placement::Subject::kCart;
  const bool takes_cart = is_cart_first ? !query.cart.empty() : query.context.empty();
  if (takes_cart) query.context = std::move(query.cart);
  query.cart.clear();
  query.past = std::exchange(query.shopper, {}).history;
}

ItemBitmap OnlyBought(const ItemBitmap& allowed, const ShopperQuery& query) {
  ItemBitmap bought(allowed.size());
  for (const ItemIndex item : query.owned) bought.Insert(item);
  bought.IntersectWith(allowed);
  return bought;
}

}  // namespace vitrine
