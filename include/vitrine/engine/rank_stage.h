#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "vitrine/engine/pipeline.h"
#include "vitrine/models/ranker_model.h"
#include "vitrine/scorers/ranker.h"

namespace vitrine {

// The ranker among the models of a set, or null.
const Ranker* RankerOf(const ModelSet& models);

// What a ranker is told of candidates.
struct ToldCandidates {
  std::vector<ItemIndex> items{};
  std::vector<float> blended{};
  std::vector<std::string> scorers{};
  Matrix scores{};         // [scorers x items]
  bool has_answer = true;  // Of one scorer at least; or there is none to ask.

  // Valid while this and `query` are.
  RankerCandidates View(const Query& query) const {
    return {query, items, blended, scorers, scores};
  }
};

// What those of `scorers` that are among the models of the blend say of `candidates`, the blend's
// best first. One for which `controls` leave no time says nothing.
ToldCandidates AskScorers(const Pipeline& pipeline, std::span<const std::string> scorers,
                          const Query& query, std::span<const BlendedItem> candidates,
                          const PipelineControls& controls = {});

enum class RankDeadline {
  kNone,  // For measuring: no decision by the clock.
  kKept,  // The ranker has its deadline, from when the blend is made.
};

// What a list became.
struct RankedList {
  std::vector<BlendedItem> items{};
  bool is_late = false;  // The ranker did not answer in time: this is the blend's order.
};

// The best `k` for each query, as Pipeline::Recommend; where the set has a ranker, its candidates
// are the best of the blend, and the probabilities that it gives them are the order, equals as the
// blend has them. The score of an item is then its probability, and its parts are those of the
// blend multiplied so that they sum to it; where the blend says nothing good of an item, all is the
// ranker's part. Lifts count after the ranker, in units of the best probability. What is beyond the
// candidates follows in the blend's order.
std::vector<RankedList> RecommendRanked(const Pipeline& pipeline, std::span<const Query> queries,
                                        const ItemBitmap* allowed, std::size_t k,
                                        RankDeadline deadline,
                                        const PipelineControls& controls = {});

}  // namespace vitrine
