#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vitrine/base/clock.h"
#include "vitrine/base/item_bitmap.h"
#include "vitrine/base/matrix.h"
#include "vitrine/feature_store/event.h"
#include "vitrine/feature_store/item.h"
#include "vitrine/math/top_k.h"
#include "vitrine/scorers/query_memo.h"

namespace vitrine {

// Score of an item that a model knows nothing about. Ranks below every real score.
inline constexpr float kUnscored = -std::numeric_limits<float>::infinity();

// Nobody of the training data, or nobody who says so.
inline constexpr std::uint32_t kNoTrainingUser = std::numeric_limits<std::uint32_t>::max();

// All that a model may know when it answers: views, valid for the duration of the call. Any part
// may be empty; an item index may be unknown to the model.
struct Query {
  std::span<const Interaction> history{};      // Most recent first; weights may be negative.
  std::span<const ItemIndex> context_items{};  // What the page is about, such as the item viewed.
  std::span<const ItemIndex> cart_items{};
  std::span<const std::string> categories{};  // Paths that the page is about.
  const std::map<std::string, AttributeValue>* profile = nullptr;
  Micros now_us = 0;
  std::span<const ItemIndex> excluded{};  // Ascending. Retrieve never returns them.
  // The user of the training data that asks, for a scorer that is measured as its paper has it,
  // with a trained vector for each. Set by evaluation only; nothing that serves may look at it.
  std::uint32_t training_user = kNoTrainingUser;
  QueryMemo* memo = nullptr;  // Of this query alone, where it is asked about more than once.
};

// Predicts how much shoppers would like items. Scores are unitless, higher is better, comparable
// within one model and one query. Immutable: any number of threads may call it. An unknown user,
// item or an empty history is normal, never an error. Batch first: one query is a batch of one, and
// a query's result does not depend on the rest of the batch beyond rounding.
class Scorer {
 public:
  virtual ~Scorer() = default;

  // Stable name used in configs, metrics, logs and bundles, such as "ials".
  virtual std::string_view name() const = 0;

  // Sets scores(q, i) [queries.size() x items.size()] to the score of items[i] for queries[q]:
  // finite, or kUnscored where the model has nothing to say. `excluded` does not matter here.
  virtual void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
                     Eigen::Ref<Matrix> scores) const = 0;

  // Sets scores[row] to about the score of the item of each row from 0 on, and to kUnscored exactly
  // where Score does. Returns by how much one may be off at most, finite. For whoever looks for the
  // best of all: what comes near enough can be scored exactly. Override it where all exact scores
  // cost more.
  virtual float Sketch(const Query& query, std::span<float> scores) const;

  // For each query its best `k` items among `allowed` (null: all the model knows) without the
  // query's `excluded`, best first; fewer where the model has no more. The same scores as Score.
  virtual std::vector<std::vector<ScoredItem>> Retrieve(std::span<const Query> queries,
                                                        const ItemBitmap* allowed,
                                                        std::size_t k) const = 0;
};

// One part of a score: what it came from and how much it added.
struct Contribution {
  enum class Source {
    kBase,     // Not from the query: popularity, a bias.
    kHistory,  // `item` is in the history.
    kContext,  // `item` is in context_items or cart_items.
    kFeature,  // `feature` of the item or profile, such as "brand: Acme" or "word: mug".
  };
  Source source{};
  ItemIndex item{};
  std::string_view feature{};  // Of the model's own; valid while the model lives.
  float value = 0;
};

// By size; equals in a fixed order.
bool IsStronger(const Contribution& a, const Contribution& b);

// The strongest few of an item's contributions, and the sum of them all.
class StrongestContributions {
 public:
  static constexpr std::size_t kMost = 8;

  StrongestContributions() = default;
  // REQUIRES: strongest.size() <= kMost
  StrongestContributions(std::span<const Contribution> strongest, double sum, double size);

  void Add(const Contribution& contribution) {
    sum_ += static_cast<double>(contribution.value);
    size_ += std::abs(static_cast<double>(contribution.value));
    if (std::abs(contribution.value) < least_) return;  // Nearly all.
    Insert(contribution);
  }

  std::span<const Contribution> strongest() const { return {strongest_.data(), count_}; }
  double sum() const { return sum_; }
  double size() const { return size_; }  // The sum of their sizes.

 private:
  void Insert(const Contribution& contribution);

  std::array<Contribution, kMost> strongest_{};  // The first count_, in no order.
  std::size_t count_ = 0;
  std::size_t weakest_ = 0;  // Of these, once there are kMost of them,
  float least_ = 0;          // and its size.
  double sum_ = 0;
  double size_ = 0;
};

// Says why a score is what it is. Immutable and thread-safe.
class Explainer {
 public:
  virtual ~Explainer() = default;

  // The contributions, in no order, that sum to the score of `item` within 1e-4 of its size; none
  // when the item is kUnscored.
  virtual std::vector<Contribution> Explain(const Query& query, ItemIndex item) const = 0;

  // The same for each of `items`. Override it where the query alone costs something, such as a
  // fold-in: a list is explained as a whole.
  virtual std::vector<std::vector<Contribution>> ExplainAll(
      const Query& query, std::span<const ItemIndex> items) const {
    std::vector<std::vector<Contribution>> explained;
    explained.reserve(items.size());
    for (const ItemIndex item : items) explained.push_back(Explain(query, item));
    return explained;
  }

  // The strongest of these for each of `items`: what a reason is made of. Override it where most of
  // what ExplainAll says would be thrown away.
  virtual std::vector<StrongestContributions> ExplainStrongest(
      const Query& query, std::span<const ItemIndex> items) const;
};

}  // namespace vitrine
