#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/bytes.h"
#include "vitrine/scorers/scorer.h"
#include "vitrine/scorers/touched_items.h"

namespace vitrine {

// Item vectors of length 1, and the shopper in the middle of what was liked: the score of item i is
//
//   <x, y_i>,  x = s / |s|,  s = sum over the touched items j of w_j y_j
//
// a cosine, from -1 to 1; dislikes (w < 0) push away. No user vector is stored, so that a new event
// counts at once. This is the aggregated user of SimpleX (Mao et al., CIKM 2021, section 4.2, mean
// pooling) without its trained part. A row of zeros is an item the model does not know: kUnscored.
// A query that holds nothing liked scores nothing. Immutable, thread-safe.
class MeanFactors final : public Scorer, public Explainer {
 public:
  // `item_factors` [num_items x d] in any length: rows are scaled to 1, zeros stay. `name`: of the
  // model kind. Errors: INVALID_ARGUMENT d = 0, a factor that is not finite, weights out of range.
  static absl::StatusOr<std::shared_ptr<const MeanFactors>> Create(std::string_view name,
                                                                   Matrix item_factors,
                                                                   const TouchWeights& weights);

  std::string_view name() const override { return name_; }

  // O(m d) to fold in m touched items, then O(d) an item.
  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override;

  // Scans all items; batches share the reading of the factors.
  std::vector<std::vector<ScoredItem>> Retrieve(std::span<const Query> queries,
                                                const ItemBitmap* allowed,
                                                std::size_t k) const override;

  // What each touched item adds: w_j <y_j, y_i> / |s|.
  std::vector<Contribution> Explain(const Query& query, ItemIndex item) const override;

  // x for each query [queries.size() x d]. Zero: nothing to say.
  Matrix UserVectors(std::span<const Query> queries) const;

  const Matrix& item_factors() const { return item_factors_; }  // [num_items x d]
  const ItemBitmap& known_items() const { return known_items_; }

  friend void Save(const MeanFactors& scorer, ByteWriter& writer);
  friend absl::StatusOr<std::shared_ptr<const MeanFactors>> LoadMeanFactors(
      std::string_view name, ByteReader& reader, std::span<const ItemIndex> row_to_index,
      std::size_t num_items);

 private:
  MeanFactors(std::string_view name, Matrix item_factors, const TouchWeights& weights);
  std::vector<TouchedItem> Touched(const Query& query) const;          // Those that are known.
  Eigen::RowVectorXf Sum(std::span<const TouchedItem> touched) const;  // s; zero: nothing liked.

  std::string name_;
  Matrix item_factors_;  // [num_items x d]
  TouchWeights touch_weights_;
  ItemBitmap known_items_;  // Rows that are not zero.
};

void Save(const MeanFactors& scorer, ByteWriter& writer);

// Row r of what was saved becomes item row_to_index[r], 0xFFFFFFFF drops it; `num_items` items.
// Errors: DATA_LOSS the bytes are damaged.
absl::StatusOr<std::shared_ptr<const MeanFactors>> LoadMeanFactors(
    std::string_view name, ByteReader& reader, std::span<const ItemIndex> row_to_index,
    std::size_t num_items);

}  // namespace vitrine
