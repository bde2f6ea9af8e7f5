#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "vitrine/feature_store/dataset.h"
#include "vitrine/math/sparse.h"
#include "vitrine/scorers/collaborative/rating_mf.h"
#include "vitrine/training/trainer.h"

namespace vitrine {

struct RatingTraining {
  std::size_t dimensions = 8;       // d. 0: biases alone.
  std::size_t rater_features = 20;  // Singular vectors of who rated what; see RaterFeatures.
  std::size_t epochs = 40;
  std::uint64_t seed = 1;
};

// The latest rating of each pair [num_users x num_items].
CsrMatrix RatingMatrix(const Dataset& dataset);

// Learns RatingMf of `ratings` [users x items] by variational Bayes: shoppers z_u = (p_u, b_u) and
// items z_i = (q_i, b_i) have normal priors, ratings normal noise, and in turn each side's
// posterior, means and covariances, is set to the best given the other's in expectation:
//
//   C_u^-1 = P^-1 + sum over i of E[f_i f_i'] / s,   m_u = C_u (P^-1 a_u + sum of E[(r - mu - b_i)
//   f_i] / s)
//
// with f_i = (q_i, 1), and the same with the sides swapped. Unlike a point estimate this does not
// overfit, and the prior variances P and the noise s are learned (by what maximises the bound), so
// that there is no regularisation to choose. Source: Lim, Teh: Variational Bayesian approach to
// movie rating prediction, KDD Cup 2007. The prior mean a is 0 for shoppers; for items it is
// regressed on RaterFeatures in every epoch (Agarwal, Chen: Regression-based latent factor models,
// KDD 2009), without dimensions 0 too. O(epochs (ratings d^2 + (users + items) d^3)) time, 4 (d +
// 2)^2 bytes a shopper and an item. The same bits at any number of threads. REQUIRES: a rating.
// Errors: CANCELLED.
absl::StatusOr<RatingMfParts> TrainRatingFactors(const CsrMatrix& ratings,
                                                 const RatingTraining& training,
                                                 const TrainingContext& context);

}  // namespace vitrine
