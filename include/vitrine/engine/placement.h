#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "vitrine/engine/controls.h"
#include "vitrine/engine/seen_policy.h"

namespace vitrine {

// Scorers of what is going on now, which no training makes. They answer beside the trained models
// wherever a placement names them.
inline constexpr std::string_view kLivePopularName = "live_popular";        // What sells.
inline constexpr std::string_view kTrendingName = "trending";               // What rises in demand.
inline constexpr std::string_view kRecentlyViewedName = "recently_viewed";  // The latest first.
inline constexpr std::string_view kRecentlyBoughtName = "recently_bought";  // The same.

inline constexpr std::array<std::string_view, 4> kLiveScorerNames = {
    kLivePopularName, kTrendingName, kRecentlyViewedName, kRecentlyBoughtName};

// A place of a shop where lists are shown, and what they are made of: what a request that names it
// need not say. What a request does say comes first. docs/placements.md.
struct Placement {
  // What the models are asked about.
  enum class Subject {
    kShopper,  // All that is known of the shopper, the page and the cart.
    kContext,  // The items of the page alone, or where it has none, those of the cart.
    kCart,     // The other way round.
  };

  std::string name{};         // 1 to 64 lower-case letters, digits and hyphens.
  std::string description{};  // For people. At most 1,000 bytes.
  Subject subject = Subject::kShopper;
  // What the score of each trained model or live scorer is multiplied with, above 0 to 1000; what
  // is not named is not asked, and what the live version does not have says nothing. Empty: the
  // models of the live version, as they were learned to be blended.
  std::map<std::string, double> weights{};
  std::string filter{};           // Holds beside that of the request.
  double max_age_days = 0;        // Only items published at most so long ago. 0: all.
  bool is_of_categories = false;  // Only of the request's categories, else of those of its context.
  bool is_of_bought = false;      // Only what the shopper bought.
  std::size_t page_size = 20;
  SeenPolicy seen = SeenPolicy::kExcludePurchased;
  ListControls controls{};  // Without pins and exploration: these are a request's.
  // Placements that go on, in this order, where this one has too few items. Their controls do not
  // count, nor their own fallbacks. Then what is popular. A strict list has neither.
  std::vector<std::string> fallbacks{};

  bool operator==(const Placement&) const = default;
};

// What a request without a placement, or with one that nobody made, is answered as.
inline constexpr std::string_view kDefaultPlacement = "recommended-for-you";
inline constexpr std::size_t kMaxFallbacks = 5;

// Which field is wrong, as the API names it, and what it must be; empty: none is. Whether the
// fallbacks exist is not looked at.
struct PlacementFault {
  std::string field{};
  std::string description{};
};
std::vector<PlacementFault> FaultsOf(const Placement& placement);

// Those of every shop, by name.
const std::vector<Placement>& BuiltInPlacements();

}  // namespace vitrine
