#include "vitrine/feature_store/ranked_values.h"

#include <utility>

#include "vitrine/math/top_k.h"

namespace vitrine {

RankedValues RankValues(std::vector<float> values, std::size_t num_ranked, std::size_t fewest) {
  RankedValues ranked{.values = std::move(values)};
  if (ranked.values.size() < fewest) return ranked;
  const std::vector<ScoredItem> largest = TopKOf(ranked.values, num_ranked);
  ranked.largest.reserve(largest.size());
  for (const ScoredItem& each : largest) ranked.largest.push_back(each.item);
  return ranked;
}

}  // namespace vitrine
