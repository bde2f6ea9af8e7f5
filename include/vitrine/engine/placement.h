#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "vitrine/engine/controls.h"
#include "vitrine/engine/seen_policy.h"

namespace vitrine {

// Where the items of a list come from.
enum class PlacementSource {
  kForShopper,      // The models, of all that is known of the shopper.
  kSimilar,         // The models as they compare items, of the context, else the cart.
  kBoughtTogether,  // What orders have beside the items of the context, else of the cart.
  kCart,            // The same, of the cart, else the context.
  kBuyAgain,        // What the shopper bought, and is likely to buy again now.
  kViewed,          // What the shopper viewed, the latest first.
  kTrending,        // What rises in demand.
  kPopular,         // What sells.
};

// A place of a shop where lists are shown, and what they are made of: what a request that names it
// need not say. docs/placements.md.
struct Placement {
  std::string name{};         // 1 to 64 lower-case letters, digits and hyphens.
  std::string description{};  // For people.
  PlacementSource source = PlacementSource::kForShopper;
  // What each model's score is multiplied with, 0 to 1000; a model that is not named is not asked.
  // Empty: as the live version has it. Only of sources that ask models.
  std::map<std::string, double> weights{};
  std::string filter{};           // Holds beside that of the request.
  double max_age_days = 0;        // Only items published at most so long ago. 0: all.
  bool is_of_categories = false;  // Only of the request's categories, else of the context's.
  std::size_t page_size = 20;
  SeenPolicy seen = SeenPolicy::kExcludePurchased;
  ListControls controls{};  // Without pins. What a request says comes first.
  // Placements that go on, in this order, where this one has too few. Then what is popular, unless
  // the list is strict.
  std::vector<std::string> fallbacks{};
  bool operator==(const Placement&) const = default;
};

inline constexpr std::string_view kDefaultPlacement = "recommended-for-you";

}  // namespace vitrine
