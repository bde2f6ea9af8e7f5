#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "vitrine/scorers/scorer.h"
#include "vitrine/scorers/touched_items.h"

namespace vitrine {

// How much the latest things that a shopper touched count. Part of a model.
struct RecencyWeights {
  std::uint32_t max_steps = 10;  // How many steps back a query is read. >= 1
  float step_decay = 0.5F;       // What each step back multiplies the weight with. In (0, 1]
  float half_life_days = 0;      // An item of this age counts half; 0: its age does not count. >= 0
};

// Whether every member is in its range.
bool IsSound(const RecencyWeights& weights);

// The distinct items that `query` is about, the latest first, each where it was last touched, with
// weight step_decay^step * 2^(-age / half life).
//
// A step is one thing that the shopper did. The context items are the latest step, the cart items
// the one before; then comes the history, where interactions of one moment, such as the items of an
// order, share a step. Where all times are 0, order is all that is known: each is a step of its
// own. An item that the shopper disliked when last heard of is left out, and so are items at or
// beyond `num_items`; a neutral rating, of weight 0, is passed over. None of them makes a step.
// Source is kContext for what the page and the cart hold, else kHistory. O(n + r^2) for n
// interactions read and r items returned.
std::vector<TouchedItem> RecentItems(const Query& query, const RecencyWeights& weights,
                                     std::size_t num_items);

}  // namespace vitrine
