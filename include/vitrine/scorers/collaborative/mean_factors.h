#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/bytes.h"
#include "vitrine/math/coarse_index.h"
#include "vitrine/scorers/scorer.h"
#include "vitrine/scorers/touched_items.h"

namespace vitrine {

struct FactorTable;

// Item vectors, and the shopper in the middle of what was liked: the score of item i is
//
//   cos(s, y_i),  s = sum over the touched items j of w_j y_j
//
// from -1 to 1; dislikes (w < 0) push away. No user vector is stored, so that a new event counts at
// once. With vectors of one length this is the aggregated user of SimpleX (Mao et al., CIKM 2021,
// section 4.2, mean pooling) without its trained part; with y_j = d_j^-1/2 z_j, z_j convolved over
// the graph and d_j the item's degree, it is the last step of graph convolution from items to a
// user (He et al., LightGCN, SIGIR 2020, equation 3), up to a factor that the cosine takes away. A
// row of zeros, or one shorter than the least normal float, is an item the model does not know:
// kUnscored. A query that holds nothing liked scores nothing. Immutable, thread-safe.
class MeanFactors final : public Scorer, public Explainer {
 public:
  // `item_factors` y [num_items x d]: the longer one is, the more its item counts in the shopper.
  // `name`: of the model kind. Errors: INVALID_ARGUMENT d = 0, a factor that is not finite, weights
  // out of range.
  static absl::StatusOr<std::shared_ptr<const MeanFactors>> Create(std::string_view name,
                                                                   Matrix item_factors,
                                                                   const TouchWeights& weights);

  std::string_view name() const override { return name_; }

  // O(m d) to fold in m touched items, then O(d) an item.
  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override;

  // From the factors in eight bits.
  float Sketch(const Query& query, std::span<float> scores) const override;

  // One query looks at blocks of a large catalogue until none can hold one of the best; batches
  // scan all items together.
  std::vector<std::vector<ScoredItem>> Retrieve(std::span<const Query> queries,
                                                const ItemBitmap* allowed,
                                                std::size_t k) const override;

  // What each touched item adds: w_j <y_j, y_i> / (|s| |y_i|).
  std::vector<Contribution> Explain(const Query& query, ItemIndex item) const override;
  std::vector<std::vector<Contribution>> ExplainAll(
      const Query& query, std::span<const ItemIndex> items) const override;

  // s / |s| for each query [queries.size() x d]. Zero: nothing to say.
  Matrix UserVectors(std::span<const Query> queries) const;

  const Matrix& item_factors() const { return item_factors_; }  // [num_items x d]
  const ItemBitmap& known_items() const { return known_items_; }
  const TouchWeights& touch_weights() const { return touch_weights_; }

  friend void Save(const MeanFactors& scorer, ByteWriter& writer);
  friend absl::StatusOr<std::shared_ptr<const MeanFactors>> LoadMeanFactors(
      std::string_view name, ByteReader& reader, std::span<const ItemIndex> row_to_index,
      std::size_t num_items);

 private:
  MeanFactors(std::string_view name, Matrix item_factors, const TouchWeights& weights);
  FactorTable Table() const;
  std::vector<TouchedItem> Touched(const Query& query) const;          // Those that are known.
  Eigen::RowVectorXf Sum(std::span<const TouchedItem> touched) const;  // s; zero: nothing liked.

  std::string name_;
  Matrix item_factors_;  // [num_items x d]
  TouchWeights touch_weights_;
  ItemBitmap known_items_;      // Rows that are not zero, nor too short.
  Eigen::VectorXf per_length_;  // 1 / |y_i|; 0 where the item is not known.
  CoarseIndex coarse_;          // y_i / |y_i|
};

void Save(const MeanFactors& scorer, ByteWriter& writer);

// Row r of what was saved becomes item row_to_index[r], 0xFFFFFFFF drops it; `num_items` items.
// Errors: DATA_LOSS the bytes are damaged.
absl::StatusOr<std::shared_ptr<const MeanFactors>> LoadMeanFactors(
    std::string_view name, ByteReader& reader, std::span<const ItemIndex> row_to_index,
    std::size_t num_items);

}  // namespace vitrine
