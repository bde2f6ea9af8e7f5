#include "training/rating_factors.h"

#include <gmock/gmock.h>

#include <Eigen/LU>
#include <Eigen/SVD>
#include <cmath>
#include <numeric>
#include <vector>

#include "testing/status_matchers.h"
#include "training/interactions.h"
#include "training/rater_features.h"
#include "vitrine/base/random.h"

namespace vitrine {
namespace {

using testing::DenseOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::RandomInteractions;
using testing::SparseOf;
using testing::StatusIs;

using Square = Eigen::MatrixXd;

// The trainer's definition read aloud: every moment from means and covariances, in double.
struct SlowBayes {
  // One side: z = (v, b).
  struct Side {
    std::vector<Eigen::VectorXd> means{};
    std::vector<Square> covariances{};
    Eigen::VectorXd prior_variances{};
  };

  Eigen::MatrixXd ratings;  // Less their mean; meaningless where there is none.
  Eigen::MatrixXd is_rated;
  Eigen::Index d;
  Eigen::MatrixXd features;
  double noise = 0;
  Side users{};
  Side items{};
  std::vector<Eigen::VectorXd> item_prior_means{};

  double Rating(bool is_user, Eigen::Index own, Eigen::Index other) const {
    return is_user ? ratings(own, other) : ratings(other, own);
  }
  bool Has(bool is_user, Eigen::Index own, Eigen::Index other) const {
    return (is_user ? is_rated(own, other) : is_rated(other, own)) != 0;
  }

  void Update(bool is_user) {
    Side& own = is_user ? users : items;
    const Side& others = is_user ? items : users;
    for (std::size_t row = 0; row < own.means.size(); ++row) {
      Square precision = own.prior_variances.cwiseInverse().asDiagonal();
      Eigen::VectorXd pull = Eigen::VectorXd::Zero(d + 1);
      if (!is_user) pull = precision * item_prior_means[row];
      bool is_any = false;
      for (std::size_t other = 0; other < others.means.size(); ++other) {
        const auto [r, o] =
            std::pair(static_cast<Eigen::Index>(row), static_cast<Eigen::Index>(other));
        if (!Has(is_user, r, o)) continue;
        is_any = true;
        const Eigen::VectorXd& mean = others.means[other];
        const Square& covariance = others.covariances[other];
        Eigen::VectorXd f(d + 1);
        f << mean.head(d), 1;
        Square second = f * f.transpose();
        second.topLeftCorner(d, d) += covariance.topLeftCorner(d, d);
        Eigen::VectorXd with_bias = mean[d] * f;
        with_bias.head(d) += covariance.col(d).head(d);
        precision += second / noise;
        pull += (Rating(is_user, r, o) * f - with_bias) / noise;
      }
      if (!is_any) continue;
      own.covariances[row] = precision.inverse();
      own.means[row] = own.covariances[row] * pull;
    }
  }

  // E[(r - mu - b_u - b_i - <p, q>)^2] of one pair.
  double ExpectedError(std::size_t u, std::size_t i) const {
    const Eigen::VectorXd& p = users.means[u];
    const Eigen::VectorXd& q = items.means[i];
    const Square& a = users.covariances[u];
    const Square& b = items.covariances[i];
    const double error = ratings(static_cast<Eigen::Index>(u), static_cast<Eigen::Index>(i)) -
                         p.head(d).dot(q.head(d)) - p[d] - q[d];
    return error * error + p.head(d).dot(b.topLeftCorner(d, d) * p.head(d)) +
           q.head(d).dot(a.topLeftCorner(d, d) * q.head(d)) +
           a.topLeftCorner(d, d).cwiseProduct(b.topLeftCorner(d, d)).sum() + a(d, d) + b(d, d) +
           2 * b.col(d).head(d).dot(p.head(d)) + 2 * a.col(d).head(d).dot(q.head(d));
  }

  void FitVariances(bool is_user) {
    Side& side = is_user ? users : items;
    Eigen::VectorXd sum = Eigen::VectorXd::Zero(d + 1);
    double count = 0;
    for (std::size_t row = 0; row < side.means.size(); ++row) {
      const auto r = static_cast<Eigen::Index>(row);
      if ((is_user ? is_rated.row(r).sum() : is_rated.col(r).sum()) == 0) continue;
      const Eigen::VectorXd prior_mean =
          is_user ? Eigen::VectorXd::Zero(d + 1) : item_prior_means[row];
      sum += (side.means[row] - prior_mean).cwiseAbs2() + side.covariances[row].diagonal();
      ++count;
    }
    side.prior_variances = sum / count;
  }

  void FitMeans() {
    Square gram = 0.01 * Square::Identity(features.cols(), features.cols());
    Square right = Square::Zero(features.cols(), d + 1);
    for (Eigen::Index i = 0; i < features.rows(); ++i) {
      if (is_rated.col(i).sum() == 0) continue;
      gram += features.row(i).transpose() * features.row(i);
      right += features.row(i).transpose() * items.means[static_cast<std::size_t>(i)].transpose();
    }
    const Square slopes = gram.inverse() * right;
    for (Eigen::Index i = 0; i < features.rows(); ++i) {
      item_prior_means[static_cast<std::size_t>(i)] = (features.row(i) * slopes).transpose();
    }
  }

  void Epoch() {
    Update(/*is_user=*/true);
    FitVariances(true);
    Update(/*is_user=*/false);
    if (d > 0) FitMeans();
    double errors = 0;
    for (Eigen::Index u = 0; u < is_rated.rows(); ++u) {
      for (Eigen::Index i = 0; i < is_rated.cols(); ++i) {
        if (is_rated(u, i) == 0) continue;
        errors += ExpectedError(static_cast<std::size_t>(u), static_cast<std::size_t>(i));
      }
    }
    FitVariances(false);
    noise = errors / is_rated.sum();
  }
};

SlowBayes SlowStart(const CsrMatrix& ratings, const RatingTraining& training) {
  SlowBayes slow;
  slow.d = static_cast<Eigen::Index>(training.dimensions);
  slow.ratings = DenseOf(ratings);
  slow.is_rated = (slow.ratings.array() != 0).cast<double>();
  slow.ratings.array() -= slow.ratings.sum() / slow.is_rated.sum();
  slow.noise = slow.ratings.cwiseAbs2().cwiseProduct(slow.is_rated).sum() / slow.is_rated.sum();
  slow.features = RaterFeatures(Transpose(ratings), training.rater_features, training.seed, nullptr)
                      .cast<double>();
  const auto zero = Eigen::VectorXd::Zero(slow.d + 1);
  slow.users.means.assign(ratings.num_rows, zero);
  slow.users.covariances.assign(ratings.num_rows, Square::Zero(slow.d + 1, slow.d + 1));
  slow.items.means.assign(ratings.num_cols, zero);
  slow.items.covariances = std::vector<Square>(ratings.num_cols, slow.users.covariances[0]);
  slow.item_prior_means.assign(ratings.num_cols, zero);
  slow.users.prior_variances = Eigen::VectorXd::Constant(slow.d + 1, 1);
  slow.items.prior_variances = Eigen::VectorXd::Constant(slow.d + 1, 0.02);
  slow.users.prior_variances[slow.d] = slow.items.prior_variances[slow.d] = 0.25;
  Random random(training.seed);
  for (std::size_t item = 0; item < ratings.num_cols; ++item) {
    if (slow.is_rated.col(static_cast<Eigen::Index>(item)).sum() == 0) continue;
    for (Eigen::Index k = 0; k < slow.d; ++k) {
      slow.items.means[item][k] = 0.1 * random.Normal();
      slow.items.covariances[item](k, k) = 0.01;
    }
  }
  return slow;
}

class RatingFactorsTest : public ::testing::TestWithParam<std::size_t> {};

TEST_P(RatingFactorsTest, LearnsWhatTheDefinitionSays) {
  const CsrMatrix ratings = SparseOf(RandomInteractions(40, 25));
  const RatingTraining training{.dimensions = GetParam(), .rater_features = 3, .epochs = 6};
  ThreadPool pool(2);
  SlowBayes slow = SlowStart(ratings, training);

  const auto parts = TrainRatingFactors(ratings, training, {.pool = &pool});
  for (std::size_t epoch = 0; epoch < training.epochs; ++epoch) slow.Epoch();

  ASSERT_THAT(parts, IsOk());
  for (Eigen::Index i = 0; i < 25; ++i) {
    const bool is_rated = slow.is_rated.col(i).sum() > 0;
    for (Eigen::Index k = 0; k <= slow.d; ++k) {
      EXPECT_NEAR(parts->item_vectors(i, k),
                  is_rated ? slow.items.means[static_cast<std::size_t>(i)][k] : 0, 1e-3);
      EXPECT_NEAR(parts->item_variances(i, k),
                  is_rated ? slow.items.covariances[static_cast<std::size_t>(i)](k, k) : 0, 1e-3);
    }
  }
  for (Eigen::Index k = 0; k <= slow.d; ++k) {
    const double expected = slow.noise / slow.users.prior_variances[k];
    EXPECT_NEAR(parts->user_penalties[k], expected, 1e-2 * expected);
  }
}

INSTANTIATE_TEST_SUITE_P(Dimensions, RatingFactorsTest, ::testing::Values(0, 1, 3));

TEST(RatingMatrixTest, HoldsTheLatestRatingOfEachPairAtItsValue) {
  Dataset dataset;
  dataset.item_ids = {"a", "b", "c"};
  const auto rate = [](std::uint32_t item, float value) {
    return Interaction{.item = ItemIndex{item}, .value = value, .type = EventType::kRate};
  };
  dataset.interactions = {rate(2, 1),
                          rate(0, 2.5F),
                          rate(2, 4),
                          {.item = ItemIndex{1}, .weight = 1, .type = EventType::kDetailPageView}};
  dataset.user_begin = {0, 4, 4};

  const CsrMatrix ratings = RatingMatrix(dataset);

  EXPECT_THAT(ratings.row_begin, ElementsAre(0, 2, 2));
  EXPECT_THAT(ratings.column, ElementsAre(0, 2));
  EXPECT_THAT(ratings.value, ElementsAre(2.5F, 4));
}

TEST(RatingMfTrainerTest, StaysSoundWhereAllRatingsAreAlike) {
  ThreadPool pool(2);
  const Eigen::MatrixXf same = Eigen::MatrixXf::Constant(6, 4, 3);

  const auto parts = TrainRatingFactors(SparseOf(same), {.dimensions = 2}, {.pool = &pool});

  ASSERT_THAT(parts, IsOk());
  EXPECT_EQ(parts->mean_rating, 3);
  EXPECT_LT(parts->item_vectors.cwiseAbs().maxCoeff(), 0.05F);
  EXPECT_THAT(RatingMf::Create(*parts), IsOk());
}

TEST(RatingMfTrainerTest, RefusesAShopThatRatesNothingAndSaysWhy) {
  ThreadPool pool(2);
  Dataset dataset;
  dataset.item_ids = {"a"};
  dataset.interactions = {{.weight = 1, .type = EventType::kDetailPageView}};
  dataset.user_begin = {0, 1};

  const auto model = FindTrainer("rating_mf")->train(dataset, {}, {.pool = &pool});

  EXPECT_THAT(model, StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(std::string(model.status().message()), HasSubstr("\"rate\""));
}

TEST(RaterFeaturesTest, ProjectsWhoRatedOntoTheLargestSingularVectors) {
  const CsrMatrix by_item = Transpose(SparseOf(RandomInteractions(30, 20)));
  const Eigen::MatrixXd rated = (DenseOf(by_item).array() != 0).cast<double>();  // [items x users]
  const Eigen::VectorXd by_user = rated.colwise().sum().transpose().cwiseMax(1);
  const Eigen::VectorXd by_row = rated.rowwise().sum().cwiseMax(1);
  const Eigen::JacobiSVD<Eigen::MatrixXd> svd(
      rated * by_user.cwiseSqrt().cwiseInverse().asDiagonal(), Eigen::ComputeThinV);
  const Eigen::MatrixXd expected =
      by_row.cwiseSqrt().cwiseInverse().asDiagonal() * rated * svd.matrixV().leftCols(1);

  const Matrix features = RaterFeatures(by_item, 1, 1, nullptr);

  ASSERT_EQ(features.cols(), 3);
  for (Eigen::Index item = 0; item < 20; ++item) {
    EXPECT_EQ(features(item, 0), 1);
    EXPECT_NEAR(features(item, 1), std::log1p(rated.row(item).sum()) / 2, 1e-6);
    EXPECT_NEAR(std::abs(features(item, 2)), std::abs(expected(item, 0)), 1e-3);
  }
}

}  // namespace
}  // namespace vitrine
