#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/bytes.h"
#include "vitrine/math/sparse.h"
#include "vitrine/scorers/scorer.h"
#include "vitrine/scorers/sequential/recent_items.h"

namespace vitrine {

// What SequentialRules is made of.
struct SequentialRulesTable {
  // [num_items x num_items] Row j: what was touched after j, and how strongly j points to it.
  CsrMatrix rules{};
  RecencyWeights recency{};
};

// What comes next after the items that the shopper touched last.
//
//   score(i) = sum over the recent items j of the query of w(j) * r(j, i)
//
// with w the weights of RecentItems and r the weights of rules "j, then i", counted over all
// shoppers: Kamehkhosh, Jannach, Ludewig, "A comparison of frequent pattern techniques and a deep
// learning method for session-based recommendation", RecTemp 2017, section 2.3, which has only the
// last item speak. An item that no recent item points to is kUnscored. Immutable, thread-safe.
class SequentialRules final : public Scorer, public Explainer {
 public:
  // Errors: INVALID_ARGUMENT a matrix that is not square or holds a value that is not finite;
  // weights out of range.
  static absl::StatusOr<std::shared_ptr<const SequentialRules>> Create(SequentialRulesTable table);

  std::string_view name() const override { return "sequential_rules"; }

  // O(rules of the query's items + items) a query, and num_items floats of scratch a call.
  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override;

  // Visits the rules of the query's items and nothing else.
  std::vector<std::vector<ScoredItem>> Retrieve(std::span<const Query> queries,
                                                const ItemBitmap* allowed,
                                                std::size_t k) const override;

  // One kHistory or kContext for each recent item that points to `item`.
  std::vector<Contribution> Explain(const Query& query, ItemIndex item) const override;
  std::vector<std::vector<Contribution>> ExplainAll(
      const Query& query, std::span<const ItemIndex> items) const override;
  std::vector<StrongestContributions> ExplainStrongest(
      const Query& query, std::span<const ItemIndex> items) const override;

  const SequentialRulesTable& table() const { return table_; }
  std::size_t num_items() const { return table_.rules.num_rows; }

 private:
  explicit SequentialRules(SequentialRulesTable table) : table_(std::move(table)) {}
  std::vector<TouchedItem> Recent(const Query& query) const;

  SequentialRulesTable table_;
};

void Save(const SequentialRules& scorer, ByteWriter& writer);

// Row r of what was saved becomes item row_to_index[r], 0xFFFFFFFF drops it; `num_items` items.
// Errors: DATA_LOSS the bytes are damaged.
absl::StatusOr<std::shared_ptr<const SequentialRules>> LoadSequentialRules(
    ByteReader& reader, std::span<const ItemIndex> row_to_index, std::size_t num_items);

}  // namespace vitrine
