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

// What one model's scores are divided by, given its list, best first. When even the best is below
// zero the worst one counts, so that a shopper's dislikes alone never drown every other model.
float Scale(std::span<const ScoredItem> list) {
  if (list.empty()) return 1;
  return std::max({list.front().score, -list.back().score, kSmallestScale});
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

  // In double: two floats that differ still differ after the division, so that one model alone
  // keeps its order.
  double Part(std::size_t model, std::size_t i) const {
    const float score = scores(static_cast<Eigen::Index>(model), static_cast<Eigen::Index>(i));
    return std::isfinite(score) ? factors[model] * static_cast<double>(score) : 0;
  }

  bool IsScored(std::size_t i) const {
    return scores.col(static_cast<Eigen::Index>(i)).array().isFinite().any();
  }

  BlendedItem Describe(std::size_t i, double blended) const {
    BlendedItem item{.item = items[i], .score = IsScored(i) ? Narrow(blended) : kUnscored};
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
  std::vector<Candidates> retrieved = Retrieve(queries, allowed, k);
  std::vector<std::vector<BlendedItem>> lists;
  lists.reserve(queries.size());
  for (std::size_t q = 0; q < queries.size(); ++q) {
    Score(queries[q], retrieved[q]);
    lists.push_back(Select(retrieved[q], Blend(retrieved[q]), k));
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
      retrieved[q].factors[m] /= static_cast<double>(Scale(lists[q]));
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
}

std::vector<double> Pipeline::Blend(const Candidates& candidates) {
  std::vector<double> blended(candidates.items.size(), 0.0);
  for (std::size_t m = 0; m < candidates.factors.size(); ++m) {
    if (candidates.factors[m] == 0) continue;
    for (std::size_t i = 0; i < blended.size(); ++i) blended[i] += candidates.Part(m, i);
  }
  return blended;
}

std::vector<BlendedItem> Pipeline::Select(const Candidates& candidates,
                                          std::span<const double> blended, std::size_t k) {
  std::vector<std::size_t> order;
  order.reserve(blended.size());
  for (std::size_t i = 0; i < blended.size(); ++i) {
    if (candidates.IsScored(i)) order.push_back(i);
  }
  const std::size_t count = std::min(k, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
                    [&](std::size_t a, std::size_t b) {
                      return blended[a] != blended[b] ? blended[a] > blended[b]
                                                      : candidates.items[a] < candidates.items[b];
                    });
  std::vector<BlendedItem> best;
  best.reserve(count);
  for (std::size_t r = 0; r < count; ++r)
    best.push_back(candidates.Describe(order[r], blended[order[r]]));
  return best;
}

}  // namespace vitrine
