#include "vitrine/engine/pipeline.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>

#include "engine/asked.h"
#include "engine/least_of_best.h"
#include "engine/lifts.h"
#include "engine/model_costs.h"
#include "engine/step_watch.h"

namespace vitrine {

namespace {

// Where the best `k` of `scores` are, and some more; nothing that is -infinity.
std::vector<std::uint32_t> WorthALook(std::span<const double> scores, std::size_t k) {
  const double least = LeastOfBest(scores, k);
  std::vector<std::uint32_t> found;
  ForEachFrom(least, scores,
              [&](std::size_t i) { found.push_back(static_cast<std::uint32_t>(i)); });
  return found;
}

// What the lifts add, by item: their strength times the size of the best that was blended.
std::vector<double> LiftsOf(std::span<const ItemLift> lifts, std::span<const ItemIndex> items,
                            std::span<const double> blended) {
  if (lifts.empty() || items.empty()) return {};
  const double best = *std::max_element(blended.begin(), blended.end());
  std::vector<double> added;
  added.reserve(items.size());
  for (const ItemIndex item : items) {
    added.push_back(std::isfinite(best) ? StrengthOf(lifts, item) * std::abs(best) : 0);
  }
  return added;
}

std::size_t NumFinite(std::span<const double> scores) {
  const auto is_finite = [](double score) { return std::isfinite(score); };
  return static_cast<std::size_t>(std::count_if(scores.begin(), scores.end(), is_finite));
}

// Takes what is not among `only` out of the selection.
void Hide(const ItemBitmap& only, std::span<const ItemIndex> items, std::span<double> blended) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!only.Contains(items[i])) blended[i] = -std::numeric_limits<double>::infinity();
  }
}
}  // namespace

Pipeline::Pipeline(std::shared_ptr<const ModelSet> models, BlendOptions options)
    : models_(std::move(models)),
      options_(std::move(options)),
      costs_(std::make_shared<ModelCosts>(models_->models.size())) {
  const BlendWeights chosen = ChosenWeights(options_, models_->weights);
  if (options_.weights.empty() && models_->cold_start_events >= 0) {
    options_.cold_start_events = models_->cold_start_events;
  }
  const Trend& trend = models_->trend;
  for (std::size_t row = 0; trend.power != 0 && row <= trend.ln_by_item.size(); ++row) {
    const double factor = trend.FactorOf(ItemIndex(static_cast<std::uint32_t>(row)));
    trends_of_likes_.push_back(factor);
    trends_of_dislikes_.push_back(1 / factor);
  }
  rough_trends_of_likes_.assign(trends_of_likes_.begin(), trends_of_likes_.end());
  rough_trends_of_dislikes_.assign(trends_of_dislikes_.begin(), trends_of_dislikes_.end());
  for (const Model& model : models_->models) {
    const auto weight = chosen.find(model.name);
    weights_.push_back(weight == chosen.end() ? BlendWeight() : weight->second);
    looks_at_features_ = looks_at_features_ || weights_.back().grows();
  }
}

std::vector<std::vector<BlendedItem>> Pipeline::Recommend(std::span<const Query> queries,
                                                          const ItemBitmap* allowed, std::size_t k,
                                                          const PipelineControls& controls) const {
  assert(queries.size() <= 1 || !controls.time_left);  // What a model takes would be of them all.
  std::vector<std::vector<BlendedItem>> lists;
  lists.reserve(queries.size());
  const auto add_list = [&](const StepWatch& watch, Asked asked) {
    std::vector<double> blended = Blend(asked);
    asked.lifts = LiftsOf(controls.lifts, asked.items, blended);
    if (controls.only != nullptr) Hide(*controls.only, asked.items, blended);
    lists.push_back(Select(asked, blended, k));
    watch.Tell("blend", "", [&] { return asked.num_ruled_out + NumFinite(blended); });
  };
  if (IsLittle(allowed)) {
    const bool is_sketched = IsSketched(*allowed, controls);
    for (const Query& query : queries) {
      if (!is_sketched) {
        Asked everything = Everything(query, *allowed, controls);
        add_list(StepWatch(controls), std::move(everything));
      } else {
        QueryMemo memo;  // What is sketched is scored again.
        Query asked = query;
        if (asked.memo == nullptr) asked.memo = &memo;
        const Sketched sketched = Sketch(asked, *allowed, controls);
        const StepWatch watch(controls);
        add_list(watch, Shortlist(asked, sketched, k));
      }
    }
    return lists;
  }
  const std::size_t count = std::max(options_.candidates_per_model, 2 * k);
  std::vector<Asked> retrieved =
      Retrieve(queries, allowed, count, WeightsOfEach(queries), controls);
  assert(allowed != nullptr || (controls.lifts.empty() && controls.only == nullptr));
  if (allowed != nullptr && (!controls.lifts.empty() || controls.only != nullptr)) {
    ItemBitmap listed = *allowed;
    if (controls.only != nullptr) listed.IntersectWith(*controls.only);
    RetrieveParts(queries, PartsByStrength(controls.lifts, listed), count, controls, retrieved);
  }
  for (std::size_t q = 0; q < queries.size(); ++q) {
    Score(queries[q], retrieved[q], controls);
    add_list(StepWatch(controls), std::move(retrieved[q]));
  }
  return lists;
}

bool Pipeline::IsLittle(const ItemBitmap* allowed) const {
  const std::size_t whole = options_.whole_catalogue_items;
  return allowed != nullptr && (allowed->size() <= whole || allowed->HasAtMost(whole));
}

bool Pipeline::IsSketched(const ItemBitmap& allowed, const PipelineControls& controls) const {
  constexpr std::size_t kOneIn = 8;  // A score costs so many sketches.
  return controls.lifts.empty() && controls.only == nullptr &&
         allowed.size() <= options_.whole_catalogue_items &&
         !allowed.HasAtMost(allowed.size() / kOneIn);
}

Pipeline::Asked Pipeline::Scored(const Query& query, std::span<const ItemIndex> items,
                                 const ItemBitmap* allowed,
                                 const PipelineControls& controls) const {
  Asked asked;
  if (IsLittle(allowed) && IsSketched(*allowed, controls)) {
    const Sketched sketched = Sketch(query, *allowed, controls);
    asked.factors = sketched.factors;
    const auto may_be_shown = [&](ItemIndex item) {
      return allowed->Contains(item) &&
             !std::binary_search(query.excluded.begin(), query.excluded.end(), item);
    };
    if (std::all_of(items.begin(), items.end(), may_be_shown)) {
      asked.items.assign(items.begin(), items.end());
      const StepWatch watch(controls);
      ScoreSketched(query, sketched, asked);
      watch.Tell("blend", "", [&] { return items.size(); });
      return asked;
    }
  } else if (IsLittle(allowed)) {
    asked.factors = Everything(query, *allowed, controls).factors;
  } else {
    asked = std::move(Retrieve({&query, 1}, allowed, options_.candidates_per_model,
                               WeightsOfEach({&query, 1}), controls)
                          .front());
  }
  asked.items.assign(items.begin(), items.end());
  Score(query, asked, controls);
  return asked;
}

std::vector<BlendedItem> Pipeline::Rank(const Query& query, std::span<const ItemIndex> items,
                                        const ItemBitmap* allowed,
                                        const PipelineControls& controls) const {
  const Asked asked = Scored(query, items, allowed, controls);
  const StepWatch watch(controls);
  const std::vector<double> blended = Blend(asked);
  watch.Tell("blend", "", [&] { return NumFinite(blended); });
  std::vector<BlendedItem> ranked;
  ranked.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    ranked.push_back(asked.Describe(i, blended[i], TrendOf(asked.items[i], blended[i])));
  }
  return ranked;
}

std::vector<double> Pipeline::Weights(const Query& query) const {
  const QueryFeatures features = looks_at_features_ ? FeaturesOf(query) : QueryFeatures();
  std::vector<double> weights;
  weights.reserve(weights_.size());
  for (const BlendWeight& each : weights_) weights.push_back(each.At(features));
  SlideToFamilies(models_->models, NumSignals(query), options_.cold_start_events, weights);
  return weights;
}

std::vector<std::vector<double>> Pipeline::WeightsOfEach(std::span<const Query> queries) const {
  std::vector<std::vector<double>> weights;
  weights.reserve(queries.size());
  for (const Query& query : queries) weights.push_back(Weights(query));
  return weights;
}

double Pipeline::TrendOf(ItemIndex item, double blended) const {
  if (trends_of_likes_.empty()) return 1;
  const std::size_t row = std::min(Row(item), trends_of_likes_.size() - 1);
  return blended < 0 ? trends_of_dislikes_[row] : trends_of_likes_[row];
}

std::vector<double> Pipeline::Blend(const Asked& asked) const {
  constexpr std::size_t kBlock = 128;  // Whose sums stay in the first-level cache.
  const std::size_t num_items = asked.items.size();
  std::vector<double> blended(num_items);
  std::array<float, kBlock> best;
  std::array<float, kBlock> known;
  for (std::size_t begin = 0; begin < num_items; begin += kBlock) {
    const std::size_t count = std::min(kBlock, num_items - begin);
    double* const sums = &blended[begin];
    best.fill(kUnscored);
    for (std::size_t m = 0; m < asked.factors.size(); ++m) {
      const double factor = asked.factors[m];
      if (factor == 0) continue;
      // Plain loops of one kind of number each: the compiler makes vector code of these.
      const float* const scores = asked.ScoresOf(m).data() + begin;
      for (std::size_t i = 0; i < count; ++i) {
        best[i] = scores[i] > best[i] ? scores[i] : best[i];
        known[i] = IsKnown(scores[i]) ? scores[i] : 0.0F;
      }
      for (std::size_t i = 0; i < count; ++i) sums[i] += factor * static_cast<double>(known[i]);
    }
    for (std::size_t i = 0; i < count && !trends_of_likes_.empty(); ++i) {
      sums[i] *= TrendOf(asked.items[begin + i], sums[i]);
    }
    for (std::size_t i = 0; i < count; ++i) {
      sums[i] = IsKnown(best[i]) ? sums[i] : -std::numeric_limits<double>::infinity();
    }
  }
  return blended;
}

std::vector<BlendedItem> Pipeline::Select(const Asked& asked, std::span<const double> blended,
                                          std::size_t k) const {
  std::vector<double> lifted;
  for (std::size_t i = 0; i < asked.lifts.size(); ++i)
    lifted.push_back(blended[i] + asked.lifts[i]);
  const std::span<const double> scores = lifted.empty() ? blended : lifted;
  const auto ranks_before = [&](std::uint32_t a, std::uint32_t b) {
    return scores[a] != scores[b] ? scores[a] > scores[b] : asked.items[a] < asked.items[b];
  };
  std::vector<std::uint32_t> order = WorthALook(scores, k);
  const std::size_t count = std::min(k, order.size());
  const auto end = order.begin() + static_cast<std::ptrdiff_t>(count);
  std::partial_sort(order.begin(), end, order.end(), ranks_before);
  order.resize(count);
  std::vector<BlendedItem> best;
  best.reserve(order.size());
  for (const std::uint32_t i : order) {
    best.push_back(asked.Describe(i, blended[i], TrendOf(asked.items[i], blended[i])));
  }
  return best;
}

}  // namespace vitrine
