#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "vitrine/scorers/scorer.h"

namespace vitrine {

// What the blend looks at of a query. Each is 0 where a query does not stand out.
inline constexpr std::array<std::string_view, 3> kQueryFeatureNames = {
    "signals",  // ln((1 + n) / 11), for n signs of interest; 0 for a shopper of ten.
    "absence",  // ln(1 + days since the latest interaction).
    "repeats",  // ln(interactions per distinct item of the history).
};
inline constexpr std::size_t kNumQueryFeatures = kQueryFeatureNames.size();
using QueryFeatures = std::array<double, kNumQueryFeatures>;

// Interactions above zero, context and cart items.
std::size_t NumSignals(const Query& query);

QueryFeatures FeaturesOf(const Query& query);

// How much one model counts in the blend: weight * exp(growth . features), a power of each quantity
// that the features are logarithms of.
struct BlendWeight {
  double weight = 0;  // Not below 0. Where all features are 0.
  QueryFeatures growth{};

  bool grows() const { return growth != QueryFeatures{}; }
  double At(const QueryFeatures& features) const;

  friend bool operator==(const BlendWeight&, const BlendWeight&) = default;
};

// By model name. A model that is not named counts nothing.
using BlendWeights = std::map<std::string, BlendWeight>;

// What is blended with before anything was learned, and where nothing else is said.
const BlendWeights& UsualBlendWeights();

}  // namespace vitrine
