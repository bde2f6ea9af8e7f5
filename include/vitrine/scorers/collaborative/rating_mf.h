#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "vitrine/base/bytes.h"
#include "vitrine/math/coarse_index.h"
#include "vitrine/math/ridge.h"
#include "vitrine/scorers/rated_items.h"
#include "vitrine/scorers/rating_predictor.h"
#include "vitrine/scorers/scorer.h"

namespace vitrine {

struct FactorTable;

// What ratings taught of items, and how far shoppers lie apart.
struct RatingMfParts {
  float mean_rating = 0;    // mu, of all ratings.
  Matrix item_vectors{};    // [num_items x (d + 1)] q_i, then the item's bias b_i.
  Matrix item_variances{};  // [num_items x (d + 1)] How unsure those are. Zeros: never rated.
  Eigen::VectorXf user_penalties;  // [d + 1] Noise over prior variance of p_u, then of b_u. > 0
};

// Biased matrix factorisation of explicit ratings (Koren, Bell, Volinsky: Matrix factorization
// techniques for recommender systems, Computer 2009), item side. A rating is expected to be
//
//   r_ui = mu + b_u + b_i + <p_u, q_i>
//
// where the shopper's z = (p_u, b_u) is computed from the query: the minimiser of
//
//   sum over j of (r_j - mu - b_j - <z, (q_j, 1)>)^2  +  sum over k of (l_k + sum over j of v_jk)
//   z_k^2
//
// over the rated items j with the latest rating r_j of each. An item of which little is known (v
// large) says little. That is the user half-step of the training (Lim, Teh: Variational Bayesian
// approach to movie rating prediction, KDD Cup 2007) with the items' covariances cut to their
// diagonals. So a new rating counts at once, and no user vector is stored.
//
// The score of an item is what of its expected rating is its own: b_i + <p_u, q_i>. It orders items
// as the expected ratings do, and 0 is an average item, which is how a blend reads kUnscored: an
// item that nobody rated. A shopper without ratings gets b_i. Immutable, thread-safe.
class RatingMf final : public Scorer, public Explainer, public RatingPredictor {
 public:
  // d = 0 is the baseline of biases alone. Errors: INVALID_ARGUMENT parts that do not fit together,
  // a number that is not finite, a variance below 0 or a penalty that is not above.
  static absl::StatusOr<std::shared_ptr<const RatingMf>> Create(RatingMfParts parts);

  std::string_view name() const override { return "rating_mf"; }

  // O(m d min(m, d)) to fold in m rated items, then O(d) an item.
  void Score(std::span<const Query> queries, std::span<const ItemIndex> items,
             Eigen::Ref<Matrix> scores) const override;

  // Scans all items, of many those that can be among the best; batches share the reading of the
  // vectors.
  std::vector<std::vector<ScoredItem>> Retrieve(std::span<const Query> queries,
                                                const ItemBitmap* allowed,
                                                std::size_t k) const override;

  // The item's bias, and what each rated item j adds: its share of p_u, which is linear in the
  // ratings' distances from mu + b_j.
  std::vector<Contribution> Explain(const Query& query, ItemIndex item) const override;

  // With one fold-in for all items.
  std::vector<std::vector<Contribution>> ExplainAll(
      const Query& query, std::span<const ItemIndex> items) const override;

  // mu + b_u + the score; without the score for an item that nobody rated.
  std::vector<float> PredictRatings(const Query& query,
                                    std::span<const ItemIndex> items) const override;

  const RatingMfParts& parts() const { return parts_; }
  const ItemBitmap& known_items() const { return known_items_; }  // Those that were rated.

 private:
  explicit RatingMf(RatingMfParts parts);
  FactorTable Table() const;
  std::vector<RatedItem> Rated(const Query& query) const;  // Those that are known.
  RidgeProblem Problem(std::span<const RatedItem> rated) const;
  Matrix Directions(std::span<const Query> queries) const;  // (p_u, 1) [queries x (d + 1)].

  RatingMfParts parts_;
  ItemBitmap known_items_;
  std::shared_ptr<const CoarseIndex> index_;  // Of the vectors; null where items are few.
};

void Save(const RatingMf& scorer, ByteWriter& writer);

// Row r of what was saved becomes item row_to_index[r], 0xFFFFFFFF drops it; `num_items` items.
// Errors: DATA_LOSS the bytes are damaged.
absl::StatusOr<std::shared_ptr<const RatingMf>> LoadRatingMf(
    ByteReader& reader, std::span<const ItemIndex> row_to_index, std::size_t num_items);

}  // namespace vitrine
