#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/bytes.h"
#include "vitrine/math/sparse.h"
#include "vitrine/scorers/scorer.h"
#include "vitrine/scorers/touched_items.h"

namespace vitrine {

// What ItemKnn is made of.
struct ItemKnnTable {
  // [num_items x num_items] Row j: the items that j speaks for, with their similarity to j.
  CsrMatrix neighbours{};
  TouchWeights touch_weights{};
};

// Items like those that the shopper touched.
//
//   score(i) = sum over distinct items j of the query of w(j) * s(j, i)
//
// with w the weights of TouchedItems and s a truncated item-to-item similarity: here the cosine
// with shrinkage (Sarwar et al., "Item-based collaborative filtering recommendation algorithms",
// WWW 2001; shrinkage after Bell and Koren, 2007). An item that no item of the query speaks for is
// kUnscored. An item speaks for itself only where the table holds its diagonal. Immutable,
// thread-safe.
class ItemKnn final : public Scorer, public Explainer {
 public:
  // Errors: INVALID_ARGUMENT a matrix that is not square or holds a value that is not finite.
  static absl::StatusOr<std::shared_ptr<const ItemKnn>> Create(ItemKnnTable table);

  std::string_view name() const override { return "item_knn"; }

  // O(neighbours of the query's items + items) a query, and num_items floats of scratch a call.
  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override;

  // Visits the neighbours of the query's items and nothing else.
  std::vector<std::vector<ScoredItem>> Retrieve(std::span<const Query> queries,
                                                const ItemBitmap* allowed,
                                                std::size_t k) const override;

  // One kHistory or kContext for each item of the query that speaks for `item`.
  std::vector<Contribution> Explain(const Query& query, ItemIndex item) const override;
  std::vector<std::vector<Contribution>> ExplainAll(
      const Query& query, std::span<const ItemIndex> items) const override;

  const ItemKnnTable& table() const { return table_; }
  std::size_t num_items() const { return table_.neighbours.num_rows; }

 private:
  explicit ItemKnn(ItemKnnTable table) : table_(std::move(table)) {}

  ItemKnnTable table_;
};

void Save(const ItemKnn& scorer, ByteWriter& writer);

// Row r of what was saved becomes item row_to_index[r], 0xFFFFFFFF drops it; `num_items` items.
// Errors: DATA_LOSS the bytes are damaged.
absl::StatusOr<std::shared_ptr<const ItemKnn>> LoadItemKnn(ByteReader& reader,
                                                           std::span<const ItemIndex> row_to_index,
                                                           std::size_t num_items);

}  // namespace vitrine
