#include "engine/live_scorers.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "vitrine/engine/placement.h"
#include "vitrine/math/top_k.h"

namespace vitrine {
namespace {

// What a scorer makes of one query: a score for some items, none for all others.
using ScoredItems = std::vector<std::pair<ItemIndex, float>>;

// Of a vector that the store keeps by item.
class OfItems final : public Scorer, public Explainer {
 public:
  using Read = std::shared_ptr<const RankedValues> (FeatureStore::*)() const;

  // An item's score is its value less `base`, where that is above 0.
  OfItems(std::string_view name, const FeatureStore& store, Read read, float base)
      : name_(name), store_(store), read_(read), base_(base) {}

  std::string_view name() const override { return name_; }

  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override {
    const auto ranked = (store_.*read_)();
    for (std::size_t i = 0; i < items.size(); ++i) {
      const float score = ScoreOf(*ranked, items[i]);
      for (std::size_t q = 0; q < queries.size(); ++q) {
        scores(static_cast<Eigen::Index>(q), static_cast<Eigen::Index>(i)) = score;
      }
    }
  }

  std::vector<std::vector<ScoredItem>> Retrieve(std::span<const Query> queries,
                                                const ItemBitmap* allowed,
                                                std::size_t k) const override {
    const auto ranked = (store_.*read_)();
    std::vector<std::vector<ScoredItem>> lists;
    lists.reserve(queries.size());
    for (const Query& query : queries) lists.push_back(Best(*ranked, query, allowed, k));
    return lists;
  }

  std::vector<Contribution> Explain(const Query& query, ItemIndex item) const override {
    return std::move(ExplainAll(query, {&item, 1}).front());
  }

  std::vector<std::vector<Contribution>> ExplainAll(
      const Query& /*query*/, std::span<const ItemIndex> items) const override {
    const auto ranked = (store_.*read_)();
    std::vector<std::vector<Contribution>> explained(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      const float score = ScoreOf(*ranked, items[i]);
      if (score == kUnscored) continue;
      explained[i].push_back({.source = Contribution::Source::kBase, .value = score});
    }
    return explained;
  }

 private:
  float ScoreOf(const RankedValues& ranked, ItemIndex item) const {
    const std::vector<float>& values = ranked.values;
    const float value = Row(item) < values.size() ? values[Row(item)] - base_ : 0;
    return value > 0 ? value : kUnscored;
  }

  // Of many items looks at those of the largest values first, and at all where these are too few.
  std::vector<ScoredItem> Best(const RankedValues& ranked, const Query& query,
                               const ItemBitmap* allowed, std::size_t k) const {
    const auto is_excluded = [&query](ItemIndex item) {
      return std::binary_search(query.excluded.begin(), query.excluded.end(), item);
    };
    std::vector<ScoredItem> largest;
    for (const ItemIndex item : ranked.largest) {
      const float score = ScoreOf(ranked, item);
      // What comes later has no score either.
      if (largest.size() == k || score == kUnscored) return largest;
      if ((allowed != nullptr && !allowed->Contains(item)) || is_excluded(item)) continue;
      largest.push_back({item, score});
    }
    if (largest.size() == k) return largest;
    TopK best(k);
    const auto offer = [&](ItemIndex item) {
      const float score = ScoreOf(ranked, item);
      if (score != kUnscored && !is_excluded(item)) best.Offer(item, score);
    };
    if (allowed != nullptr) {
      allowed->ForEach(offer);
    } else {
      for (std::size_t row = 0; row < ranked.values.size(); ++row) {
        offer(ItemIndex{static_cast<std::uint32_t>(row)});
      }
    }
    return best.Take();
  }

  const std::string name_;
  const FeatureStore& store_;
  const Read read_;
  const float base_;
};

// Of what the shopper did, the latest first.
class OfHistory final : public Scorer, public Explainer {
 public:
  OfHistory(std::string_view name, std::vector<EventType> types)
      : name_(name), types_(std::move(types)) {}

  std::string_view name() const override { return name_; }

  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override {
    scores.setConstant(kUnscored);
    for (std::size_t q = 0; q < queries.size(); ++q) {
      ScoredItems scored = ScoresOf(queries[q]);
      std::sort(scored.begin(), scored.end());
      for (std::size_t i = 0; i < items.size(); ++i) {
        const auto found =
            std::lower_bound(scored.begin(), scored.end(), items[i],
                             [](const auto& each, ItemIndex item) { return each.first < item; });
        if (found == scored.end() || found->first != items[i]) continue;
        scores(static_cast<Eigen::Index>(q), static_cast<Eigen::Index>(i)) = found->second;
      }
    }
  }

  std::vector<std::vector<ScoredItem>> Retrieve(std::span<const Query> queries,
                                                const ItemBitmap* allowed,
                                                std::size_t k) const override {
    std::vector<std::vector<ScoredItem>> lists;
    lists.reserve(queries.size());
    for (const Query& query : queries) {
      TopK best(k);
      for (const auto& [item, score] : ScoresOf(query)) {
        if (allowed != nullptr && !allowed->Contains(item)) continue;
        if (std::binary_search(query.excluded.begin(), query.excluded.end(), item)) continue;
        best.Offer(item, score);
      }
      lists.push_back(best.Take());
    }
    return lists;
  }

  std::vector<Contribution> Explain(const Query& query, ItemIndex item) const override {
    return std::move(ExplainAll(query, {&item, 1}).front());
  }

  std::vector<std::vector<Contribution>> ExplainAll(
      const Query& query, std::span<const ItemIndex> items) const override {
    const ScoredItems scored = ScoresOf(query);
    std::vector<std::vector<Contribution>> explained(items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
      for (const auto& [item, score] : scored) {
        if (item != items[i]) continue;
        explained[i].push_back(
            {.source = Contribution::Source::kHistory, .item = item, .value = score});
      }
    }
    return explained;
  }

 private:
  // Distinct items, the latest first.
  ScoredItems ScoresOf(const Query& query) const {
    ScoredItems scored;
    for (const Interaction& each : query.history) {
      if (std::find(types_.begin(), types_.end(), each.type) == types_.end()) continue;
      const bool is_known = std::any_of(scored.begin(), scored.end(), [&](const auto& earlier) {
        return earlier.first == each.item;
      });
      if (is_known) continue;
      scored.emplace_back(each.item, 1.0F / static_cast<float>(1 + scored.size()));
    }
    return scored;
  }

  const std::string name_;
  const std::vector<EventType> types_;
};

template <typename S>
Model AsModel(std::shared_ptr<const S> scorer, ModelFamily family) {
  return {.name = std::string(scorer->name()),
          .kind = std::string(scorer->name()),
          .family = family,
          .scorer = scorer,
          .explainer = scorer};
}

}  // namespace

std::vector<Model> LiveModels(const FeatureStore& store) {
  return {AsModel(std::make_shared<const OfItems>(kLivePopularName, store,
                                                  &FeatureStore::LivePopularity, 0.0F),
                  ModelFamily::kPopularity),
          AsModel(std::make_shared<const OfItems>(kTrendingName, store, &FeatureStore::LiveTrends,
                                                  1.0F),
                  ModelFamily::kPopularity),
          AsModel(std::make_shared<const OfHistory>(
                      kRecentlyViewedName,
                      std::vector{EventType::kDetailPageView, EventType::kRecommendationClick}),
                  ModelFamily::kBehaviour),
          AsModel(std::make_shared<const OfHistory>(kRecentlyBoughtName,
                                                    std::vector{EventType::kPurchaseComplete}),
                  ModelFamily::kBehaviour)};
}

bool IsLiveModel(std::string_view name) {
  return std::find(kLiveScorerNames.begin(), kLiveScorerNames.end(), name) !=
         kLiveScorerNames.end();
}

}  // namespace vitrine
