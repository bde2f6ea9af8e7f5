#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/bytes.h"
#include "vitrine/math/similarity.h"
#include "vitrine/math/sparse.h"
#include "vitrine/math/term_weights.h"
#include "vitrine/scorers/scorer.h"
#include "vitrine/scorers/touched_items.h"

namespace vitrine {

// What a UserKnn is made of: the shoppers of the training data without their names.
struct UserKnnTable {
  TouchWeights touch_weights{};
  Similarity similarity = Similarity::kCosine;
  double shrinkage = 0;                // See Similarity. >= 0
  std::uint32_t num_neighbours = 100;  // >= 1
  TermWeights term_weights{};          // Of a shopper as a document, whose terms are the items.
  // [num_items x num_users] Row j: the shoppers who touched j, and what j is worth in the vector
  // that they are compared by.
  CsrMatrix profiles{};
  std::vector<float> norms{};  // [num_users] Of those vectors.
  CsrMatrix votes{};           // [num_users x num_items] What a shopper says for each item.
};

// What shoppers like this one touched.
//
//   score(i) = sum over the num_neighbours users v most similar to the query of s(q, v) * vote(v,
//   i)
//
// with the query's history, page and cart as a vector that is weighed as those of the training's
// users were (Herlocker, Konstan, Borchers, Riedl, "An algorithmic framework for performing
// collaborative filtering", SIGIR 1999). The neighbours are looked up at request time through the
// inverted index `profiles`, so that an event counts at once and a shopper need not have been there
// when the model was trained. Users whose similarity is not above 0 have no say; an item that no
// neighbour votes for is kUnscored. Immutable, thread-safe.
class UserKnn final : public Scorer, public Explainer {
 public:
  // Errors: INVALID_ARGUMENT shapes that do not fit each other, values that are out of range.
  static absl::StatusOr<std::shared_ptr<const UserKnn>> Create(UserKnnTable table);

  std::string_view name() const override { return "user_knn"; }

  // O(users who touched the query's items + votes of the neighbours) a query.
  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override;
  std::vector<std::vector<ScoredItem>> Retrieve(std::span<const Query> queries,
                                                const ItemBitmap* allowed,
                                                std::size_t k) const override;

  // One kHistory or kContext for each item of the query that brought in neighbours who vote for
  // `item`: its share in their similarities, times their votes.
  std::vector<Contribution> Explain(const Query& query, ItemIndex item) const override;
  std::vector<std::vector<Contribution>> ExplainAll(
      const Query& query, std::span<const ItemIndex> items) const override;

  const UserKnnTable& table() const { return table_; }
  std::size_t num_items() const { return table_.profiles.num_rows; }
  std::size_t num_users() const { return table_.profiles.num_cols; }

 private:
  explicit UserKnn(UserKnnTable table) : table_(std::move(table)) {}

  UserKnnTable table_;
};

void Save(const UserKnn& scorer, ByteWriter& writer);

// Row r of what was saved becomes item row_to_index[r], 0xFFFFFFFF drops it; `num_items` items.
// Errors: DATA_LOSS the bytes are damaged.
absl::StatusOr<std::shared_ptr<const UserKnn>> LoadUserKnn(ByteReader& reader,
                                                           std::span<const ItemIndex> row_to_index,
                                                           std::size_t num_items);

}  // namespace vitrine
