#include "engine/explain_ranking.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>

#include "engine/explain.h"
#include "vitrine/engine/rank_stage.h"

namespace vitrine {

namespace {

// Parts of one row of `explained`.
std::vector<ScorePart> PartsOf(const ExplainedRanking& explained, std::string_view ranker,
                               std::size_t row) {
  const auto effects = explained.effects.row(static_cast<Eigen::Index>(row));
  const double sum = explained.base + explained.residuals[row] + static_cast<double>(effects.sum());
  if (!std::isfinite(sum)) return {};  // Sound weights cannot overflow; damaged ones can.
  const std::string name(ranker);
  std::vector<ScorePart> parts = {
      {.model = name, .feature = kBaseFeature, .value = static_cast<float>(explained.base)},
      {.model = name,
       .feature = kResidualFeature,
       .value = static_cast<float>(explained.residuals[row])}};
  for (std::size_t column = 0; column < explained.features.size(); ++column) {
    const float effect = effects[static_cast<Eigen::Index>(column)];
    if (effect == 0) continue;
    const std::string_view scorer = explained.of_scorers[column];
    parts.push_back({.model = scorer.empty() ? name : std::string(scorer),
                     .feature = explained.features[column],
                     .value = effect});
  }
  std::stable_sort(parts.begin(), parts.end(), [](const ScorePart& a, const ScorePart& b) {
    return std::abs(a.value) > std::abs(b.value);
  });
  return parts;
}

}  // namespace

std::vector<std::vector<ScorePart>> ExplainRanked(const ModelSet& models, const Query& query,
                                                  std::span<const BlendedItem> items) {
  std::vector<std::vector<ScorePart>> parts(items.size());
  const Ranker* const ranker = RankerOf(models);
  if (ranker == nullptr) return parts;
  std::vector<const ToldCandidates*> asked;  // Together: most lists are of one ranking.
  for (const BlendedItem& first : items) {
    const ToldCandidates* const told = first.told.get();
    if (told == nullptr || std::find(asked.begin(), asked.end(), told) != asked.end()) continue;
    asked.push_back(told);
    std::vector<std::size_t> rows;
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (items[i].told.get() != told) continue;
      const auto at = std::find(told->items.begin(), told->items.end(), items[i].item);
      rows.push_back(static_cast<std::size_t>(at - told->items.begin()));
      places.push_back(i);
    }
    const ExplainedRanking explained = ranker->ExplainRanking(told->View(query), rows);
    if (explained.features.empty()) return parts;
    for (std::size_t i = 0; i < places.size(); ++i) {
      parts[places[i]] = PartsOf(explained, kRankerName, i);
    }
  }
  return parts;
}

}  // namespace vitrine
