#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/bytes.h"
#include "vitrine/math/coarse_index.h"
#include "vitrine/math/ridge.h"
#include "vitrine/scorers/scorer.h"
#include "vitrine/scorers/touched_items.h"

namespace vitrine {

struct FactorTable;

// What Ials is made of, besides the item factors.
struct IalsOptions {
  float unobserved_weight = 0.01F;  // alpha0: weight of a pair that was never observed. > 0
  float lambda = 0.003F;            // Regularisation. > 0
  float nu = 1;                     // How it grows with the number of interactions. 0 to 1
  TouchWeights touch_weights{};
};

// The regularisation of one user or item: lambda * (weight_sum + alpha0 * num_others)^nu, where
// `weight_sum` is of its own interactions and `num_others` counts the other side.
// Source: Rendle, Krichene, Zhang, Koren, "Revisiting the performance of iALS on item
// recommendation benchmarks", RecSys 2022, section 3.3.
double IalsRegularisation(const IalsOptions& options, double weight_sum, std::size_t num_others);

// The fixed side of a half-step. Views.
struct IalsSide {
  const Matrix* factors = nullptr;  // [n x d] in the basis where the Gram matrix is diagonal
  const Eigen::VectorXf* penalties = nullptr;  // [d] alpha0 times that diagonal
  std::size_t num_known = 0;                   // Rows that are not zero.
};

// What one row of the other side minimises, given the columns that it interacted with and their
// weights (below 0: dislike). Columns whose factors are zero do not count. Serving and training
// both solve this.
RidgeProblem IalsProblem(const IalsSide& side, const IalsOptions& options,
                         std::span<const std::uint32_t> columns, std::span<const float> weights);

// Implicit-feedback matrix factorisation (Hu, Koren, Volinsky, ICDM 2008), item side. The score of
// item i is <x, y_i>, where the shopper's vector x is computed from the query: the minimiser of
//
//   sum over j of |w_j| (<x, y_j> - p_j)^2  +  alpha0 sum over all i of <x, y_i>^2  +  l |x|^2
//
// over the touched items j with their weights w; p is 1, for dislikes (w < 0) 0; l as above. That
// is the user half-step of the training, so a shopper's new event counts at once and no user
// vector is stored. A row of zeros is an item the model does not know: kUnscored. A query that
// holds nothing liked scores nothing. Immutable, thread-safe.
class Ials final : public Scorer, public Explainer {
 public:
  // `item_factors` [num_items x d], by any training. `name`: of the model kind. Errors:
  // INVALID_ARGUMENT d = 0, a factor that is not finite, factors whose squares have no finite sum,
  // or an option out of range.
  static absl::StatusOr<std::shared_ptr<const Ials>> Create(Matrix item_factors,
                                                            const IalsOptions& options,
                                                            std::string_view name = "ials");

  std::string_view name() const override { return name_; }

  // O(m d min(m, d)) to fold in m touched items, then O(d) an item.
  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override;

  // From the factors in eight bits.
  float Sketch(const Query& query, std::span<float> scores) const override;

  // One query looks at blocks of a large catalogue until none can hold one of the best; batches
  // scan all items together.
  std::vector<std::vector<ScoredItem>> Retrieve(std::span<const Query> queries,
                                                const ItemBitmap* allowed,
                                                std::size_t k) const override;

  // How much each touched item adds (Hu et al., section 5): |w_j| p_j y_i^T A^-1 y_j.
  std::vector<Contribution> Explain(const Query& query, ItemIndex item) const override;

  // With one fold-in for all items, and with that of Score where the query has a memo.
  std::vector<std::vector<Contribution>> ExplainAll(
      const Query& query, std::span<const ItemIndex> items) const override;
  std::vector<StrongestContributions> ExplainStrongest(
      const Query& query, std::span<const ItemIndex> items) const override;

  // x for each query, in the basis of item_factors() [queries.size() x d]. Zero: nothing to say.
  Matrix UserVectors(std::span<const Query> queries) const;

  // [num_items x d] The factors in the basis where their Gram matrix is diagonal: a rotation of
  // those given to Create, which changes no score.
  const Matrix& item_factors() const { return served_.item_factors; }
  const IalsOptions& options() const { return options_; }
  const ItemBitmap& known_items() const { return known_items_; }

  friend void Save(const Ials& scorer, ByteWriter& writer);
  friend absl::StatusOr<std::shared_ptr<const Ials>> LoadIals(
      std::string_view name, ByteReader& reader, std::span<const ItemIndex> row_to_index,
      std::size_t num_items);

 private:
  // Kept as trained when items are dropped at loading, so that the scores of others do not change.
  struct Served {
    Matrix item_factors{};        // [num_items x d]
    Eigen::VectorXf penalties{};  // [d] alpha0 times the diagonal Gram matrix.
    std::size_t num_trained = 0;  // Items that the training knew.
  };

  // A query, folded in: what it touched, and the system that its vector solves.
  struct FoldedIn {
    std::vector<TouchedItem> touched{};
    FactorizedRidge ridge;
    Eigen::VectorXf vector{};  // Zero: nothing is liked.
  };

  Ials(std::string_view name, Served served, const IalsOptions& options);
  std::vector<TouchedItem> Touched(const Query& query) const;  // Those that are known.
  RidgeProblem Problem(std::span<const TouchedItem> touched) const;
  std::shared_ptr<const FoldedIn> FoldIn(const Query& query) const;
  FactorTable Table() const;
  // What each touched item adds to each of `items`, 0 where it is not liked: [touched x items]
  Eigen::MatrixXf EffectsOn(const FoldedIn& folded_in, std::span<const ItemIndex> items) const;

  std::string name_;
  Served served_;
  IalsOptions options_;
  ItemBitmap known_items_;  // Rows that are not zero.
  CoarseIndex coarse_;      // The factors.
};

void Save(const Ials& scorer, ByteWriter& writer);

// Row r of what was saved becomes item row_to_index[r], 0xFFFFFFFF drops it; `num_items` items.
// Errors: DATA_LOSS the bytes are damaged.
absl::StatusOr<std::shared_ptr<const Ials>> LoadIals(std::string_view name, ByteReader& reader,
                                                     std::span<const ItemIndex> row_to_index,
                                                     std::size_t num_items);

}  // namespace vitrine
