#include "vitrine/engine/rank_stage.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>

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

// What the scorers that the ranker listens to say of some items.
struct Said {
  std::vector<ItemIndex> items{};
  std::vector<std::string> scorers{};
  Matrix scores{};  // [scorers x items]
};

Said AskScorers(const ModelSet& models, const Ranker& ranker, const Query& query,
                std::span<const BlendedItem> candidates) {
  Said said;
  for (const BlendedItem& each : candidates) said.items.push_back(each.item);
  std::vector<const Scorer*> scorers;
  for (const std::string& name : ranker.listens_to()) {
    const auto model = std::find_if(models.models.begin(), models.models.end(),
                                    [&](const Model& each) { return each.name == name; });
    if (model == models.models.end()) continue;
    said.scorers.push_back(name);
    scorers.push_back(model->scorer.get());
  }
  said.scores.setConstant(static_cast<Eigen::Index>(scorers.size()),
                          static_cast<Eigen::Index>(said.items.size()), kUnscored);
  for (std::size_t s = 0; s < scorers.size() && !said.items.empty(); ++s) {
    scorers[s]->Score({&query, 1}, said.items, said.scores.row(static_cast<Eigen::Index>(s)));
  }
  return said;
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

}  // namespace

const Ranker* RankerOf(const ModelSet& models) {
  const std::size_t index = IndexOfRanker(models);
  if (index == models.models.size()) return nullptr;
  return static_cast<const DeepRanker*>(models.models[index].scorer.get());
}

std::vector<RankedList> RecommendRanked(const Pipeline& pipeline, std::span<const Query> queries,
                                        const ItemBitmap* allowed, std::size_t k,
                                        RankDeadline deadline) {
  const Ranker* const ranker = RankerOf(pipeline.models());
  const std::size_t count = ranker == nullptr ? k : std::max(k, ranker->num_candidates());
  std::vector<std::vector<BlendedItem>> lists = pipeline.Recommend(queries, allowed, count);
  std::vector<RankedList> ranked(lists.size());
  for (std::size_t q = 0; q < lists.size(); ++q) {
    ranked[q].items = std::move(lists[q]);
    std::vector<BlendedItem>& list = ranked[q].items;
    if (ranker == nullptr || list.empty()) continue;
    const Micros start = MonotonicNow();
    const std::function<bool()> is_late = [&] {
      return deadline == RankDeadline::kKept &&
             static_cast<double>(MonotonicNow() - start) >= 1000 * ranker->deadline_ms();
    };
    const auto first =
        std::span<const BlendedItem>(list).first(std::min(list.size(), ranker->num_candidates()));
    std::vector<float> probabilities(first.size());
    const bool has_time = !is_late();
    const Said said = has_time ? AskScorers(pipeline.models(), *ranker, queries[q], first) : Said();
    ranked[q].is_late =
        !has_time ||
        !ranker->Rank({queries[q], said.items, said.scorers, said.scores}, is_late, probabilities);
    if (!ranked[q].is_late) PutInOrder(probabilities, IndexOfRanker(pipeline.models()), list);
    if (list.size() > k) list.resize(k);
  }
  return ranked;
}

}  // namespace vitrine
