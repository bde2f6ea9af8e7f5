#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/bytes.h"
#include "vitrine/math/sparse.h"
#include "vitrine/scorers/scorer.h"
#include "vitrine/scorers/sequential/recent_items.h"

namespace vitrine {

// How SessionKnn weighs what it finds.
struct SessionKnnWeights {
  std::uint32_t num_neighbours = 1500;     // Sessions that speak for items. >= 1
  std::uint32_t sessions_per_item = 5000;  // The latest ones with the item that are looked at. >= 1
  float similarity_power = 2;              // p below. >= 0
  float match_decay = 0.1F;                // lambda below. >= 0
  float distance_power = 1.2F;   // How fast an item fades with the steps from the match. >= 0
  float backward_weight = 0.2F;  // Of items that came before the match. >= 0
  float self_weight = 0.08F;     // Of the matched item itself. >= 0
};

// What SessionKnn is made of.
struct SessionKnnTable {
  CsrMatrix
      sessions{};  // [sessions x num_items] Latest first. Value: the item's last step, from 0.
  std::vector<float> session_weights{};  // [sessions] >= 0: a(n) below
  std::vector<float> item_weights{};     // [num_items] >= 0: b(i) below
  RecencyWeights recency{};
  SessionKnnWeights weights{};
};

// What happened around the same items in the sessions most like this one.
//
//   score(i) = b(i) * sum over the neighbours n of the query of sim(n)^p * l(n) * g(n, i)
//   sim(n)   = a(n) * sum over the recent items j of the query that n holds of w(j)
//   l(n)     = max(0, 1 - lambda * (place of the latest such j in the query, from 0))
//   g(n, i)  = d^-distance_power; times backward_weight if i came before j* in n, self_weight for
//   j*
//
// with w the weights of RecentItems, j* the latest of the query's items that n holds and d >= 1 the
// steps between it and i in n. Of each recent item the latest `sessions_per_item` sessions are
// looked at; the neighbours are those of greatest sim, ties to the later one. What nothing is added
// to is kUnscored. VMIS-kNN: Kersbergen, Sprangers, Schelter, "Serenade: low-latency session-based
// recommendation in e-commerce at scale", SIGMOD 2022, equations 1 and 2, which have p = a = g = 1.
// Neighbours are looked up for each query: an event counts at once. Immutable, thread-safe.
class SessionKnn final : public Scorer, public Explainer {
 public:
  // Errors: INVALID_ARGUMENT sizes that do not match, values or weights out of range.
  static absl::StatusOr<std::shared_ptr<const SessionKnn>> Create(SessionKnnTable table);

  std::string_view name() const override { return "session_knn"; }

  // O(sessions looked at + neighbours * session length + items) a query; num_items and as many
  // floats as sessions of scratch a call.
  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override;

  // Visits the items of the neighbours and nothing else.
  std::vector<std::vector<ScoredItem>> Retrieve(std::span<const Query> queries,
                                                const ItemBitmap* allowed,
                                                std::size_t k) const override;

  // One kHistory or kContext for each recent item that a neighbour which speaks for `item` holds.
  std::vector<Contribution> Explain(const Query& query, ItemIndex item) const override;
  std::vector<std::vector<Contribution>> ExplainAll(
      const Query& query, std::span<const ItemIndex> items) const override;

  const SessionKnnTable& table() const { return table_; }
  std::size_t num_items() const { return table_.item_weights.size(); }

 private:
  class Lookup;

  explicit SessionKnn(SessionKnnTable table);
  std::span<const std::uint32_t> LatestSessions(ItemIndex item) const;

  SessionKnnTable table_;
  // The latest sessions of each item, latest first.
  std::vector<std::uint64_t> latest_begin_;  // [num_items + 1]
  std::vector<std::uint32_t> latest_sessions_;
  std::vector<float> ones_;     // As many as the most sessions of an item.
  std::vector<float> by_step_;  // g of an item -127 to 127 steps after the match.
};

void Save(const SessionKnn& scorer, ByteWriter& writer);

// Row r of what was saved becomes item row_to_index[r], 0xFFFFFFFF drops it; `num_items` items.
// Errors: DATA_LOSS the bytes are damaged.
absl::StatusOr<std::shared_ptr<const SessionKnn>> LoadSessionKnn(
    ByteReader& reader, std::span<const ItemIndex> row_to_index, std::size_t num_items);

}  // namespace vitrine
