// What a pipeline asks its models: which items, and what they say of these.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "engine/asked.h"
#include "engine/model_costs.h"
#include "engine/step_watch.h"
#include "engine/turns.h"
#include "vitrine/engine/pipeline.h"

namespace vitrine {
namespace {

// A model whose best score is smaller than this has nothing to say, and is not blown up to say it.
constexpr float kSmallestScale = 1e-6f;

// What may be shown: `allowed` without the query's `excluded`, ascending.
std::vector<ItemIndex> Showable(const Query& query, ItemBitmap allowed) {
  for (const ItemIndex item : query.excluded) allowed.Erase(item);
  return allowed.Items();
}

}  // namespace

float ScaleOf(float best, float worst) {
  return std::max(best > 0 ? best : -worst, kSmallestScale);
}

float ScaleOfAll(std::span<const float> scores) {
  const Eigen::Map<const Eigen::ArrayXf> all(scores.data(),
                                             static_cast<Eigen::Index>(scores.size()));
  const float best = all.size() == 0 ? kUnscored : all.maxCoeff();
  if (best == kUnscored) return 1;
  if (best > 0) return ScaleOf(best, best);
  float worst = best;
  for (const float score : scores) worst = IsKnown(score) ? std::min(worst, score) : worst;
  return ScaleOf(best, worst);
}

void HideUnsound(std::span<float> scores) {
  for (float& score : scores) {
    const bool is_finite = std::abs(score) <= std::numeric_limits<float>::max();
    score = is_finite ? score : kUnscored;
  }
}

Pipeline::Asked Pipeline::Everything(const Query& query, const ItemBitmap& allowed,
                                     const PipelineControls& controls) const {
  Asked all{.items = Showable(query, allowed), .factors = Weights(query)};
  // Without a scale they have no say in scores of fewer items either.
  for (const std::size_t m : Score(query, all, controls)) all.factors[m] = 0;
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
  Turns turns(*models_, *costs_, AnswerKind::kList, controls);
  for (std::size_t turn = 0; turn < weights_.size(); ++turn) {
    const std::size_t m = turns[turn];
    const auto is_asked = [m](const Asked& asked) { return asked.factors[m] > 0; };
    if (!std::any_of(retrieved.begin(), retrieved.end(), is_asked)) continue;
    if (!turns.HasTimeFor(m)) {
      for (Asked& asked : retrieved) asked.factors[m] = 0;
      continue;
    }
    const StepWatch watch(controls);
    auto lists = models_->models[m].scorer->Retrieve(queries, allowed, k);
    turns.NoteAnswer(m);
    watch.Tell("retrieve", models_->models[m].name, [&lists] {
      std::size_t count = 0;
      for (const auto& list : lists) count += list.size();
      return count;
    });
    for (std::size_t q = 0; q < queries.size(); ++q) {
      if (!is_asked(retrieved[q])) continue;
      retrieved[q].found.resize(weights_.size());
      retrieved[q].found[m] = std::move(lists[q]);
    }
  }
  // As the models stand in the set, whoever was asked first.
  for (std::size_t q = 0; q < queries.size(); ++q) {
    for (std::size_t m = 0; m < retrieved[q].found.size(); ++m) {
      const std::vector<ScoredItem>& list = retrieved[q].found[m];
      if (list.empty()) continue;
      retrieved[q].factors[m] /=
          static_cast<double>(ScaleOf(list.front().score, list.back().score));
      for (const ScoredItem& scored : list) {
        if (seen[q].Contains(scored.item)) continue;
        seen[q].Insert(scored.item);
        retrieved[q].items.push_back(scored.item);
      }
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
  Turns turns(*models_, *costs_, AnswerKind::kPart, controls);
  for (const ItemBitmap& part : parts) {
    if (part.HasAtMost(k)) {
      const std::vector<ItemIndex> items = part.Items();
      for (std::size_t q = 0; q < queries.size(); ++q) {
        for (const ItemIndex item : items) add(q, item);
      }
      continue;
    }
    std::vector<std::vector<std::vector<ScoredItem>>> lists(weights_.size());
    const auto is_asked = [](const Asked& asked, std::size_t m) { return asked.factors[m] > 0; };
    for (std::size_t turn = 0; turn < weights_.size(); ++turn) {
      const std::size_t m = turns[turn];
      if (std::none_of(retrieved.begin(), retrieved.end(),
                       [&](const Asked& asked) { return is_asked(asked, m); }) ||
          !turns.HasTimeFor(m)) {
        continue;
      }
      lists[m] = models_->models[m].scorer->Retrieve(queries, &part, k);
      turns.NoteAnswer(m);
    }
    for (std::size_t m = 0; m < weights_.size(); ++m) {
      for (std::size_t q = 0; q < lists[m].size(); ++q) {
        if (!is_asked(retrieved[q], m)) continue;
        for (const ScoredItem& scored : lists[m][q]) add(q, scored.item);
      }
    }
  }
}

std::vector<std::size_t> Pipeline::Score(const Query& query, Asked& asked,
                                         const PipelineControls& controls) const {
  const auto num_models = static_cast<Eigen::Index>(weights_.size());
  const auto num_items = static_cast<Eigen::Index>(asked.items.size());
  asked.scores.setConstant(num_models, num_items, kUnscored);
  std::vector<std::size_t> left_out;
  if (num_items == 0) return left_out;
  Turns turns(*models_, *costs_, KindOfScores(asked.items.size()), controls);
  for (std::size_t turn = 0; turn < weights_.size(); ++turn) {
    const std::size_t m = turns[turn];
    if (asked.factors[m] == 0) continue;
    if (!turns.HasTimeFor(m)) {
      left_out.push_back(m);
      continue;
    }
    const StepWatch watch(controls);
    models_->models[m].scorer->Score({&query, 1}, asked.items,
                                     asked.scores.row(static_cast<Eigen::Index>(m)));
    turns.NoteAnswer(m);
    watch.Tell("score", models_->models[m].name, [&] { return NumKnown(asked.ScoresOf(m)); });
  }
  asked.SayWhatWasFound(left_out);
  HideUnsound({asked.scores.data(), static_cast<std::size_t>(asked.scores.size())});
  return left_out;
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

}  // namespace vitrine
