#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/bytes.h"
#include "vitrine/scorers/scorer.h"
#include "vitrine/scorers/sequential/purchase_habits.h"
#include "vitrine/scorers/sequential/sales_trends.h"

namespace vitrine {

// How a shopper's own purchases are weighed.
struct RepeatWeights {
  float visit_decay = 0.97F;       // What each visit back counts of the one after it. In (0, 1]
  float prior_visits = 10;         // How many visits the item's own rate counts for. > 0
  float rhythm = 0.3F;             // How much the time since the last purchase matters. In [0, 1]
  float rhythm_spread = 1.2F;      // Standard deviation of LogDays between purchases. > 0
  float prior_intervals = 3;       // How many intervals the item's own mean counts for. > 0
  float popularity_weight = 0.1F;  // >= 0
};

// What RepeatPurchase is made of.
struct RepeatPurchaseTable {
  // Of an item of which nothing is known: seen in one later visit of 20, after a month.
  static constexpr float kUsualRate = 0.05F;
  static constexpr float kUsualInterval = 3.4F;

  // [num_items] Share of later visits in which a buyer bought the item again, in (0, 1).
  std::vector<float> repeat_rate{};
  std::vector<float> interval{};  // [num_items] Mean LogDays between purchases of a buyer.
  SalesTrends trends{};           // Of num_items.
  PurchaseRules rules{};
  RepeatWeights weights{};
};

// What this shopper will buy again, then what everybody buys.
//
//   score(i)    = trend(i) * (personal(i) + popularity_weight * usual(i))
//   personal(i) = (n(i) + beta * r(i)) / (o(i) + beta) * (1 - rho + rho * exp(-z(i)^2 / 2))
//   n(i)        = sum over the visits v in which the shopper bought i of visit_decay^v  (v back)
//   o(i)        = the same over all visits since the first of these
//   z(i)        = (LogDays since the last purchase of i - m(i)) / rhythm_spread
//
// trend and usual are those of SalesTrends at the time of the query, r(i) the item's repeat rate,
// beta prior_visits, rho rhythm. m(i), when the next purchase is due, is the mean LogDays between
// the shopper's own purchases of i, drawn towards the item's mean plus the shopper's pace: how much
// longer than usual this shopper waits, over all items. personal is 0 for what was never bought;
// what nobody ever bought is kUnscored. The rate is the posterior mean of a beta-binomial model,
// after the Poisson-gamma one of Bhagat, Muralidharan, Lobzhanidze, Vishwanath, "Buy it again:
// modeling repeat purchase recommendations", KDD 2018, section 4, with visits for time; the
// log-normal rhythm is their section 4.2. Immutable, thread-safe.
class RepeatPurchase final : public Scorer, public Explainer {
 public:
  // Errors: INVALID_ARGUMENT sizes that do not match, values or weights out of range.
  static absl::StatusOr<std::shared_ptr<const RepeatPurchase>> Create(RepeatPurchaseTable table);

  std::string_view name() const override { return "repeat_purchase"; }

  // O(n log n + items) for a history of n.
  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override;

  // O(n log n + k + what is filtered out), after the last of the sales; O(n log n + items) before.
  std::vector<std::vector<ScoredItem>> Retrieve(std::span<const Query> queries,
                                                const ItemBitmap* allowed,
                                                std::size_t k) const override;

  // One kHistory for the item itself where the shopper bought it, and kBase for its popularity.
  std::vector<Contribution> Explain(const Query& query, ItemIndex item) const override;
  std::vector<std::vector<Contribution>> ExplainAll(
      const Query& query, std::span<const ItemIndex> items) const override;

  const RepeatPurchaseTable& table() const { return table_; }
  std::size_t num_items() const { return table_.repeat_rate.size(); }

 private:
  class Answer;

  explicit RepeatPurchase(RepeatPurchaseTable table);

  RepeatPurchaseTable table_;
  std::vector<ItemIndex> by_popularity_;  // What was ever sold, best first after the last visit.
};

void Save(const RepeatPurchase& scorer, ByteWriter& writer);

// Row r of what was saved becomes item row_to_index[r], 0xFFFFFFFF drops it; `num_items` items.
// Errors: DATA_LOSS the bytes are damaged.
absl::StatusOr<std::shared_ptr<const RepeatPurchase>> LoadRepeatPurchase(
    ByteReader& reader, std::span<const ItemIndex> row_to_index, std::size_t num_items);

}  // namespace vitrine
