#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/bytes.h"
#include "vitrine/nn/product.h"
#include "vitrine/scorers/scorer.h"
#include "vitrine/scorers/touched_items.h"

namespace vitrine {

// The numbers of NeuMF. An item has g numbers for the inner product and h for the network.
struct NeuralCfWeights {
  Matrix history{};         // [num_items x g + h] What an item adds to a shopper who touched it.
  Matrix items{};           // [num_items x g + h] The item as it is scored; zero: not known.
  Matrix hidden{};          // [h2 x h] Second layer of the network.
  Matrix hidden_bias{};     // [1 x h2]
  Matrix output{};          // [1 x h2]
  std::size_t factors = 0;  // g, 0 to g + h.
};

// Neural matrix factorisation: a generalised inner product beside a network over both vectors
//
//   score(i) = <p, q_i> + <c, relu(W relu(p' + q'_i) + b)>
//   (p, p')  = n^-1/2 sum over the touched items j of w_j v_j,   n = sum of |w_j|
//
// with (q_i, q'_i) a row of `items`, v_j one of `history` (He et al., "Neural collaborative
// filtering", WWW 2017, equation 12, with the shopper made of the history, so that a new event
// counts at once). The first layer's matrix times an embedding is an embedding again: p' and q' are
// what it leaves, so that of the network an item costs h + h h2 + h2 products. An item whose row is
// zero is not known: kUnscored. A query that holds nothing liked scores nothing. Immutable,
// thread-safe.
class NeuralCf final : public Scorer, public Explainer {
 public:
  // Errors: INVALID_ARGUMENT shapes that do not fit each other, a number that is not finite,
  // weights out of range.
  static absl::StatusOr<std::shared_ptr<const NeuralCf>> Create(NeuralCfWeights weights,
                                                                const TouchWeights& touch_weights);

  std::string_view name() const override { return "neural_cf"; }

  // O(m (g + h)) to encode m touched items, then O(g + h h2) an item.
  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override;

  // Scores all items, exactly, in blocks that stay in the cache.
  std::vector<std::vector<ScoredItem>> Retrieve(std::span<const Query> queries,
                                                const ItemBitmap* allowed,
                                                std::size_t k) const override;

  // The score of a shopper without history, kBase, and what each touched item adds, by DeepLIFT's
  // rescale rule (Shrikumar et al., ICML 2017) against that shopper.
  std::vector<Contribution> Explain(const Query& query, ItemIndex item) const override;
  std::vector<std::vector<Contribution>> ExplainAll(
      const Query& query, std::span<const ItemIndex> items) const override;

  // (p, p') for each query [queries.size() x g + h]. Zero: nothing to say.
  Matrix UserVectors(std::span<const Query> queries) const;

  const NeuralCfWeights& weights() const { return weights_; }
  const TouchWeights& touch_weights() const { return touch_weights_; }

  friend void Save(const NeuralCf& scorer, ByteWriter& writer);

 private:
  NeuralCf(NeuralCfWeights weights, const TouchWeights& touch_weights);
  std::vector<TouchedItem> Touched(const Query& query) const;
  struct Block;
  void ScoreBlock(const Eigen::Ref<const Eigen::RowVectorXf>& user, const nn::ConstView& items,
                  Block& block) const;

  NeuralCfWeights weights_;
  TouchWeights touch_weights_;
  ItemBitmap known_items_;  // Rows of `items` that are not zero.
};

void Save(const NeuralCf& scorer, ByteWriter& writer);

// Row r of what was saved becomes item row_to_index[r], 0xFFFFFFFF drops it; `num_items` items.
// Errors: DATA_LOSS the bytes are damaged.
absl::StatusOr<std::shared_ptr<const NeuralCf>> LoadNeuralCf(
    ByteReader& reader, std::span<const ItemIndex> row_to_index, std::size_t num_items);

}  // namespace vitrine
