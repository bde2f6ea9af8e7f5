#include "training/rating_factors.h"

#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "training/rater_features.h"
#include "training/trainers.h"
#include "vitrine/base/random.h"
#include "vitrine/scorers/rated_items.h"

namespace vitrine {

namespace {

constexpr std::size_t kShardRows = 128;

// Where the search starts: standard deviations of stars on a scale of five.
constexpr double kFactorDeviation = 0.1;
constexpr double kFirstFactorVariance = 0.02;
constexpr double kFirstBiasVariance = 0.25;
constexpr double kFeatureRidge = 0.01;

// Below these nothing is learned any more, and numbers stay sound where all ratings are alike.
constexpr double kLeastVariance = 1e-6;
constexpr double kLeastNoise = 1e-4;

// What is believed of each row of one side: z = (v, b), w = d + 1 wide.
struct Posterior {
  Matrix means{};      // [rows x w]
  Matrix variances{};  // [rows x w]
  Matrix moments{};    // [rows x (w + 1)^2] E[g g'] of g = (v, 1, b)
};

// What was believed of them before any rating.
struct Prior {
  Matrix means{};               // [rows x w]
  Eigen::VectorXd variances{};  // [w]
};

using Square = Eigen::MatrixXd;
using Moments = Eigen::Map<const Eigen::MatrixXf>;

// Sets the row's moments to those of its mean and `covariance` [w x w].
void SetMoments(const Square& covariance, Eigen::Index row, Posterior& posterior) {
  const Eigen::Index d = posterior.means.cols() - 1;
  Eigen::VectorXd g(d + 2);
  g << posterior.means.row(row).head(d).transpose().cast<double>(), 1, posterior.means(row, d);
  Square moments = g * g.transpose();
  moments.topLeftCorner(d, d) += covariance.topLeftCorner(d, d);
  moments.col(d + 1).head(d) += covariance.col(d).head(d);
  moments.row(d + 1).head(d) += covariance.col(d).head(d).transpose();
  moments(d + 1, d + 1) += covariance(d, d);
  posterior.variances.row(row) = covariance.diagonal().transpose().cast<float>();
  posterior.moments.row(row) = moments.reshaped().transpose().cast<float>();
}

// What the ratings of one row say, in expectation over the other side: their squared errors are
// `constant` - 2 <pull, z> + <z, precision z>.
struct Evidence {
  Square precision{};
  Eigen::VectorXd pull{};
  double constant = 0;
};

Evidence Gather(std::span<const std::uint32_t> others, std::span<const float> ratings,
                const Posterior& other) {
  const Eigen::Index w = other.means.cols();
  Square moments = Square::Zero(w + 1, w + 1);
  Eigen::VectorXd rated = Eigen::VectorXd::Zero(w + 1);  // Sum of r E[g].
  double squares = 0;
  for (std::size_t i = 0; i < others.size(); ++i) {
    const Moments each(other.moments.row(others[i]).data(), w + 1, w + 1);
    const auto rating = static_cast<double>(ratings[i]);
    moments += each.cast<double>();
    rated += rating * each.col(w - 1).cast<double>();  // E[g] is the column of the one.
    squares += rating * rating;
  }
  return {.precision = moments.topLeftCorner(w, w),
          .pull = rated.head(w) - moments.col(w).head(w),
          .constant = squares - 2 * rated[w] + moments(w, w)};
}

// Sets the posterior of every row that has ratings. Returns the expected squared errors by row.
std::vector<double> Update(const CsrMatrix& ratings, const Posterior& other, const Prior& prior,
                           double noise, const TrainingContext& context, Posterior& own) {
  std::vector<double> errors(ratings.num_rows);
  const Eigen::VectorXd prior_precisions = prior.variances.cwiseInverse();
  const std::size_t num_shards = (ratings.num_rows + kShardRows - 1) / kShardRows;
  context.pool->ParallelFor(num_shards, [&](std::size_t shard) {
    if (IsCancelled(context)) return;
    const std::size_t end = std::min((shard + 1) * kShardRows, ratings.num_rows);
    for (std::size_t r = shard * kShardRows; r < end; ++r) {
      if (ratings.Columns(r).empty()) continue;
      const auto row = static_cast<Eigen::Index>(r);
      const Evidence evidence = Gather(ratings.Columns(r), ratings.Values(r), other);
      Square precision = evidence.precision / noise;
      precision.diagonal() += prior_precisions;
      const Eigen::LLT<Square> factor(precision);
      const Square covariance = factor.solve(Square::Identity(precision.rows(), precision.cols()));
      const Eigen::VectorXd mean = factor.solve(
          evidence.pull / noise +
          prior.means.row(row).transpose().cast<double>().cwiseProduct(prior_precisions));
      own.means.row(row) = mean.transpose().cast<float>();
      SetMoments(covariance, row, own);
      errors[r] = evidence.constant - 2 * evidence.pull.dot(mean) +
                  evidence.precision.cwiseProduct(mean * mean.transpose() + covariance).sum();
    }
  });
  return errors;
}

// The prior means that are linear in `features` and fit best; rows without ratings do not count.
void FitMeans(const CsrMatrix& ratings, const Posterior& posterior, const Matrix& features,
              Prior& prior) {
  Square gram = kFeatureRidge * Square::Identity(features.cols(), features.cols());
  Square right = Square::Zero(features.cols(), posterior.means.cols());
  for (std::size_t r = 0; r < ratings.num_rows; ++r) {
    if (ratings.Columns(r).empty()) continue;
    const auto row = static_cast<Eigen::Index>(r);
    const Eigen::VectorXd feature = features.row(row).transpose().cast<double>();
    gram.selfadjointView<Eigen::Lower>().rankUpdate(feature);
    right += feature * posterior.means.row(row).cast<double>();
  }
  const Square slopes = gram.selfadjointView<Eigen::Lower>().llt().solve(right);
  prior.means = features * slopes.cast<float>();
}

// The prior variances that fit the posteriors best.
void FitVariances(const CsrMatrix& ratings, const Posterior& posterior, Prior& prior) {
  Eigen::VectorXd sum = Eigen::VectorXd::Zero(prior.variances.size());
  double count = 0;
  for (std::size_t r = 0; r < ratings.num_rows; ++r) {
    if (ratings.Columns(r).empty()) continue;
    const auto row = static_cast<Eigen::Index>(r);
    const Eigen::VectorXd distance =
        (posterior.means.row(row) - prior.means.row(row)).transpose().cast<double>();
    sum += distance.cwiseAbs2() + posterior.variances.row(row).transpose().cast<double>();
    ++count;
  }
  prior.variances = (sum / count).cwiseMax(kLeastVariance);
}

Prior FirstPrior(std::size_t num_rows, Eigen::Index d, double factor_variance) {
  Prior prior{.means = Matrix::Zero(static_cast<Eigen::Index>(num_rows), d + 1),
              .variances = Eigen::VectorXd::Constant(d + 1, factor_variance)};
  prior.variances[d] = kFirstBiasVariance;
  return prior;
}

Posterior EmptyPosterior(std::size_t num_rows, Eigen::Index d) {
  const auto rows = static_cast<Eigen::Index>(num_rows);
  return {.means = Matrix::Zero(rows, d + 1),
          .variances = Matrix::Zero(rows, d + 1),
          .moments = Matrix::Zero(rows, (d + 2) * (d + 2))};
}

// Random factors, no biases: what the first shoppers are fitted to.
Posterior FirstItems(const CsrMatrix& by_item, Eigen::Index d, std::uint64_t seed) {
  Posterior items = EmptyPosterior(by_item.num_rows, d);
  Square covariance = Square::Zero(d + 1, d + 1);
  covariance.diagonal().head(d).setConstant(kFactorDeviation * kFactorDeviation);
  Random random(seed);
  for (std::size_t item = 0; item < by_item.num_rows; ++item) {
    if (by_item.Columns(item).empty()) continue;
    const auto row = static_cast<Eigen::Index>(item);
    for (Eigen::Index k = 0; k < d; ++k) {
      items.means(row, k) = static_cast<float>(kFactorDeviation * random.Normal());
    }
    SetMoments(covariance, row, items);
  }
  return items;
}

double MeanOf(std::span<const float> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

}  // namespace

CsrMatrix RatingMatrix(const Dataset& dataset) {
  CsrMatrix ratings{.num_rows = dataset.num_users(), .num_cols = dataset.num_items()};
  for (std::size_t user = 0; user < dataset.num_users(); ++user) {
    const std::span<const Interaction> history = dataset.History(user);
    const std::vector<Interaction> latest_first(history.rbegin(), history.rend());
    for (const RatedItem& rated : RatedItems(latest_first, dataset.num_items())) {
      ratings.column.push_back(static_cast<std::uint32_t>(rated.item));
      ratings.value.push_back(rated.rating);
    }
    ratings.row_begin.push_back(ratings.column.size());
  }
  return ratings;
}

absl::StatusOr<RatingMfParts> TrainRatingFactors(const CsrMatrix& ratings,
                                                 const RatingTraining& training,
                                                 const TrainingContext& context) {
  const auto d = static_cast<Eigen::Index>(training.dimensions);
  const double mean = MeanOf(ratings.value);
  CsrMatrix by_user = ratings;
  for (float& rating : by_user.value) rating -= static_cast<float>(mean);
  const CsrMatrix by_item = Transpose(by_user);
  ReportProgress(context, 0);
  if (IsCancelled(context)) return Cancelled("rating_mf");
  const Matrix features =
      d == 0 ? Matrix()
             : RaterFeatures(by_item, training.rater_features, training.seed, context.pool);

  Prior user_prior = FirstPrior(by_user.num_rows, d, 1);
  Prior item_prior = FirstPrior(by_item.num_rows, d, kFirstFactorVariance);
  Posterior users = EmptyPosterior(by_user.num_rows, d);
  Posterior items = FirstItems(by_item, d, training.seed);
  double noise = std::max(
      kLeastNoise,
      std::inner_product(by_user.value.begin(), by_user.value.end(), by_user.value.begin(), 0.0) /
          static_cast<double>(by_user.num_entries()));
  for (std::size_t epoch = 0; epoch < training.epochs; ++epoch) {
    (void)Update(by_user, items, user_prior, noise, context, users);
    FitVariances(by_user, users, user_prior);
    const std::vector<double> errors = Update(by_item, users, item_prior, noise, context, items);
    if (IsCancelled(context)) return Cancelled("rating_mf");
    if (d > 0) FitMeans(by_item, items, features, item_prior);
    FitVariances(by_item, items, item_prior);
    noise = std::max(kLeastNoise, std::accumulate(errors.begin(), errors.end(), 0.0) /
                                      static_cast<double>(ratings.num_entries()));
    ReportProgress(context, static_cast<double>(epoch + 1) / static_cast<double>(training.epochs));
  }
  return RatingMfParts{
      .mean_rating = static_cast<float>(mean),
      .item_vectors = std::move(items.means),
      .item_variances = std::move(items.variances),
      .user_penalties = (noise * user_prior.variances.cwiseInverse()).cast<float>()};
}

}  // namespace vitrine
