#include "vitrine/scorers/collaborative/linear_map.h"

#include <algorithm>
#include <cstdint>

#include "scorers/sparse_scores.h"
#include "vitrine/math/top_k.h"

namespace vitrine {

namespace {

// Queries mapped at once: a map shares its reading of the items among them.
constexpr std::size_t kBatchQueries = 64;

}  // namespace

Matrix LinearMap::AllScores(std::span<const Query> queries) const {
  CsrMatrix weights;
  weights.num_rows = queries.size();
  weights.num_cols = parts_.num_items;
  for (const Query& query : queries) {
    for (const TouchedItem& touched : TouchedItems(query, parts_.touch_weights, parts_.num_items)) {
      if (!parts_.known.Contains(touched.item)) continue;
      weights.column.push_back(static_cast<std::uint32_t>(touched.item));
      weights.value.push_back(touched.weight);
    }
    weights.row_begin.push_back(weights.column.size());
  }

  Matrix scores = parts_.map(weights);
  for (std::size_t query = 0; query < queries.size(); ++query) {
    if (!weights.Columns(query).empty()) continue;
    scores.row(static_cast<Eigen::Index>(query)).setConstant(kUnscored);
  }
  for (std::size_t item = 0; item < parts_.num_items; ++item) {
    if (parts_.known.Contains(ItemIndex{static_cast<std::uint32_t>(item)})) continue;
    scores.col(static_cast<Eigen::Index>(item)).setConstant(kUnscored);
  }
  return scores;
}

void LinearMap::Score(std::span<const Query> queries, std::span<const ItemIndex> items,
                      Eigen::Ref<Matrix> scores) const {
  for (std::size_t begin = 0; begin < queries.size(); begin += kBatchQueries) {
    const auto batch = queries.subspan(begin, std::min(kBatchQueries, queries.size() - begin));
    const Matrix all = AllScores(batch);
    for (std::size_t i = 0; i < items.size(); ++i) {
      const auto column = static_cast<Eigen::Index>(i);
      auto target = scores.col(column).segment(static_cast<Eigen::Index>(begin), all.rows());
      if (Row(items[i]) < parts_.num_items) {
        target = all.col(static_cast<Eigen::Index>(Row(items[i])));
      } else {
        target.setConstant(kUnscored);
      }
    }
  }
}

std::vector<std::vector<ScoredItem>> LinearMap::Retrieve(std::span<const Query> queries,
                                                         const ItemBitmap* allowed,
                                                         std::size_t k) const {
  std::vector<std::vector<ScoredItem>> result;
  result.reserve(queries.size());
  for (std::size_t begin = 0; begin < queries.size(); begin += kBatchQueries) {
    const auto batch = queries.subspan(begin, std::min(kBatchQueries, queries.size() - begin));
    const Matrix all = AllScores(batch);
    for (std::size_t query = 0; query < batch.size(); ++query) {
      TopK best(k);
      for (std::size_t i = 0; i < parts_.num_items; ++i) {
        const ItemIndex item{static_cast<std::uint32_t>(i)};
        const float score = all(static_cast<Eigen::Index>(query), static_cast<Eigen::Index>(i));
        if (score >= best.threshold() && MayShow(batch[query], allowed, item)) {
          best.Offer(item, score);
        }
      }
      result.push_back(best.Take());
    }
  }
  return result;
}

}  // namespace vitrine
