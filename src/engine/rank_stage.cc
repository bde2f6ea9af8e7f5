#include "vitrine/engine/rank_stage.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>

#include "engine/step_watch.h"
#include "vitrine/base/clock.h"
#include "vitrine/scorers/dnn/deep_ranker.h"

namespace vitrine {

namespace {

constexpr std::string_view kRankerKind = "deep_ranker";

// Where the ranker is among the models; their number where there is none.
std::size_t IndexOfRanker(const ModelSet& models) {
  const auto found = std::find_if(models.models.begin(), models.models.end(),
                                  [](const Model& model) { return model.kind == kRankerKind; });
  return static_cast<std::size_t>(found - models.models.begin());
}

// Makes `score` the item's, with parts that sum to it. `ranker`: its model's place.
void SetScore(float score, std::size_t ranker, BlendedItem& item) {
  if (item.score > 0) {
    for (float& part : item.parts) part *= score / item.score;
  } else {
    std::fill(item.parts.begin(), item.parts.end(), 0.0F);
    item.parts[ranker] = score;
  }
  item.score = score;
}

// Puts the first of `list` in the order of the probabilities, and the rest behind it.
void PutInOrder(std::span<const float> probabilities, std::size_t ranker,
                std::vector<BlendedItem>& list) {
  std::vector<std::uint32_t> order(probabilities.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    return probabilities[a] > probabilities[b];
  });
  std::vector<BlendedItem> ranked;
  ranked.reserve(list.size());
  for (const std::uint32_t i : order) {
    ranked.push_back(std::move(list[i]));
    SetScore(probabilities[i], ranker, ranked.back());
  }
  // The rest keeps its proportions below the last that was ranked.
  for (std::size_t i = probabilities.size(); i < list.size(); ++i) {
    const float first = list[probabilities.size()].score;
    const float share = first > 0 && !ranked.empty() ? list[i].score / first : 0;
    const float last = ranked.empty() ? 0 : probabilities[order.back()];
    const float score = share * last;
    ranked.push_back(std::move(list[i]));
    SetScore(score, ranker, ranked.back());
  }
  list = std::move(ranked);
}

// Puts the best of `list` in the ranker's order. False, and nothing is changed, once it is late.
bool RankBest(const ModelSet& models, const Ranker& ranker, const Query& query,
              const std::function<bool()>& is_late, std::vector<BlendedItem>& list) {
  if (is_late()) return false;
  const auto best =
      std::span<const BlendedItem>(list).first(std::min(list.size(), ranker.num_candidates()));
  const ToldCandidates told = AskScorers(models, ranker.listens_to(), query, best);
  std::vector<float> probabilities(best.size());
  if (!ranker.Rank(told.View(query), is_late, probabilities)) return false;
  PutInOrder(probabilities, IndexOfRanker(models), list);
  return true;
}

}  // namespace

const Ranker* RankerOf(const ModelSet& models) {
  const std::size_t index = IndexOfRanker(models);
  if (index == models.models.size()) return nullptr;
  return static_cast<const DeepRanker*>(models.models[index].scorer.get());
}

ToldCandidates AskScorers(const ModelSet& models, std::span<const std::string> scorers,
                          const Query& query, std::span<const BlendedItem> candidates) {
  ToldCandidates told;
  for (const BlendedItem& each : candidates) {
    told.items.push_back(each.item);
    told.blended.push_back(each.score);
  }
  std::vector<const Scorer*> asked;
  for (const std::string& name : scorers) {
    const auto model = std::find_if(models.models.begin(), models.models.end(),
                                    [&](const Model& each) { return each.name == name; });
    if (model == models.models.end()) continue;
    told.scorers.push_back(name);
    asked.push_back(model->scorer.get());
  }
  told.scores.setConstant(static_cast<Eigen::Index>(asked.size()),
                          static_cast<Eigen::Index>(told.items.size()), kUnscored);
  for (std::size_t s = 0; s < asked.size() && !told.items.empty(); ++s) {
    asked[s]->Score({&query, 1}, told.items, told.scores.row(static_cast<Eigen::Index>(s)));
  }
  return told;
}

std::vector<RankedList> RecommendRanked(const Pipeline& pipeline, std::span<const Query> queries,
                                        const ItemBitmap* allowed, std::size_t k,
                                        RankDeadline deadline, const PipelineControls& controls) {
  const Ranker* const ranker = RankerOf(pipeline.models());
  const std::size_t count = ranker == nullptr ? k : std::max(k, ranker->num_candidates());
  // What is worked out of a query for the blend serves the ranker's questions too.
  std::vector<QueryMemo> memos(ranker == nullptr ? 0 : queries.size());
  std::vector<Query> asked(queries.begin(), queries.end());
  for (std::size_t q = 0; q < memos.size(); ++q) {
    if (asked[q].memo == nullptr) asked[q].memo = &memos[q];
  }
  std::vector<std::vector<BlendedItem>> lists = pipeline.Recommend(asked, allowed, count, controls);
  std::vector<RankedList> ranked(lists.size());
  for (std::size_t q = 0; q < lists.size(); ++q) {
    ranked[q].items = std::move(lists[q]);
    if (ranker == nullptr || ranked[q].items.empty()) continue;
    const StepWatch watch(controls);
    const Micros start = MonotonicNow();
    const std::function<bool()> is_late = [&] {
      if (controls.is_late && controls.is_late()) return true;
      return deadline == RankDeadline::kKept &&
             static_cast<double>(MonotonicNow() - start) >= 1000 * ranker->deadline_ms();
    };
    ranked[q].is_late = !RankBest(pipeline.models(), *ranker, asked[q], is_late, ranked[q].items);
    watch.Tell("rank", "", [&] {
      return ranked[q].is_late ? 0 : std::min(ranker->num_candidates(), ranked[q].items.size());
    });
    if (ranked[q].items.size() > k) ranked[q].items.resize(k);
  }
  return ranked;
}

}  // namespace vitrine
