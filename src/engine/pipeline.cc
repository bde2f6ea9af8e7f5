#include "vitrine/engine/pipeline.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace vitrine {

namespace {

// A model whose best score is smaller than this has nothing to say, and is not blown up to say it.
constexpr float kSmallestScale = 1e-6f;

// Content knows a shopper this many times sooner than behaviour does.
constexpr double kContentHeadStart = 10;

std::size_t NumSignals(const Query& query) {
  const auto is_positive = [](const Interaction& interaction) { return interaction.weight > 0; };
  return static_cast<std::size_t>(
             std::count_if(query.history.begin(), query.history.end(), is_positive)) +
         query.context_items.size() + query.cart_items.size();
}

// How much is given to a family that needs about `needed` signals, when `n` were seen.
double Trust(std::size_t n, double needed) {
  return n == 0 ? 0 : static_cast<double>(n) / (static_cast<double>(n) + needed);
}

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

// The nearest float that is finite, so that no sum looks like kUnscored.
float Narrow(double value) {
  constexpr double kLargest = std::numeric_limits<float>::max();
  return static_cast<float>(std::clamp(value, -kLargest, kLargest));
}

}  // namespace

// The items that may be shown for one query, and what the models say of them.
struct Pipeline::Candidates {
  std::vector<ItemIndex> items{};  // Distinct.
  std::vector<double> factors{};   // Blend weight over scale, by model of the set; 0: not asked.
  Matrix scores{};                 // [models x items], kUnscored where a model is not asked.

  std::span<const float> ScoresOf(std::size_t model) const {
    return {scores.row(static_cast<Eigen::Index>(model)).data(), items.size()};
  }

  // In double: two floats that differ still differ after the division, so that one model alone
  // keeps its order.
  double Part(std::size_t model, std::size_t i) const {
    const float score = ScoresOf(model)[i];
    return IsKnown(score) ? factors[model] * static_cast<double>(score) : 0;
  }

  BlendedItem Describe(std::size_t i, double blended) const {
    BlendedItem item{.item = items[i],
                     .score = std::isfinite(blended) ? Narrow(blended) : kUnscored};
    item.parts.reserve(factors.size());
    for (std::size_t m = 0; m < factors.size(); ++m) item.parts.push_back(Narrow(Part(m, i)));
    return item;
  }
};

Pipeline::Pipeline(std::shared_ptr<const ModelSet> models, BlendOptions options)
    : models_(std::move(models)), options_(std::move(options)) {
  for (const Model& model : models_->models) {
    const auto weight = options_.weights.find(model.name);
    configured_.push_back(weight == options_.weights.end() ? 0 : std::max(weight->second, 0.0));
    family_total_[static_cast<std::size_t>(model.family)] += configured_.back();
  }
}

std::vector<std::vector<BlendedItem>> Pipeline::Recommend(std::span<const Query> queries,
                                                          const ItemBitmap* allowed,
                                                          std::size_t k) const {
  std::vector<std::vector<BlendedItem>> lists;
  lists.reserve(queries.size());
  const auto add_list = [&](const Candidates& candidates) {
    lists.push_back(Select(candidates, Blend(candidates), k));
  };
  if (allowed != nullptr && allowed->size() <= options_.whole_catalogue_items) {
    for (const Query& query : queries) add_list(Everything(query, *allowed));
    return lists;
  }
  std::vector<Candidates> retrieved = Retrieve(queries, allowed, k);
  for (std::size_t q = 0; q < queries.size(); ++q) {
    Score(queries[q], retrieved[q]);
    add_list(retrieved[q]);
  }
  return lists;
}

std::vector<BlendedItem> Pipeline::Rank(const Query& query,
                                        std::span<const ItemIndex> items) const {
  Candidates candidates = std::move(Retrieve({&query, 1}, nullptr, 1).front());
  candidates.items.assign(items.begin(), items.end());
  Score(query, candidates);
  const std::vector<double> blended = Blend(candidates);
  std::vector<BlendedItem> ranked;
  ranked.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    ranked.push_back(candidates.Describe(i, blended[i]));
  }
  return ranked;
}

std::vector<float> Pipeline::Weights(const Query& query) const {
  const std::array<double, kNumModelFamilies> grown = Growth(NumSignals(query));
  std::vector<float> weights;
  weights.reserve(configured_.size());
  for (std::size_t m = 0; m < configured_.size(); ++m) {
    const auto family = static_cast<std::size_t>(models_->models[m].family);
    weights.push_back(static_cast<float>(configured_[m] * grown[family]));
  }
  return weights;
}

std::array<double, kNumModelFamilies> Pipeline::Growth(std::size_t num_signals) const {
  const auto [popularity, content, behaviour] = family_total_;
  const double behaviour_keeps =
      popularity + content > 0 ? Trust(num_signals, options_.cold_start_events) : 1;
  const double content_keeps =
      popularity > 0 ? Trust(num_signals, options_.cold_start_events / kContentHeadStart) : 1;

  const double behaviour_leaves = behaviour * (1 - behaviour_keeps);
  const double content_has = content > 0 ? content + behaviour_leaves : 0;
  const double popularity_gets = content > 0 ? content_has * (1 - content_keeps) : behaviour_leaves;
  return {popularity > 0 ? (popularity + popularity_gets) / popularity : 0,
          content > 0 ? content_has * content_keeps / content : 0, behaviour_keeps};
}

Pipeline::Candidates Pipeline::Everything(const Query& query, const ItemBitmap& allowed) const {
  const std::vector<float> weights = Weights(query);
  Candidates all{.items = Showable(query, allowed), .factors = {weights.begin(), weights.end()}};
  Score(query, all);
  for (std::size_t m = 0; m < all.factors.size(); ++m) {
    all.factors[m] /= static_cast<double>(ScaleOfAll(all.ScoresOf(m)));
  }
  return all;
}

std::vector<Pipeline::Candidates> Pipeline::Retrieve(std::span<const Query> queries,
                                                     const ItemBitmap* allowed,
                                                     std::size_t k) const {
  std::vector<Candidates> retrieved(queries.size());
  std::vector<ItemBitmap> seen(queries.size());
  for (std::size_t q = 0; q < queries.size(); ++q) {
    const std::vector<float> weights = Weights(queries[q]);
    retrieved[q].factors.assign(weights.begin(), weights.end());
  }
  const std::size_t list_size = std::max(options_.candidates_per_model, 2 * k);
  for (std::size_t m = 0; m < configured_.size(); ++m) {
    const auto is_asked = [m](const Candidates& candidates) { return candidates.factors[m] > 0; };
    if (!std::any_of(retrieved.begin(), retrieved.end(), is_asked)) continue;
    const auto lists = models_->models[m].scorer->Retrieve(queries, allowed, list_size);
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
    }
  }
  return retrieved;
}

void Pipeline::Score(const Query& query, Candidates& candidates) const {
  const auto num_models = static_cast<Eigen::Index>(configured_.size());
  const auto num_items = static_cast<Eigen::Index>(candidates.items.size());
  candidates.scores.setConstant(num_models, num_items, kUnscored);
  if (num_items == 0) return;
  for (Eigen::Index m = 0; m < num_models; ++m) {
    if (candidates.factors[static_cast<std::size_t>(m)] == 0) continue;
    models_->models[static_cast<std::size_t>(m)].scorer->Score({&query, 1}, candidates.items,
                                                               candidates.scores.row(m));
  }
  // What a model gets wrong is as if it had not spoken.
  float* const scores = candidates.scores.data();
  const auto num_scores = static_cast<std::size_t>(candidates.scores.size());
  for (std::size_t i = 0; i < num_scores; ++i) {
    const bool is_finite = std::abs(scores[i]) <= std::numeric_limits<float>::max();
    scores[i] = is_finite ? scores[i] : kUnscored;
  }
}

std::vector<double> Pipeline::Blend(const Candidates& candidates) {
  const std::size_t num_items = candidates.items.size();
  std::vector<double> blended(num_items, 0.0);
  std::vector<float> best(num_items, kUnscored);
  std::vector<float> known(num_items);
  for (std::size_t m = 0; m < candidates.factors.size(); ++m) {
    const double factor = candidates.factors[m];
    if (factor == 0) continue;
    // Plain loops of one kind of number each: the compiler makes vector code of these.
    const std::span<const float> scores = candidates.ScoresOf(m);
    for (std::size_t i = 0; i < num_items; ++i) {
      best[i] = scores[i] > best[i] ? scores[i] : best[i];
      known[i] = IsKnown(scores[i]) ? scores[i] : 0.0F;
    }
    for (std::size_t i = 0; i < num_items; ++i)
      blended[i] += factor * static_cast<double>(known[i]);
  }
  for (std::size_t i = 0; i < num_items; ++i) {
    blended[i] = IsKnown(best[i]) ? blended[i] : -std::numeric_limits<double>::infinity();
  }
  return blended;
}

std::vector<BlendedItem> Pipeline::Select(const Candidates& candidates,
                                          std::span<const double> blended, std::size_t k) {
  const auto ranks_before = [&](std::uint32_t a, std::uint32_t b) {
    return blended[a] != blended[b] ? blended[a] > blended[b]
                                    : candidates.items[a] < candidates.items[b];
  };
  // The best k so far, a heap with the worst of them in front: most items cost one comparison.
  std::vector<std::uint32_t> order;
  order.reserve(std::min(k, blended.size()) + 1);
  double worst = std::numeric_limits<double>::lowest();  // That may still enter.
  for (std::uint32_t i = 0; i < blended.size() && k > 0; ++i) {
    if (!(blended[i] >= worst)) continue;
    if (order.size() == k) {
      if (!ranks_before(i, order.front())) continue;
      std::pop_heap(order.begin(), order.end(), ranks_before);
      order.pop_back();
    }
    order.push_back(i);
    std::push_heap(order.begin(), order.end(), ranks_before);
    if (order.size() == k) worst = blended[order.front()];
  }
  std::sort_heap(order.begin(), order.end(), ranks_before);
  std::vector<BlendedItem> best;
  best.reserve(order.size());
  for (const std::uint32_t i : order) best.push_back(candidates.Describe(i, blended[i]));
  return best;
}

}  // namespace vitrine
