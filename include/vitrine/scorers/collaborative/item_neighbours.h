#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/bytes.h"
#include "vitrine/math/sparse.h"
#include "vitrine/scorers/scorer.h"
#include "vitrine/scorers/touched_items.h"

namespace vitrine {

// What an ItemNeighbours is made of.
struct ItemNeighboursTable {
  std::string name{};  // Of the model, such as "item_knn". Never empty.
  // [num_items x num_items] Row j: the items that j speaks for, and how much. Of either sign.
  CsrMatrix neighbours{};
  TouchWeights touch_weights{};
};

// Items like those that the shopper touched: the one form in which every model that is a truncated
// item-to-item matrix is served, whatever that matrix was learned by.
//
//   score(i) = sum over distinct items j of the query of w(j) * s(j, i)
//
// with w the weights of TouchedItems and s the table. An item that no item of the query speaks for
// is kUnscored. An item speaks for itself only where the table holds its diagonal. Immutable,
// thread-safe.
class ItemNeighbours final : public Scorer, public Explainer {
 public:
  // Errors: INVALID_ARGUMENT no name, a matrix that is not square or holds a value that is not
  // finite.
  static absl::StatusOr<std::shared_ptr<const ItemNeighbours>> Create(ItemNeighboursTable table);

  std::string_view name() const override { return table_.name; }

  // O(neighbours of the query's items + items) a query, and num_items floats of scratch a call.
  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override;

  float Sketch(const Query& query, std::span<float> scores) const override;

  // Visits the neighbours of the query's items and nothing else.
  std::vector<std::vector<ScoredItem>> Retrieve(std::span<const Query> queries,
                                                const ItemBitmap* allowed,
                                                std::size_t k) const override;

  // One kHistory or kContext for each item of the query that speaks for `item`.
  std::vector<Contribution> Explain(const Query& query, ItemIndex item) const override;
  std::vector<std::vector<Contribution>> ExplainAll(
      const Query& query, std::span<const ItemIndex> items) const override;
  std::vector<StrongestContributions> ExplainStrongest(
      const Query& query, std::span<const ItemIndex> items) const override;

  const ItemNeighboursTable& table() const { return table_; }
  std::size_t num_items() const { return table_.neighbours.num_rows; }

 private:
  explicit ItemNeighbours(ItemNeighboursTable table) : table_(std::move(table)) {}
  // Remembered where the query has a memo.
  std::shared_ptr<const std::vector<TouchedItem>> Touched(const Query& query) const;

  ItemNeighboursTable table_;
};

void Save(const ItemNeighbours& scorer, ByteWriter& writer);

// Row r of what was saved becomes item row_to_index[r], 0xFFFFFFFF drops it; `num_items` items. The
// name is not saved: it is the kind's, and given again. Errors: DATA_LOSS the bytes are damaged.
absl::StatusOr<std::shared_ptr<const ItemNeighbours>> LoadItemNeighbours(
    std::string_view name, ByteReader& reader, std::span<const ItemIndex> row_to_index,
    std::size_t num_items);

}  // namespace vitrine
