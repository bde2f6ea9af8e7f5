#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vitrine/math/top_k.h"
#include "vitrine/models/model.h"
#include "vitrine/scorers/scorer.h"

namespace vitrine::testing {

// Gives every item the score of a table, whoever asks; items beyond it are kUnscored. What Retrieve
// returns is what the contract of Scorer asks for; Score returns the table as it is, NaN too, so
// that tests can hand a pipeline a broken model.
class FakeScorer : public Scorer {
 public:
  FakeScorer(std::string name, std::vector<float> scores)
      : name_(std::move(name)), scores_(std::move(scores)) {}

  std::string_view name() const override { return name_; }

  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override {
    for (std::size_t q = 0; q < queries.size(); ++q) {
      for (std::size_t i = 0; i < items.size(); ++i) {
        scores(static_cast<Eigen::Index>(q), static_cast<Eigen::Index>(i)) =
            ScoreOf(queries[q], items[i]);
      }
    }
  }

  std::vector<std::vector<ScoredItem>> Retrieve(std::span<const Query> queries,
                                                const ItemBitmap* allowed,
                                                std::size_t k) const override {
    std::vector<std::vector<ScoredItem>> lists;
    for (const Query& query : queries) {
      TopK best(k);
      for (std::size_t row = 0; row < scores_.size(); ++row) {
        const ItemIndex item{static_cast<std::uint32_t>(row)};
        const bool is_excluded =
            std::binary_search(query.excluded.begin(), query.excluded.end(), item);
        if (is_excluded || (allowed != nullptr && !allowed->Contains(item))) continue;
        best.Offer(item, ScoreOf(query, item));
      }
      lists.push_back(best.Take());
    }
    return lists;
  }

 protected:
  virtual float ScoreOf(const Query& /*query*/, ItemIndex item) const {
    return Row(item) < scores_.size() ? scores_[Row(item)] : kUnscored;
  }

 private:
  std::string name_;
  std::vector<float> scores_;
};

// Scores item i with the sum over liked items j of the history, the page and the cart (each worth
// 1) of the similarity of (j, i), and says so. Items that nothing is like are kUnscored.
class FakeNeighbours final : public FakeScorer, public Explainer {
 public:
  using Similarities = std::map<std::pair<ItemIndex, ItemIndex>, float>;

  FakeNeighbours(std::string name, std::size_t num_items, Similarities similarities)
      : FakeScorer(std::move(name), std::vector<float>(num_items)),
        similarities_(std::move(similarities)) {}

  std::vector<Contribution> Explain(const Query& query, ItemIndex item) const override {
    std::vector<Contribution> contributions;
    const auto add = [&](ItemIndex from, Contribution::Source source) {
      const auto found = similarities_.find({from, item});
      if (found == similarities_.end()) return;
      contributions.push_back({.source = source, .item = from, .value = found->second});
    };
    for (const Interaction& interaction : query.history) {
      if (interaction.weight > 0) add(interaction.item, Contribution::Source::kHistory);
    }
    for (const ItemIndex from : query.context_items) add(from, Contribution::Source::kContext);
    for (const ItemIndex from : query.cart_items) add(from, Contribution::Source::kContext);
    return contributions;
  }

 protected:
  float ScoreOf(const Query& query, ItemIndex item) const override {
    const std::vector<Contribution> contributions = Explain(query, item);
    if (contributions.empty()) return kUnscored;
    float sum = 0;
    for (const Contribution& contribution : contributions) sum += contribution.value;
    return sum;
  }

 private:
  Similarities similarities_;
};

// A model of that scorer alone.
inline Model MakeFakeModel(std::string name, ModelFamily family, std::vector<float> scores) {
  Model model{.name = name, .kind = "fake", .family = family};
  model.scorer = std::make_shared<FakeScorer>(std::move(name), std::move(scores));
  return model;
}

// A behaviour model of neighbours, explained, that compares items too.
inline Model MakeFakeNeighbours(std::string name, std::size_t num_items,
                                FakeNeighbours::Similarities similarities) {
  Model model{.name = name, .kind = "fake"};
  auto scorer =
      std::make_shared<FakeNeighbours>(std::move(name), num_items, std::move(similarities));
  model.scorer = scorer;
  model.explainer = scorer;
  model.item_to_item = scorer;
  return model;
}

}  // namespace vitrine::testing
