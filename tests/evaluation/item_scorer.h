#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "vitrine/scorers/scorer.h"

namespace vitrine::testing {

// A scorer that is one function of query and item.
class ItemScorer : public Scorer {
 public:
  explicit ItemScorer(std::size_t num_items) : num_items_(num_items) {}

  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override {
    for (std::size_t q = 0; q < queries.size(); ++q) {
      for (std::size_t i = 0; i < items.size(); ++i) {
        scores(static_cast<Eigen::Index>(q), static_cast<Eigen::Index>(i)) =
            ScoreOne(queries[q], items[i]);
      }
    }
  }

  std::vector<std::vector<ScoredItem>> Retrieve(std::span<const Query> queries,
                                                const ItemBitmap* allowed,
                                                std::size_t k) const override {
    std::vector<std::vector<ScoredItem>> lists;
    for (const Query& query : queries) {
      TopK best(k);
      for (std::uint32_t row = 0; row < num_items_; ++row) {
        const ItemIndex item{row};
        if (allowed != nullptr && !allowed->Contains(item)) continue;
        if (std::binary_search(query.excluded.begin(), query.excluded.end(), item)) continue;
        best.Offer(item, ScoreOne(query, item));
      }
      lists.push_back(best.Take());
    }
    return lists;
  }

 protected:
  std::size_t num_items() const { return num_items_; }

 private:
  virtual float ScoreOne(const Query& query, ItemIndex item) const = 0;

  std::size_t num_items_;
};

}  // namespace vitrine::testing
