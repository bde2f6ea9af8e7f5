#include "vitrine/engine/pipeline.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "engine/lifts.h"
#include "engine/step_watch.h"

namespace vitrine {

namespace {

// A model whose best score is smaller than this has nothing to say, and is not blown up to say it.
constexpr float kSmallestScale = 1e-6f;

// What one model's scores are divided by, given its best and its worst for the query. When even the
// best is below zero the worst one counts, so that a shopper's dislikes alone never drown every
// other model.
float Scale(float best, float worst) { return std::max(best > 0 ? best : -worst, kSmallestScale); }

bool IsKnown(float score) { return score != kUnscored; }

// The scale by all that a model said of every item.
float ScaleOfAll(std::span<const float> scores) {
  const Eigen::Map<const Eigen::ArrayXf> all(scores.data(),
                                             static_cast<Eigen::Index>(scores.size()));
  const float best = all.size() == 0 ? kUnscored : all.maxCoeff();
  if (best == kUnscored) return 1;
  if (best > 0) return Scale(best, best);
  float worst = best;
  for (const float score : scores) worst = IsKnown(score) ? std::min(worst, score) : worst;
  return Scale(best, worst);
}

// What may be shown: `allowed` without the query's `excluded`, ascending.
std::vector<ItemIndex> Showable(const Query& query, ItemBitmap allowed) {
  for (const ItemIndex item : query.excluded) allowed.Erase(item);
  return allowed.Items();
}

// Where the best `k` of `scores` are, and some more; nothing that is -infinity. The k-th best of
// the blocks' best is passed by k at least: what is below it need not be looked at.
std::vector<std::uint32_t> WorthALook(std::span<const double> scores, std::size_t k) {
  constexpr std::size_t kBlock = 16;
  std::vector<double> best_of_block;
  best_of_block.reserve(scores.size() / kBlock + 1);
  for (std::size_t begin = 0; begin < scores.size(); begin += kBlock) {
    const std::size_t count = std::min(kBlock, scores.size() - begin);
    best_of_block.push_back(
        Eigen::Map<const Eigen::ArrayXd>(&scores[begin], static_cast<Eigen::Index>(count))
            .maxCoeff());
  }
  double least = std::numeric_limits<double>::lowest();
  if (k > 0 && k <= best_of_block.size()) {
    std::vector<double> sorted = best_of_block;
    const auto kth = sorted.begin() + static_cast<std::ptrdiff_t>(k - 1);
    std::nth_element(sorted.begin(), kth, sorted.end(), std::greater<>());
    least = std::max(least, *kth);
  }
  std::vector<std::uint32_t> found;
  for (std::size_t block = 0; block < best_of_block.size(); ++block) {
    if (!(best_of_block[block] >= least)) continue;
    const std::size_t end = std::min((block + 1) * kBlock, scores.size());
    for (std::size_t i = block * kBlock; i < end; ++i) {
      if (scores[i] >= least) found.push_back(static_cast<std::uint32_t>(i));
    }
  }
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

// Takes what is not among `only` out of the selection.
void Hide(const ItemBitmap& only, std::span<const ItemIndex> items, std::span<double> blended) {
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!only.Contains(items[i])) blended[i] = -std::numeric_limits<double>::infinity();
  }
}
bool IsLate(const PipelineControls& controls) { return controls.is_late && controls.is_late(); }

// The nearest float that is finite, so that no sum looks like kUnscored.
float Narrow(double value) {
  constexpr double kLargest = std::numeric_limits<float>::max();
  return static_cast<float>(std::clamp(value, -kLargest, kLargest));
}

}  // namespace

// The items that may be shown for one query, and what the models and the lifts say of them.
struct Pipeline::Asked {
  std::vector<ItemIndex> items{};  // Distinct.
  std::vector<double> factors{};   // Blend weight over scale, by model of the set; 0: not asked.
  Matrix scores{};                 // [models x items], kUnscored where a model is not asked.
  std::vector<double> lifts{};     // By item, added to the sum of its parts; empty: none.
  // By model, as it retrieved them: what it can still say once the time is up. Where it may be.
  std::vector<std::vector<ScoredItem>> found{};

  std::span<const float> ScoresOf(std::size_t model) const {
    return {scores.row(static_cast<Eigen::Index>(model)).data(), items.size()};
  }

  // From `first_model` on, what the models said of the items that they retrieved.
  void SayWhatWasFound(std::size_t first_model) {
    absl::flat_hash_map<ItemIndex, Eigen::Index> places;
    for (std::size_t i = 0; i < items.size(); ++i) {
      places.emplace(items[i], static_cast<Eigen::Index>(i));
    }
    for (std::size_t m = first_model; m < found.size(); ++m) {
      for (const ScoredItem& each : found[m]) {
        const auto place = places.find(each.item);
        if (place != places.end()) {
          scores(static_cast<Eigen::Index>(m), place->second) = each.score;
        }
      }
    }
  }

  // In double: two floats that differ still differ after the division, so that one model alone
  // keeps its order.
  double Part(std::size_t model, std::size_t i) const {
    const float score = ScoresOf(model)[i];
    return IsKnown(score) ? factors[model] * static_cast<double>(score) : 0;
  }

  double Lift(std::size_t i) const { return lifts.empty() ? 0 : lifts[i]; }

  // `blended`: the sum of the parts, `trend`: what it was multiplied with.
  BlendedItem Describe(std::size_t i, double blended, double trend) const {
    BlendedItem item{.item = items[i],
                     .score = std::isfinite(blended) ? Narrow(blended + Lift(i)) : kUnscored,
                     .lift = Narrow(Lift(i))};
    item.parts.reserve(factors.size());
    for (std::size_t m = 0; m < factors.size(); ++m) {
      item.parts.push_back(Narrow(trend * Part(m, i)));
    }
    return item;
  }
};

Pipeline::Pipeline(std::shared_ptr<const ModelSet> models, BlendOptions options)
    : models_(std::move(models)), options_(std::move(options)) {
  const BlendWeights chosen = ChosenWeights(options_, models_->weights);
  if (options_.weights.empty() && models_->cold_start_events >= 0) {
    options_.cold_start_events = models_->cold_start_events;
  }
  const Trend& trend = models_->trend;
  for (std::size_t row = 0; trend.power != 0 && row <= trend.ln_by_item.size(); ++row) {
    const double factor = trend.FactorOf(ItemIndex(static_cast<std::uint32_t>(row)));
    trends_.push_back({factor, 1 / factor});
  }
  for (const Model& model : models_->models) {
    const auto weight = chosen.find(model.name);
    weights_.push_back(weight == chosen.end() ? BlendWeight() : weight->second);
    looks_at_features_ = looks_at_features_ || weights_.back().grows();
  }
}

std::vector<std::vector<BlendedItem>> Pipeline::Recommend(std::span<const Query> queries,
                                                          const ItemBitmap* allowed, std::size_t k,
                                                          const PipelineControls& controls) const {
  std::vector<std::vector<BlendedItem>> lists;
  lists.reserve(queries.size());
  const auto add_list = [&](Asked asked) {
    const StepWatch watch(controls);
    std::vector<double> blended = Blend(asked);
    asked.lifts = LiftsOf(controls.lifts, asked.items, blended);
    if (controls.only != nullptr) Hide(*controls.only, asked.items, blended);
    lists.push_back(Select(asked, blended, k));
    watch.Tell("blend", "", [&] {
      return std::count_if(blended.begin(), blended.end(),
                           [](double score) { return std::isfinite(score); });
    });
  };
  const std::size_t whole = options_.whole_catalogue_items;
  if (allowed != nullptr && (allowed->size() <= whole || allowed->HasAtMost(whole))) {
    for (const Query& query : queries) add_list(Everything(query, *allowed, controls));
    return lists;
  }
  const std::size_t count = std::max(options_.candidates_per_model, 2 * k);
  std::vector<Asked> retrieved =
      Retrieve(queries, allowed, count, WeightsOfEach(queries), controls);
  if (!controls.lifts.empty() || controls.only != nullptr) {
    assert(allowed != nullptr);
    ItemBitmap listed = *allowed;
    if (controls.only != nullptr) listed.IntersectWith(*controls.only);
    RetrieveParts(queries, PartsByStrength(controls.lifts, listed), count, controls, retrieved);
  }
  for (std::size_t q = 0; q < queries.size(); ++q) {
    Score(queries[q], retrieved[q], controls);
    add_list(std::move(retrieved[q]));
  }
  return lists;
}

std::vector<BlendedItem> Pipeline::Rank(const Query& query, std::span<const ItemIndex> items,
                                        const PipelineControls& controls) const {
  Asked asked = std::move(Retrieve({&query, 1}, nullptr, options_.candidates_per_model,
                                   WeightsOfEach({&query, 1}), controls)
                              .front());
  asked.items.assign(items.begin(), items.end());
  Score(query, asked, controls);
  const std::vector<double> blended = Blend(asked);
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

std::vector<Pipeline::ScaledScores> Pipeline::Candidates(std::span<const Query> queries,
                                                         const ItemBitmap* allowed,
                                                         std::size_t k) const {
  const std::vector<double> all(weights_.size(), 1.0);
  std::vector<Asked> retrieved =
      Retrieve(queries, allowed, k, std::vector<std::vector<double>>(queries.size(), all), {});
  std::vector<ScaledScores> scaled(queries.size());
  for (std::size_t q = 0; q < queries.size(); ++q) {
    Asked& asked = retrieved[q];
    std::sort(asked.items.begin(), asked.items.end());
    Score(queries[q], asked, {});
    scaled[q].scores.resize(asked.scores.rows(), asked.scores.cols());
    for (std::size_t m = 0; m < asked.factors.size(); ++m) {
      for (std::size_t i = 0; i < asked.items.size(); ++i) {
        scaled[q].scores(static_cast<Eigen::Index>(m), static_cast<Eigen::Index>(i)) =
            Narrow(asked.Part(m, i));
      }
    }
    scaled[q].items = std::move(asked.items);
  }
  return scaled;
}

Pipeline::Asked Pipeline::Everything(const Query& query, const ItemBitmap& allowed,
                                     const PipelineControls& controls) const {
  Asked all{.items = Showable(query, allowed), .factors = Weights(query)};
  Score(query, all, controls);
  for (std::size_t m = 0; m < all.factors.size(); ++m) {
    all.factors[m] /= static_cast<double>(ScaleOfAll(all.ScoresOf(m)));
  }
  return all;
}

std::vector<Pipeline::Asked> Pipeline::Retrieve(std::span<const Query> queries,
                                                const ItemBitmap* allowed, std::size_t k,
                                                std::vector<std::vector<double>> weights,
                                                const PipelineControls& controls) const {
  std::vector<Asked> retrieved(queries.size());
  std::vector<ItemBitmap> seen(queries.size());
  for (std::size_t q = 0; q < queries.size(); ++q) retrieved[q].factors = std::move(weights[q]);
  for (std::size_t m = 0; m < weights_.size(); ++m) {
    const auto is_asked = [m](const Asked& asked) { return asked.factors[m] > 0; };
    if (!std::any_of(retrieved.begin(), retrieved.end(), is_asked)) continue;
    if (IsLate(controls)) {
      for (Asked& asked : retrieved) {
        std::fill(asked.factors.begin() + static_cast<std::ptrdiff_t>(m), asked.factors.end(), 0.0);
      }
      break;
    }
    const StepWatch watch(controls);
    auto lists = models_->models[m].scorer->Retrieve(queries, allowed, k);
    watch.Tell("retrieve", models_->models[m].name, [&lists] {
      std::size_t count = 0;
      for (const auto& list : lists) count += list.size();
      return count;
    });
    for (std::size_t q = 0; q < queries.size(); ++q) {
      if (!is_asked(retrieved[q])) continue;
      if (lists[q].empty()) continue;
      retrieved[q].factors[m] /=
          static_cast<double>(Scale(lists[q].front().score, lists[q].back().score));
      for (const ScoredItem& scored : lists[q]) {
        if (seen[q].Contains(scored.item)) continue;
        seen[q].Insert(scored.item);
        retrieved[q].items.push_back(scored.item);
      }
      if (!controls.is_late) continue;
      retrieved[q].found.resize(m + 1);
      retrieved[q].found[m] = std::move(lists[q]);
    }
  }
  return retrieved;
}

void Pipeline::RetrieveParts(std::span<const Query> queries, std::span<const ItemBitmap> parts,
                             std::size_t k, const PipelineControls& controls,
                             std::span<Asked> retrieved) const {
  std::vector<ItemBitmap> seen(queries.size());
  for (std::size_t q = 0; q < queries.size(); ++q) {
    for (const ItemIndex item : retrieved[q].items) seen[q].Insert(item);
    for (const ItemIndex item : queries[q].excluded) seen[q].Insert(item);
  }
  const auto add = [&](std::size_t q, ItemIndex item) {
    if (seen[q].Contains(item)) return;
    seen[q].Insert(item);
    retrieved[q].items.push_back(item);
  };
  for (const ItemBitmap& part : parts) {
    if (part.HasAtMost(k)) {
      const std::vector<ItemIndex> items = part.Items();
      for (std::size_t q = 0; q < queries.size(); ++q) {
        for (const ItemIndex item : items) add(q, item);
      }
      continue;
    }
    for (std::size_t m = 0; m < weights_.size(); ++m) {
      const auto is_asked = [m](const Asked& asked) { return asked.factors[m] > 0; };
      if (!std::any_of(retrieved.begin(), retrieved.end(), is_asked)) continue;
      if (IsLate(controls)) return;
      const auto lists = models_->models[m].scorer->Retrieve(queries, &part, k);
      for (std::size_t q = 0; q < queries.size(); ++q) {
        if (!is_asked(retrieved[q])) continue;
        for (const ScoredItem& scored : lists[q]) add(q, scored.item);
      }
    }
  }
}

void Pipeline::Score(const Query& query, Asked& asked, const PipelineControls& controls) const {
  const auto num_models = static_cast<Eigen::Index>(weights_.size());
  const auto num_items = static_cast<Eigen::Index>(asked.items.size());
  asked.scores.setConstant(num_models, num_items, kUnscored);
  if (num_items == 0) return;
  for (Eigen::Index m = 0; m < num_models; ++m) {
    const auto model = static_cast<std::size_t>(m);
    if (asked.factors[model] == 0) continue;
    if (IsLate(controls)) {
      asked.SayWhatWasFound(model);
      break;
    }
    const StepWatch watch(controls);
    models_->models[model].scorer->Score({&query, 1}, asked.items, asked.scores.row(m));
    watch.Tell("score", models_->models[model].name, [&] {
      const std::span<const float> scores = asked.ScoresOf(model);
      return std::count_if(scores.begin(), scores.end(), IsKnown);
    });
  }
  // What a model gets wrong is as if it had not spoken.
  float* const scores = asked.scores.data();
  const auto num_scores = static_cast<std::size_t>(asked.scores.size());
  for (std::size_t i = 0; i < num_scores; ++i) {
    const bool is_finite = std::abs(scores[i]) <= std::numeric_limits<float>::max();
    scores[i] = is_finite ? scores[i] : kUnscored;
  }
}

double Pipeline::TrendOf(ItemIndex item, double blended) const {
  if (trends_.empty()) return 1;
  return trends_[std::min(Row(item), trends_.size() - 1)][blended < 0 ? 1 : 0];
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
    for (std::size_t i = 0; i < count && !trends_.empty(); ++i) {
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
