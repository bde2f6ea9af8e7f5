#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "vitrine/base/item_bitmap.h"
#include "vitrine/engine/blend.h"
#include "vitrine/models/model.h"
#include "vitrine/scorers/scorer.h"

namespace vitrine {

class ModelCosts;
struct ToldCandidates;  // rank_stage.h

// One item of a blended list.
struct BlendedItem {
  ItemIndex item{};
  float score = 0;             // Sum of parts, and of lift.
  std::vector<float> parts{};  // By model of the set, 0 where it has nothing to say.
  float lift = 0;              // What the shop's wishes add.
  // What the ranker saw that gave the score; null where none did, or nobody will ask why.
  std::shared_ptr<const ToldCandidates> told{};
};

// What a shop adds to the scores of items.
struct ItemLift {
  std::shared_ptr<const ItemBitmap> items{};
  double strength = 0;  // From -1 to 1, in units of the best score of what may be shown.
};

// How the making of lists is steered and watched.
struct PipelineControls {
  // With either of these `allowed` is given.
  std::span<const ItemLift> lifts{};  // What is lifted is retrieved too, as well as what is not.
  const ItemBitmap* only = nullptr;   // Lists these alone, scored as among all that are allowed.
  bool is_explained = false;          // What a ranker sees is kept: BlendedItem::told.
  // Asked between models: once true, it is asked no more, and the models that are left say nothing;
  // one that has retrieved but not scored says what it said of the items that it found. Empty:
  // never.
  std::function<bool()> is_late{};
  // With is_late, and for one query: how long it still is until that is true, by a clock that
  // nobody sets; asked before and after each model. Then the models that cost least as a rule are
  // asked first, and one that usually takes longer than what is left says nothing, alone: those
  // that are cheaper do. Empty: nobody knows.
  std::function<std::chrono::nanoseconds()> time_left{};
  // Told of each model that says less for want of time, maybe more than once. Empty: nobody
  // listens.
  std::function<void(std::string_view model)> on_left_out{};
  // Told of each step, "retrieve", "score" and "blend", how many items the model (none for "blend")
  // had something to say of, and how long it took. Empty: nobody listens.
  std::function<void(std::string_view step, std::string_view model, std::size_t num_items,
                     double micros)>
      on_step{};
};

// The heart of a request, free of stores and requests, so that evaluation measures exactly what is
// served: retrieve from every model, score the union with every model, blend, select. Where little
// may be shown there is no need of retrieval: the models sketch the scores of all of it, and all
// that can be among the best is scored. Thread-safe, and immutable but for what it learns of the
// models' costs, which decides whom there is time to ask and nothing else.
//
// The blended score of an item is the sum over models of weight * score / scale, times the item's
// trend, where the scale is one number per query and model: the size of the model's best score of
// what may be shown for the query. So every model speaks in units of its own best answer. It is a
// factor of the query's side alone, and the trend one of the item's: the blend stays affine in
// every model's scores, one model alone ranks as without a blend but for the trend, and a score
// that is an inner product stays one. A sum below zero is divided by the trend instead. kUnscored
// and anything else that is not finite adds 0. To that a lift adds its strength times the size of
// the best sum of all that may be shown; the strengths of several count together, from -1 to 1. An
// item that no model knows has no score to be lifted.
class Pipeline {
 public:
  Pipeline(std::shared_ptr<const ModelSet> models, BlendOptions options);

  // The best `k` items for each query, best first, among `allowed` (null: all) without the query's
  // `excluded`; ties to the smaller index.
  std::vector<std::vector<BlendedItem>> Recommend(std::span<const Query> queries,
                                                  const ItemBitmap* allowed, std::size_t k,
                                                  const PipelineControls& controls = {}) const;

  // Blended scores of the caller's items, in their order, with the scales that a list of all that
  // is `allowed` (null: all items) would have. Items that no model knows score kUnscored.
  std::vector<BlendedItem> Rank(const Query& query, std::span<const ItemIndex> items,
                                const ItemBitmap* allowed = nullptr,
                                const PipelineControls& controls = {}) const;

  const ModelSet& models() const { return *models_; }
  // What is known of their costs, for those who ask them beside this.
  ModelCosts& costs() const { return *costs_; }

  // The blend weights for this query, by model of the set.
  std::vector<double> Weights(const Query& query) const;

  // What the models say of one query's candidates, each in units of its best answer.
  struct ScaledScores {
    std::vector<ItemIndex> items{};  // Ascending.
    Matrix scores{};                 // [models x items]; 0 where a model has nothing to say.
  };
  // For each query the union of the best `k` of every model, whatever its weight.
  std::vector<ScaledScores> Candidates(std::span<const Query> queries, const ItemBitmap* allowed,
                                       std::size_t k) const;

 private:
  struct Asked;
  struct Sketched;
  struct Bounds;

  bool IsLittle(const ItemBitmap* allowed) const;  // So that all of it is looked at.
  // Whether sketches of all items cost less than the scores of what is allowed, which is little.
  bool IsSketched(const ItemBitmap& allowed, const PipelineControls& controls) const;
  // What the models say about of all that may be shown for the query.
  Sketched Sketch(const Query& query, const ItemBitmap& allowed,
                  const PipelineControls& controls) const;
  Bounds BoundsOf(const Sketched& sketched) const;
  // All that can be among the best `k`, scored.
  Asked Shortlist(const Query& query, const Sketched& sketched, std::size_t k) const;
  // What the models say of the items, all of which may be shown: what is exact as it was sketched.
  void ScoreSketched(const Query& query, const Sketched& sketched, Asked& asked) const;
  // All that may be shown for the query, scored.
  Asked Everything(const Query& query, const ItemBitmap& allowed,
                   const PipelineControls& controls) const;
  // For each query the union of the best `k` of all models that it has a weight for, not scored
  // yet. `weights` by query and model.
  std::vector<Asked> Retrieve(std::span<const Query> queries, const ItemBitmap* allowed,
                              std::size_t k, std::vector<std::vector<double>> weights,
                              const PipelineControls& controls) const;
  std::vector<std::vector<double>> WeightsOfEach(std::span<const Query> queries) const;
  // Adds the best `k` of each of `parts` to what was retrieved.
  void RetrieveParts(std::span<const Query> queries, std::span<const ItemBitmap> parts,
                     std::size_t k, const PipelineControls& controls,
                     std::span<Asked> retrieved) const;
  // What the models say of the items, not blended yet. Returns those that there was no time to ask.
  std::vector<std::size_t> Score(const Query& query, Asked& asked,
                                 const PipelineControls& controls) const;
  // What the models say of the caller's items, not blended yet.
  Asked Scored(const Query& query, std::span<const ItemIndex> items, const ItemBitmap* allowed,
               const PipelineControls& controls) const;
  // By item that is asked about; -infinity where no model knows it.
  std::vector<double> Blend(const Asked& asked) const;
  // What a sum of parts is multiplied with, which has the sign of what comes of it.
  double TrendOf(ItemIndex item, double blended) const;
  std::vector<BlendedItem> Select(const Asked& asked, std::span<const double> blended,
                                  std::size_t k) const;

  std::shared_ptr<const ModelSet> models_;
  BlendOptions options_;
  std::vector<BlendWeight> weights_;  // By model of the set.
  std::shared_ptr<ModelCosts> costs_;
  bool looks_at_features_ = false;  // Some weight grows with them.
  // By item of the set, of a sum from zero up and of one below, and last for all other items;
  // empty: none counts.
  std::vector<double> trends_of_likes_;
  std::vector<double> trends_of_dislikes_;
  std::vector<float> rough_trends_of_likes_;
  std::vector<float> rough_trends_of_dislikes_;
};

}  // namespace vitrine
