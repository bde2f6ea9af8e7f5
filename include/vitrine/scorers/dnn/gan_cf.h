#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/bytes.h"
#include "vitrine/math/coarse_index.h"
#include "vitrine/scorers/scorer.h"
#include "vitrine/scorers/touched_items.h"

namespace vitrine {

struct FactorTable;

// The numbers of a generator.
struct GanCfWeights {
  Matrix encoder{};       // [num_items x h] What an item adds to a shopper who touched it.
  Matrix encoder_bias{};  // [1 x h]
  Matrix decoder{};       // [num_items x h + 1] The last is a bias; a row of zeros: not known.
};

// A network that makes of what a shopper touched what the shopper would touch:
//
//   score(i) = <v_i, tanh(n^-1/2 sum over the touched items j of w_j u_j + b)> + c_i
//
// with n the sum of |w_j|, u_j a row of `encoder`, (v_i, c_i) one of `decoder`: the generator of
// adversarial training over interaction vectors (Chae, Kang, Kim, Lee, "CFGAN", CIKM 2018), run at
// request time, so that a new event counts at once. A query that holds nothing liked scores
// nothing. Immutable, thread-safe.
class GanCf final : public Scorer, public Explainer {
 public:
  // Errors: INVALID_ARGUMENT shapes that do not fit each other, a number that is not finite,
  // weights out of range.
  static absl::StatusOr<std::shared_ptr<const GanCf>> Create(GanCfWeights weights,
                                                             const TouchWeights& touch_weights);

  std::string_view name() const override { return "gan_cf"; }

  // O(m h) to encode m touched items, then O(h) an item.
  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override;

  // Scans all items, of many those that can be among the best; batches share the reading of the
  // decoder.
  std::vector<std::vector<ScoredItem>> Retrieve(std::span<const Query> queries,
                                                const ItemBitmap* allowed,
                                                std::size_t k) const override;

  // The score of a shopper without history, kBase, and what each touched item adds, by DeepLIFT's
  // rescale rule (Shrikumar et al., ICML 2017) against that shopper.
  std::vector<Contribution> Explain(const Query& query, ItemIndex item) const override;
  std::vector<std::vector<Contribution>> ExplainAll(
      const Query& query, std::span<const ItemIndex> items) const override;

  // The hidden layer and a 1 for the bias [queries.size() x h + 1]. Zero: nothing to say.
  Matrix UserVectors(std::span<const Query> queries) const;

  const GanCfWeights& weights() const { return weights_; }
  const TouchWeights& touch_weights() const { return touch_weights_; }

  friend void Save(const GanCf& scorer, ByteWriter& writer);

 private:
  GanCf(GanCfWeights weights, const TouchWeights& touch_weights);
  FactorTable Table() const;
  std::vector<TouchedItem> Touched(const Query& query) const;

  GanCfWeights weights_;
  TouchWeights touch_weights_;
  ItemBitmap known_items_;                    // Rows of `decoder` that are not zero.
  std::shared_ptr<const CoarseIndex> index_;  // Of `decoder`; null where it has few rows.
};

void Save(const GanCf& scorer, ByteWriter& writer);

// Row r of what was saved becomes item row_to_index[r], 0xFFFFFFFF drops it; `num_items` items.
// Errors: DATA_LOSS the bytes are damaged.
absl::StatusOr<std::shared_ptr<const GanCf>> LoadGanCf(ByteReader& reader,
                                                       std::span<const ItemIndex> row_to_index,
                                                       std::size_t num_items);

}  // namespace vitrine
