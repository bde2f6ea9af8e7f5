#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "vitrine/base/ids.h"
#include "vitrine/base/item_bitmap.h"
#include "vitrine/scorers/scorer.h"

namespace vitrine {

// What the sum s of an item's interaction weights counts for.
enum class Weighting : std::uint8_t {
  kLinear = 0,       // s
  kLogarithmic = 1,  // sign(s) log2(1 + |s|): the tenth purchase says less than the first
  kBinary = 2,       // sign(s)
};

// How a query's history and page become one weight per item. Part of a model, so that a request is
// weighed exactly as the training data was.
struct TouchWeights {
  Weighting weighting = Weighting::kLinear;
  float context_weight = 3;  // Added to the sum of a context or cart item; as EventWeights. >= 0
  float scale = 1;           // Multiplies what comes out, so that training data average 1. > 0
};

// Whether every member is in its range.
bool IsSound(const TouchWeights& weights);

// One item that the shopper touched, or that the page is about.
struct TouchedItem {
  ItemIndex item{};
  float weight = 0;  // Never 0; below 0: dislike.
  Contribution::Source source{};
};

// The distinct items of `query`, by index ascending: the weights of the history summed by item,
// plus `context_weight` for each distinct item of context and cart, which count as touched just
// now, then weighed as `weights` says. Items at or beyond `num_items`, and those whose weights
// cancel out, are left out. Source is kContext for what the page is about, else kHistory. O(n log
// n) for n items in the query.
std::vector<TouchedItem> TouchedItems(const Query& query, const TouchWeights& weights,
                                      std::size_t num_items);

// Those of them that are in `known`.
std::vector<TouchedItem> KnownTouchedItems(const Query& query, const TouchWeights& weights,
                                           const ItemBitmap& known);

// Whether any has a weight above 0.
bool IsAnythingLiked(std::span<const TouchedItem> touched);

// KnownTouchedItems, each w_j divided by the square root of the sum of |w|, so that a long history
// does not drown a short one; empty where nothing is liked.
std::vector<TouchedItem> EvenTouchedItems(const Query& query, const TouchWeights& weights,
                                          const ItemBitmap& known);

// The strongest of what the touched items add to a score: adds[j] by touched[j], 0: nothing.
// REQUIRES: touched ascends by item, adds.size() == touched.size()
StrongestContributions StrongestOf(std::span<const TouchedItem> touched,
                                   std::span<const float> adds);

// A score's parts: `base`, which is not from the query, and adds[j] by touched[j].
std::vector<Contribution> PartsOf(double base, std::span<const TouchedItem> touched,
                                  const Eigen::VectorXd& adds);

}  // namespace vitrine
