#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "engine/trace.h"
#include "vitrine/engine/controls.h"
#include "vitrine/engine/pipeline.h"
#include "vitrine/feature_store/catalogue.h"

namespace vitrine {

// A page to be made of a list that has rules.
struct PageRules {
  const ListControls& controls;
  // Those of controls.pins that may be shown, by position, distinct.
  std::vector<std::pair<std::size_t, ItemIndex>> pins{};
  std::span<const ItemIndex> shown{};      // On the pages before, in their order.
  std::span<const ItemIndex> elsewhere{};  // Shown beside the list: no variants of these.
  // What may be shown of the group of controls.exposure; null: there is no quota.
  const ItemBitmap* exposed = nullptr;
  std::size_t page_size = 0;
  bool has_more =
      false;  // Something goes on where this page is not full: pins wait for their places.
  PassedOver* passed_over = nullptr;  // What is, is added here, unless this is null.
};

// Where its items come from: the best `k`, best first; fewer where there are no more.
struct PageSources {
  std::function<std::vector<BlendedItem>(std::size_t k)> rank{};
  std::function<std::vector<BlendedItem>(std::size_t k)> backfill{};  // Parts are empty.
  // The same of the exposed alone, with the scores that the blend gives them among all; a ranker
  // ranks them by themselves.
  std::function<std::vector<BlendedItem>(std::size_t k)> rank_exposed{};
  std::function<std::vector<BlendedItem>(std::size_t k)> backfill_exposed{};
};

struct ComposedPage {
  std::vector<BlendedItem> items{};
  // With an exploration: of each item, how likely it was at its place, 1 where nothing was drawn.
  // Otherwise empty.
  std::vector<double> propensities{};
};

// The page: at the position of a pin the pin; where the quota of exposed items would be missed
// otherwise, the best of these that is open; elsewhere the next of the ranking, as the diversity
// chooses or the exploration draws, then of the backfill, that is no variant of what the list has
// and that the limits allow; pins for which the list is too short at its end. Asks the sources for
// ever more until the page is full or they have no more. A pin has the score and the parts that the
// ranking gave it, or none.
//
// A ranking that is shorter than one of fewer items was cut short: the page is then of the one
// before.
//
// The pages before and the pins count as chosen first. So where nothing changes in between, pages
// are the parts of one long page, as far as `rank` gives prefixes of one order.
ComposedPage ComposePage(const PageRules& rules, const Catalogue& catalogue,
                         ItemSimilarity& similarity, const PageSources& sources);

}  // namespace vitrine
