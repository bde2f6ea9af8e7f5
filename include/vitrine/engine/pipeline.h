#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "vitrine/base/item_bitmap.h"
#include "vitrine/models/model.h"
#include "vitrine/scorers/scorer.h"

namespace vitrine {

// How the scores of several models become one list.
struct BlendOptions {
  // Weight by model name, for a shopper with a long history; a model not named is not asked.
  std::map<std::string, double> weights = {
      {"most_popular", 0.05}, {"content", 0.15}, {"item_knn", 0.5}, {"ials", 1.0}};
  // A model that learns from behaviour counts n / (n + cold_start_events) of its weight for a
  // shopper with n interactions; popularity gets what they leave.
  double cold_start_events = 3;
  std::size_t candidates_per_model = 200;  // Asked of each model, at least twice the list's length.
};

// One item of a blended list.
struct BlendedItem {
  ItemIndex item{};
  float score = 0;             // Sum of parts.
  std::vector<float> parts{};  // By model of the set, 0 where it has nothing to say.
};

// The heart of a request, free of stores and requests, so that evaluation measures exactly what is
// served: retrieve from every model, score the union with every model, blend, select. Immutable and
// thread-safe.
class Pipeline {
 public:
  Pipeline(std::shared_ptr<const ModelSet> models, BlendOptions options);

  // The best `k` items for each query, best first, among `allowed` (null: all) without the query's
  // `excluded`; ties to the smaller index.
  std::vector<std::vector<BlendedItem>> Recommend(std::span<const Query> queries,
                                                  const ItemBitmap* allowed, std::size_t k) const;

  // Blended scores of the caller's items, in their order. Items that no model knows score
  // kUnscored.
  std::vector<BlendedItem> Rank(const Query& query, std::span<const ItemIndex> items) const;

  const ModelSet& models() const { return *models_; }

  // The blend weights for this query, by model of the set.
  std::vector<float> Weights(const Query& query) const;

 private:
  std::vector<BlendedItem> Blend(const Query& query, std::span<const ItemIndex> items) const;

  std::shared_ptr<const ModelSet> models_;
  BlendOptions options_;
};

}  // namespace vitrine
