#pragma once

#include <array>
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
  // shopper of whom n signs of interest are known: interactions above zero, context and cart items.
  // Content gets what that leaves, and keeps n / (n + cold_start_events / 10) of all it then has;
  // popularity gets the rest. So a new shopper sees what is popular, one of a single event mostly
  // what is like it, and later what others like them chose. 0: the weights count as they are.
  double cold_start_events = 3;
  std::size_t candidates_per_model = 100;  // Asked of each model, at least twice the list's length.
  // A catalogue of up to so many items is scored as a whole: exact, and cheaper than to retrieve.
  std::size_t whole_catalogue_items = 20'000;
};

// One item of a blended list.
struct BlendedItem {
  ItemIndex item{};
  float score = 0;             // Sum of parts.
  std::vector<float> parts{};  // By model of the set, 0 where it has nothing to say.
};

// The heart of a request, free of stores and requests, so that evaluation measures exactly what is
// served: retrieve from every model, score the union with every model, blend, select. A small
// catalogue needs no retrieval: all that may be shown is scored. Immutable and thread-safe.
//
// The blended score of an item is the sum over models of weight * score / scale, where the scale is
// one number per query and model: the size of the model's best score of what may be shown for the
// query. So every model speaks in units of its own best answer. It is a factor of the query's side
// alone: the blend stays affine in every model's scores, one model alone ranks as without a blend,
// and a score that is an inner product stays one. kUnscored and anything else that is not finite
// adds 0.
class Pipeline {
 public:
  Pipeline(std::shared_ptr<const ModelSet> models, BlendOptions options);

  // The best `k` items for each query, best first, among `allowed` (null: all) without the query's
  // `excluded`; ties to the smaller index.
  std::vector<std::vector<BlendedItem>> Recommend(std::span<const Query> queries,
                                                  const ItemBitmap* allowed, std::size_t k) const;

  // Blended scores of the caller's items, in their order, with the scales that a list of all items
  // would have. Items that no model knows score kUnscored.
  std::vector<BlendedItem> Rank(const Query& query, std::span<const ItemIndex> items) const;

  const ModelSet& models() const { return *models_; }

  // The blend weights for this query, by model of the set. They sum to those of the options.
  std::vector<float> Weights(const Query& query) const;

 private:
  struct Candidates;

  // What each family's weights are multiplied with for a shopper of so many signs of interest.
  std::array<double, kNumModelFamilies> Growth(std::size_t num_signals) const;
  // All that may be shown for the query, scored.
  Candidates Everything(const Query& query, const ItemBitmap& allowed) const;
  // For each query the union of all models' lists, not scored yet.
  std::vector<Candidates> Retrieve(std::span<const Query> queries, const ItemBitmap* allowed,
                                   std::size_t k) const;
  void Score(const Query& query, Candidates& candidates) const;
  // By item of the candidates; -infinity where no model knows it.
  static std::vector<double> Blend(const Candidates& candidates);
  static std::vector<BlendedItem> Select(const Candidates& candidates,
                                         std::span<const double> blended, std::size_t k);

  std::shared_ptr<const ModelSet> models_;
  BlendOptions options_;
  std::vector<double> configured_;  // Weight by model of the set, whoever the shopper is.
  std::array<double, kNumModelFamilies> family_total_{};  // Of the weights, by ModelFamily.
};

}  // namespace vitrine
