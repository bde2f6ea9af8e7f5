#include "vitrine/engine/rank_stage.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <memory>
#include <numeric>
#include <string>
#include <utility>

#include "engine/lifts.h"
#include "engine/model_costs.h"
#include "engine/step_watch.h"
#include "engine/turns.h"
#include "vitrine/base/clock.h"
#include "vitrine/scorers/dnn/deep_ranker.h"

namespace vitrine {

namespace {

// The ranker of a set, if there is one, and its place among the models.
struct PlacedRanker {
  const Ranker* ranker = nullptr;
  std::size_t place = 0;
};

PlacedRanker FindRanker(const ModelSet& models) {
  const auto found = std::find_if(models.models.begin(), models.models.end(),
                                  [](const Model& model) { return model.kind == kRankerName; });
  if (found == models.models.end()) return {};
  return {.ranker = static_cast<const DeepRanker*>(found->scorer.get()),
          .place = static_cast<std::size_t>(found - models.models.begin())};
}

// What the ranker says, and how it becomes scores.
struct Verdict {
  std::span<const float> probabilities{};        // Of the first of the list.
  std::span<const ItemLift> lifts{};             // Counted after it, in units of its best.
  std::size_t ranker = 0;                        // Its place among the models.
  std::shared_ptr<const ToldCandidates> told{};  // Null: nobody will ask why.
};

// Makes `score` the item's, `lift` included, with parts that sum to the rest.
void SetScore(float score, float lift, std::size_t ranker, BlendedItem& item) {
  const float blended = item.score - item.lift;
  const float said = score - lift;
  if (blended > 0 && said >= 0) {
    for (float& part : item.parts) part *= said / blended;
  } else {
    std::fill(item.parts.begin(), item.parts.end(), 0.0F);
    item.parts[ranker] = said;
  }
  item.score = score;
  item.lift = lift;
}

// By item of `list` that has a probability: what the lifts add to it.
std::vector<float> LiftsAfter(const Verdict& verdict, std::span<const BlendedItem> list) {
  std::vector<float> lifts(verdict.probabilities.size(), 0);
  if (lifts.empty() || verdict.lifts.empty()) return lifts;
  const float best = *std::max_element(verdict.probabilities.begin(), verdict.probabilities.end());
  for (std::size_t i = 0; i < lifts.size(); ++i) {
    lifts[i] = best * static_cast<float>(StrengthOf(verdict.lifts, list[i].item));
  }
  return lifts;
}

// Gives what has no probability scores in the blend's proportions, none above `last`.
void PutBelow(float last, std::size_t ranker, std::span<BlendedItem> rest) {
  if (rest.empty()) return;
  const float first = rest.front().score;
  const bool is_alike = first > 0 ? last > 0 : first < 0;
  const float factor = is_alike ? std::abs(last / first) : 0;
  for (BlendedItem& item : rest) {
    SetScore(std::min(last, factor * item.score), factor * item.lift, ranker, item);
  }
}

// Puts the first of `list` in the order of the probabilities and lifts, and the rest behind it.
void PutInOrder(const Verdict& verdict, std::vector<BlendedItem>& list) {
  const std::vector<float> lifts = LiftsAfter(verdict, list);
  std::vector<float> scores(verdict.probabilities.begin(), verdict.probabilities.end());
  for (std::size_t i = 0; i < scores.size(); ++i) scores[i] += lifts[i];
  std::vector<std::uint32_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return scores[a] > scores[b]; });
  std::vector<BlendedItem> ranked;
  ranked.reserve(list.size());
  for (const std::uint32_t i : order) {
    ranked.push_back(std::move(list[i]));
    SetScore(scores[i], lifts[i], verdict.ranker, ranked.back());
    ranked.back().told = verdict.told;
  }
  const float last = order.empty() ? 0 : scores[order.back()];
  const auto rest = list.begin() + static_cast<std::ptrdiff_t>(order.size());
  PutBelow(last, verdict.ranker, {rest, list.end()});
  std::move(rest, list.end(), std::back_inserter(ranked));
  list = std::move(ranked);
}

// Who ranks, and what is asked for the blend and for the ranker.
struct Ranking {
  const Pipeline& pipeline;
  const PlacedRanker& by;
  const PipelineControls& controls;
};

// Puts the best of `list` in the ranker's order. False, and nothing is changed, once it is late.
bool RankBest(const Ranking& ranking, const Query& query, const std::function<bool()>& is_late,
              std::vector<BlendedItem>& list) {
  if (is_late()) return false;
  const Ranker& ranker = *ranking.by.ranker;
  const auto best =
      std::span<const BlendedItem>(list).first(std::min(list.size(), ranker.num_candidates()));
  ToldCandidates told =
      AskScorers(ranking.pipeline, ranker.listens_to(), query, best, ranking.controls);
  std::vector<float> probabilities(best.size());
  if (!told.has_answer || !ranker.Rank(told.View(query), is_late, probabilities)) return false;
  Verdict verdict{probabilities, ranking.controls.lifts, ranking.by.place};
  if (ranking.controls.is_explained) {
    verdict.told = std::make_shared<const ToldCandidates>(std::move(told));
  }
  PutInOrder(verdict, list);
  return true;
}

}  // namespace

const Ranker* RankerOf(const ModelSet& models) { return FindRanker(models).ranker; }

ToldCandidates AskScorers(const Pipeline& pipeline, std::span<const std::string> scorers,
                          const Query& query, std::span<const BlendedItem> candidates,
                          const PipelineControls& controls) {
  ToldCandidates told;
  for (const BlendedItem& each : candidates) {
    told.items.push_back(each.item);
    told.blended.push_back(each.score - each.lift);
  }
  const std::vector<Model>& models = pipeline.models().models;
  std::vector<Eigen::Index> rows(models.size(), -1);  // By model; -1: nobody listens to it.
  for (const std::string& name : scorers) {
    const auto model = std::find_if(models.begin(), models.end(),
                                    [&](const Model& each) { return each.name == name; });
    if (model == models.end()) continue;
    rows[static_cast<std::size_t>(model - models.begin())] =
        static_cast<Eigen::Index>(told.scorers.size());
    told.scorers.push_back(name);
  }
  told.scores.setConstant(static_cast<Eigen::Index>(told.scorers.size()),
                          static_cast<Eigen::Index>(told.items.size()), kUnscored);
  if (told.items.empty()) return told;
  told.has_answer = told.scorers.empty();
  Turns turns(pipeline.models(), pipeline.costs(), KindOfScores(told.items.size()), controls);
  for (std::size_t turn = 0; turn < models.size(); ++turn) {
    const std::size_t m = turns[turn];
    if (rows[m] < 0 || !turns.HasTimeFor(m)) continue;
    models[m].scorer->Score({&query, 1}, told.items, told.scores.row(rows[m]));
    turns.NoteAnswer(m);
    told.has_answer = true;
  }
  return told;
}

std::vector<RankedList> RecommendRanked(const Pipeline& pipeline, std::span<const Query> queries,
                                        const ItemBitmap* allowed, std::size_t k,
                                        RankDeadline deadline, const PipelineControls& controls) {
  const PlacedRanker placed = FindRanker(pipeline.models());
  const Ranker* const ranker = placed.ranker;
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
    ranked[q].is_late = !RankBest({pipeline, placed, controls}, asked[q], is_late, ranked[q].items);
    watch.Tell("rank", "", [&] {
      return ranked[q].is_late ? 0 : std::min(ranker->num_candidates(), ranked[q].items.size());
    });
    if (ranked[q].items.size() > k) ranked[q].items.resize(k);
  }
  return ranked;
}

}  // namespace vitrine
