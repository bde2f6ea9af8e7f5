#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine/shopper_query.h"
#include "vitrine/engine/engine.h"
#include "vitrine/engine/pipeline.h"
#include "vitrine/feature_store/catalogue.h"

namespace vitrine {

// Why one item has its score.
struct Explanation {
  std::vector<Reason> reasons{};           // Strongest first, at most kMaxReasons.
  std::vector<ScorePart> contributions{};  // Largest first; they sum as RecommendedItem says.
};

inline constexpr std::size_t kMaxReasons = 3;

// Of a ScorePart, in place of a feature.
inline constexpr char kBaseFeature[] = "base";          // What a model gives whoever asks.
inline constexpr char kResidualFeature[] = "residual";  // What a ranker's explanation leaves over.

// Explains each of `items`, which `models` blended for `query`: what each model's explainer says,
// in the units of the blend. Causes that several models name, such as one item of the history,
// count together for a reason. A model without an explainer answers for its part as a whole. The
// contributions of what a ranker put in its place are the ranker's (explain_ranking.h).
std::vector<Explanation> Explain(const ModelSet& models, const ShopperQuery& query,
                                 const Catalogue& catalogue, std::span<const BlendedItem> items,
                                 ExplanationLevel level);

}  // namespace vitrine
