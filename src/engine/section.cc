#include "engine/section.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"

namespace vitrine {
namespace {

constexpr Micros kHour = 3600 * kMicrosPerSecond;

// To the hour, so that the filter is the same text for an hour, and what it holds for is
// remembered.
std::string YoungerThan(double days, Micros now) {
  const auto age = static_cast<Micros>(days * kMicrosPerDay);
  const Micros since = std::max<Micros>(now - age, 0) / kHour * kHour;
  return absl::StrFormat(
      "publish_time >= \"%s\"",
      absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixMicros(since), absl::UTCTimeZone()));
}

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

// The categories of the items, as they stand.
std::vector<std::string> CategoriesOf(std::span<const ItemIndex> items,
                                      const Catalogue& catalogue) {
  std::vector<std::string> categories;
  for (const ItemIndex index : items) {
    const std::shared_ptr<const Item> item = catalogue.Get(index);
    if (item == nullptr) continue;
    categories.insert(categories.end(), item->categories.begin(), item->categories.end());
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
                  std::size_t i, Micros now) {
  const Placement& placement = *chain[i];
  Section section{.placement = placement,
                  .request = request,
                  .is_first = i == 0,
                  .is_last = i + 1 == chain.size()};
  RecommendRequest& asked = section.request;
  if (asked.page_size == 0) asked.page_size = chain.front()->page_size;
  if (!asked.seen.has_value()) asked.seen = placement.seen;
  JoinControls(chain.front()->controls, asked.controls);
  if (!section.is_first) asked.controls.pins.clear();  // Placed by the first.
  if (!asked.filter.empty()) section.filters.push_back(asked.filter);
  if (!placement.filter.empty()) section.filters.push_back(placement.filter);
  if (placement.max_age_days > 0) {
    section.filters.push_back(YoungerThan(placement.max_age_days, now));
  }
  return section;
}

void AskAbout(const Section& section, const Catalogue& catalogue, ShopperQuery& query) {
  if (section.placement.is_of_categories && query.categories.empty()) {
    query.categories = CategoriesOf(query.context.empty() ? query.cart : query.context, catalogue);
  }
  if (section.placement.subject == Placement::Subject::kShopper) return;
  const bool is_cart_first = section.placement.subject == Placement::Subject::kCart;
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
