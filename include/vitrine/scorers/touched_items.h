#pragma once

#include <cstddef>
#include <vector>

#include "vitrine/base/ids.h"
#include "vitrine/scorers/scorer.h"

namespace vitrine {

// How a query's history and page become one weight per item. Part of a model, so that a request is
// weighed exactly as the training data was.
struct TouchWeights {
  bool is_binary = false;    // Weights become their sign: touched or not.
  float context_weight = 3;  // Of a context or cart item; unitless, as EventWeights. >= 0
};

// One item that the shopper touched, or that the page is about.
struct TouchedItem {
  ItemIndex item{};
  float weight = 0;  // Never 0; below 0: dislike.
  Contribution::Source source{};
};

// The distinct items of `query`, by index ascending: the weights of the history summed by item,
// plus `context_weight` for each distinct item of context and cart, which count as touched just
// now. Items at or beyond `num_items`, and those whose weights cancel out, are left out. Source is
// kContext for what the page is about, else kHistory. O(n log n) for n items in the query.
std::vector<TouchedItem> TouchedItems(const Query& query, const TouchWeights& weights,
                                      std::size_t num_items);

}  // namespace vitrine
