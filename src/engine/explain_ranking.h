#pragma once

#include <span>
#include <vector>

#include "vitrine/engine/engine.h"
#include "vitrine/engine/pipeline.h"

namespace vitrine {

// What the ranker of `models` says of those of `items` that it put in their places, by item, the
// strongest first: parts that sum to the log-odds of its probability. Its base and what its
// explanation leaves over are the ranker's parts "base" and "residual", what it reads from a model
// of the blend is a part of that model, all else its own. Empty: of an item that it did not rank,
// or whose log-odds are not finite, or where it leaves the blend's order. `query`: what the items
// were ranked for.
std::vector<std::vector<ScorePart>> ExplainRanked(const ModelSet& models, const Query& query,
                                                  std::span<const BlendedItem> items);

}  // namespace vitrine
