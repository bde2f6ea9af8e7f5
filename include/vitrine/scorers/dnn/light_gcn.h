#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/bytes.h"
#include "vitrine/scorers/scorer.h"
#include "vitrine/scorers/touched_items.h"

namespace vitrine {

// What light graph convolution leaves of each item, and the shopper folded in by the convolution
// itself: the score of item i is
//
//   cos(x, z_i),  x = sum over the touched items j of w_j d_j^-1/2 z_j
//
// with z [num_items x d] the convolved vectors and d_j the item's degree in the graph of the
// training. x is, up to a factor that the cosine takes away, the last step of the convolution from
// items to a user (He et al., LightGCN, SIGIR 2020, equation 3), done at request time: a new event
// is a new edge and counts at once; dislikes (w < 0) push away. A row of zeros is an item the model
// does not know: kUnscored. A query that holds nothing liked scores nothing. Immutable,
// thread-safe.
class LightGcn final : public Scorer, public Explainer {
 public:
  // `item_vectors` z [num_items x d], `degrees` [num_items] > 0 wherever z is not zero. Errors:
  // INVALID_ARGUMENT d = 0, a number that is not finite, a degree that is none, weights out of
  // range.
  static absl::StatusOr<std::shared_ptr<const LightGcn>> Create(Matrix item_vectors,
                                                                std::span<const float> degrees,
                                                                const TouchWeights& weights);

  std::string_view name() const override { return "lightgcn"; }

  // O(m d) to fold in m touched items, then O(d) an item.
  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override;

  // Scans all items; batches share the reading of the vectors.
  std::vector<std::vector<ScoredItem>> Retrieve(std::span<const Query> queries,
                                                const ItemBitmap* allowed,
                                                std::size_t k) const override;

  // What each touched item adds: w_j d_j^-1/2 <z_j, z_i> / (|x| |z_i|).
  std::vector<Contribution> Explain(const Query& query, ItemIndex item) const override;

  // x / |x| for each query [queries.size() x d]. Zero: nothing to say.
  Matrix UserVectors(std::span<const Query> queries) const;

  const Matrix& directions() const { return directions_; }  // z_i / |z_i| [num_items x d]
  const ItemBitmap& known_items() const { return known_items_; }

  friend void Save(const LightGcn& scorer, ByteWriter& writer);
  friend absl::StatusOr<std::shared_ptr<const LightGcn>> LoadLightGcn(
      ByteReader& reader, std::span<const ItemIndex> row_to_index, std::size_t num_items);

 private:
  LightGcn(Matrix directions, Matrix pulls, const TouchWeights& weights);
  std::vector<TouchedItem> Touched(const Query& query) const;  // Known; weights w_j d_j^-1/2 |z_j|.
  Eigen::RowVectorXf Sum(std::span<const TouchedItem> touched) const;  // x; zero: nothing liked.

  Matrix directions_;  // [num_items x d]
  Matrix pulls_;       // [num_items x 1] d_i^-1/2 |z_i|
  TouchWeights touch_weights_;
  ItemBitmap known_items_;  // Rows that are not zero.
};

void Save(const LightGcn& scorer, ByteWriter& writer);

// Row r of what was saved becomes item row_to_index[r], 0xFFFFFFFF drops it; `num_items` items.
// Errors: DATA_LOSS the bytes are damaged.
absl::StatusOr<std::shared_ptr<const LightGcn>> LoadLightGcn(
    ByteReader& reader, std::span<const ItemIndex> row_to_index, std::size_t num_items);

}  // namespace vitrine
