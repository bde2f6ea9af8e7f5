#include "vitrine/math/ranking_metrics.h"

#include <algorithm>
#include <cmath>

namespace vitrine {

RankingMetrics& RankingMetrics::operator+=(const RankingMetrics& other) {
  for (const RankingMetricField& field : kRankingMetricFields) {
    this->*field.value += other.*field.value;
  }
  return *this;
}

RankingMetrics RankingMetrics::operator/(double divisor) const {
  RankingMetrics divided = *this;
  for (const RankingMetricField& field : kRankingMetricFields) divided.*field.value /= divisor;
  return divided;
}

RankingMetrics MeasureRanking(std::span<const ItemIndex> ranked,
                              std::span<const ItemIndex> relevant, std::size_t k) {
  const std::size_t num_ideal = std::min(k, relevant.size());
  if (num_ideal == 0) return {};
  const auto gain = [](std::size_t position) {
    return 1 / std::log2(static_cast<double>(position) + 2);
  };

  std::size_t num_hits = 0;
  double gains = 0;
  double first_hit = 0;
  double precisions = 0;
  for (std::size_t i = 0; i < std::min(k, ranked.size()); ++i) {
    if (!std::binary_search(relevant.begin(), relevant.end(), ranked[i])) continue;
    if (num_hits == 0) first_hit = 1 / static_cast<double>(i + 1);
    ++num_hits;
    gains += gain(i);
    precisions += static_cast<double>(num_hits) / static_cast<double>(i + 1);
  }
  double ideal_gains = 0;
  for (std::size_t i = 0; i < num_ideal; ++i) ideal_gains += gain(i);

  const auto hits = static_cast<double>(num_hits);
  return {.recall = hits / static_cast<double>(relevant.size()),
          .recall_min = hits / static_cast<double>(num_ideal),
          .ndcg = gains / ideal_gains,
          .hit = num_hits > 0 ? 1.0 : 0.0,
          .mrr = first_hit,
          .map = precisions / static_cast<double>(num_ideal)};
}

}  // namespace vitrine
