#include "scorers/sparse_scores.h"

#include "vitrine/math/top_k.h"

namespace vitrine {

std::vector<ScoredItem> SparseScores::Best(const Query& query, const ItemBitmap* allowed,
                                           std::size_t k) const {
  TopK best(k);
  for (const std::uint32_t scored : std::span(scored_).first(num_scored_)) {
    const ItemIndex item{scored};
    // The threshold first: it turns nearly all away, and costs least.
    if (scores_[scored] >= best.threshold() && MayShow(query, allowed, item)) {
      best.Offer(item, scores_[scored]);
    }
  }
  return best.Take();
}

void SparseScores::Clear() {
  for (const std::uint32_t item : std::span(scored_).first(num_scored_)) scores_[item] = kUnscored;
  num_scored_ = 0;
}

}  // namespace vitrine
