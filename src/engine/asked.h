#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "vitrine/engine/pipeline.h"

namespace vitrine {

inline bool IsKnown(float score) { return score != kUnscored; }

// How many of these a model has something to say of.
inline std::size_t NumKnown(std::span<const float> scores) {
  std::uint32_t num_known = 0;  // As wide as a score: vector code counts eight at once.
  for (const float score : scores) num_known += IsKnown(score) ? 1U : 0U;
  return num_known;
}

// The nearest float that is finite, so that no sum looks like kUnscored.
inline float Narrow(double value) {
  constexpr double kLargest = std::numeric_limits<float>::max();
  return static_cast<float>(std::clamp(value, -kLargest, kLargest));
}

// The items that may be shown for one query, and what the models and the lifts say of them.
struct Pipeline::Asked {
  std::vector<ItemIndex> items{};  // Distinct.
  std::vector<double> factors{};   // Blend weight over scale, by model of the set; 0: not asked.
  Matrix scores{};                 // [models x items], kUnscored where a model is not asked.
  std::vector<double> lifts{};     // By item, added to the sum of its parts; empty: none.
  std::size_t num_ruled_out = 0;   // Of which models speak and which cannot be among the best.
  // By model, as it retrieved them: what it can still say once the time is up. Where it may be;
  // otherwise none.
  std::vector<std::vector<ScoredItem>> found{};

  std::span<const float> ScoresOf(std::size_t model) const {
    return {scores.row(static_cast<Eigen::Index>(model)).data(), items.size()};
  }

  // What these models said of the items that they retrieved.
  void SayWhatWasFound(std::span<const std::size_t> models) {
    if (models.empty() || found.empty()) return;
    absl::flat_hash_map<ItemIndex, Eigen::Index> places;
    for (std::size_t i = 0; i < items.size(); ++i) {
      places.emplace(items[i], static_cast<Eigen::Index>(i));
    }
    for (const std::size_t m : models) {
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

// What the models say of all items of the set, within an error for each model. Rows are padded to
// whole blocks.
struct Pipeline::Sketched {
  std::vector<double> factors{};  // As of Asked.
  std::size_t num_items = 0;
  Matrix scores{};               // [models x padded items]; rows of models that are asked count.
  std::vector<float> errors{};   // By model. 0: its scores are exact,
  std::vector<float> largest{};  // and the size of the largest of them; 0: not asked.

  std::span<float> PaddedScoresOf(std::size_t model) {
    return {scores.row(static_cast<Eigen::Index>(model)).data(),
            static_cast<std::size_t>(scores.cols())};
  }
  std::span<const float> ScoresOf(std::size_t model) const {
    return {scores.row(static_cast<Eigen::Index>(model)).data(), num_items};
  }
};

// What one model's scores are divided by, given its best and its worst for the query. When even the
// best is below zero the worst one counts, so that a shopper's dislikes alone never drown every
// other model.
float ScaleOf(float best, float worst);

// The scale by all that a model said.
float ScaleOfAll(std::span<const float> scores);

// What a model gets wrong is as if it had not spoken.
void HideUnsound(std::span<float> scores);

inline bool IsLate(const PipelineControls& controls) {
  return controls.is_late && controls.is_late();
}

}  // namespace vitrine
