#include <string>
#include <utility>

#include "vitrine/engine/placement.h"

namespace vitrine {
namespace {

// A month: long enough that a shop which adds little still has arrivals to show.
constexpr double kNewDays = 30;

std::string Default() { return std::string(kDefaultPlacement); }

Placement Named(std::string name, std::string description) {
  return {.name = std::move(name), .description = std::move(description)};
}

Placement RecommendedForYou() {
  return Named(Default(), "What this shopper is likely to want: all models, as learned");
}

Placement SimilarItems() {
  Placement made = Named("similar-items", "Like the item of the page");
  made.subject = Placement::Subject::kContext;
  made.fallbacks = {"popular-in-category", Default()};
  return made;
}

Placement FrequentlyBoughtTogether() {
  Placement made =
      Named("frequently-bought-together", "What orders have beside the item of the page");
  made.subject = Placement::Subject::kContext;
  made.weights = {{"bought_together", 1}};
  made.fallbacks = {"similar-items", Default()};
  return made;
}

Placement CompleteTheCart() {
  Placement made = Named("complete-the-cart", "What orders have beside the items of the cart");
  made.subject = Placement::Subject::kCart;
  made.weights = {{"bought_together", 1}};
  made.fallbacks = {Default()};
  return made;
}

// When it is due, as far as that was learned; among equals, and where nothing was, the latest
// first.
Placement BuyItAgain() {
  Placement made = Named("buy-it-again", "What the shopper bought before and is likely to buy now");
  made.weights = {{"repeat_purchase", 1}, {std::string(kRecentlyBoughtName), 0.1}};
  made.is_of_bought = true;
  made.seen = SeenPolicy::kAllowAll;
  made.fallbacks = {Default()};
  return made;
}

Placement RecentlyViewed() {
  Placement made = Named("recently-viewed", "What the shopper looked at, the latest first");
  made.weights = {{std::string(kRecentlyViewedName), 1}};
  made.seen = SeenPolicy::kAllowAll;
  made.fallbacks = {Default()};
  return made;
}

Placement Trending() {
  Placement made = Named("trending", "What is more in demand of late than it was");
  made.weights = {{std::string(kTrendingName), 1}};
  return made;
}

Placement NewArrivals() {
  Placement made = Named("new-arrivals", "Published in the last 30 days, for this shopper");
  made.max_age_days = kNewDays;
  made.fallbacks = {Default()};
  return made;
}

Placement PopularInCategory() {
  Placement made =
      Named("popular-in-category", "What sells in the categories of the request or of the page");
  made.weights = {{std::string(kLivePopularName), 1}};
  made.is_of_categories = true;
  return made;
}

Placement OnSale() {
  Placement made = Named("on-sale", "Cheaper than before (attributes.original_price)");
  made.filter = "discount > 0";
  made.fallbacks = {Default()};
  return made;
}

}  // namespace

const std::vector<Placement>& BuiltInPlacements() {
  static const auto* const placements = new std::vector<Placement>{
      BuyItAgain(),   CompleteTheCart(),   FrequentlyBoughtTogether(), NewArrivals(),
      OnSale(),       PopularInCategory(), RecentlyViewed(),           RecommendedForYou(),
      SimilarItems(), Trending()};
  return *placements;
}

}  // namespace vitrine
