#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "engine/shopper_query.h"
#include "vitrine/engine/engine.h"
#include "vitrine/engine/placement.h"
#include "vitrine/engine/placements.h"

namespace vitrine {

// What one placement makes of a request: the whole list, or, where it is a fallback, what those
// before it left.
struct Section {
  const Placement& placement;
  // These of the request, and of the placement where it says nothing.
  std::size_t page_size = 0;  // Of the page, with what sections before found.
  SeenPolicy seen{};
  ListControls controls{};
  std::vector<std::string> filters{};  // All hold: the request's and the placement's.
  bool is_first = false;               // The request names it; it is no fallback.
  bool is_last = false;                // What is popular may fill it up.
};

// The placement that the request names, and its fallbacks, in their order: never none. A name that
// nobody made stands for kDefaultPlacement.
std::vector<const Placement*> ChainOf(const RecommendRequest& request,
                                      const Placements::Table& table);

// The `i`-th section of the chain.
Section SectionOf(const RecommendRequest& request, std::span<const Placement* const> chain,
                  std::size_t i);

// Makes `query`, which is of the shopper and of the whole page, one of what the placement asks the
// models about. What is excluded stays so.
void AskAbout(const Placement& placement, const Catalogue& catalogue, ShopperQuery& query);

// Of `allowed`, what the shopper bought.
ItemBitmap OnlyBought(const ItemBitmap& allowed, const ShopperQuery& query);

}  // namespace vitrine
