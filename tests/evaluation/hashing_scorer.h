#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "vitrine/base/random.h"
#include "vitrine/models/model.h"

namespace vitrine::testing {

// Scores without meaning that depend on everything they may depend on: the history and its order,
// the time and the item. Every seventh item is unknown to it.
class HashingScorer final : public Scorer {
 public:
  explicit HashingScorer(std::size_t num_items) : num_items_(num_items) {}

  std::string_view name() const override { return "hashing"; }

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

 private:
  float ScoreOne(const Query& query, ItemIndex item) const {
    if (Row(item) >= num_items_ || Row(item) % 7 == 6) return kUnscored;
    std::uint64_t seed = Row(item) + static_cast<std::uint64_t>(query.now_us);
    for (const Interaction& each : query.history) seed = seed * 1'000'003 + Row(each.item);
    return 0.1F + static_cast<float>(Random(seed).Below(50));  // Few values: ties matter.
  }

  std::size_t num_items_;
};

inline Model HashingModel(std::size_t num_items) {
  return {
      .name = "hashing", .kind = "hashing", .scorer = std::make_shared<HashingScorer>(num_items)};
}

}  // namespace vitrine::testing
