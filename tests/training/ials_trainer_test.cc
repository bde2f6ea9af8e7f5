#include "training/ials_trainer.h"

#include <gmock/gmock.h>

#include <Eigen/Dense>
#include <atomic>
#include <cmath>
#include <string>
#include <vector>

#include "scorers/sample_shop.h"
#include "testing/status_matchers.h"
#include "training/pair_weights.h"

namespace vitrine {
namespace {

using testing::IsOk;
using testing::SampleShop;

IalsTraining SmallTraining() {
  IalsTraining training;
  training.dimensions = 6;
  training.epochs = 5;
  training.options = {.unobserved_weight = 0.1F, .lambda = 0.02F, .nu = 1};
  return training;
}

// The objective that both half-steps descend, term by term, in double.
double Loss(const CsrMatrix& weights, const Matrix& users, const Matrix& items,
            const IalsOptions& options) {
  const Eigen::MatrixXd scores = users.cast<double>() * items.cast<double>().transpose();
  double loss = options.unobserved_weight * scores.squaredNorm();
  const CsrMatrix by_item = Transpose(weights);
  const auto penalty = [&options](const CsrMatrix& sparse, const Matrix& factors,
                                  std::size_t num_others) {
    double sum = 0;
    for (std::size_t row = 0; row < sparse.num_rows; ++row) {
      double size = 0;
      for (const float value : sparse.Values(row)) size += std::abs(value);
      sum += IalsRegularisation(options, size, num_others) *
             factors.row(static_cast<Eigen::Index>(row)).cast<double>().squaredNorm();
    }
    return sum;
  };
  for (std::size_t user = 0; user < weights.num_rows; ++user) {
    for (std::size_t i = 0; i < weights.Columns(user).size(); ++i) {
      const double value = weights.Values(user)[i];
      const double error = scores(static_cast<Eigen::Index>(user), weights.Columns(user)[i]) -
                           (value > 0 ? 1.0 : 0.0);
      loss += std::abs(value) * error * error;
    }
  }
  const auto count_known = [](const Matrix& factors) {
    return static_cast<std::size_t>((factors.array() != 0).rowwise().any().count());
  };
  return loss + penalty(weights, users, count_known(items)) +
         penalty(by_item, items, count_known(users));
}

TEST(IalsTrainerTest, EachHalfStepIsTheLeastSquaresSolution) {
  ThreadPool pool(2);
  const IalsTraining training = SmallTraining();
  const CsrMatrix weights = SignedPairWeights(SampleShop(), {});
  const auto items = TrainIalsFactors(weights, training, {.pool = &pool});
  ASSERT_THAT(items, IsOk());
  const RotatedFactors fixed = DiagonaliseGram(*items, &pool);

  const Matrix users = IalsHalfStep(weights, fixed, {}, training, {.pool = &pool});

  const Eigen::MatrixXd y = fixed.factors.cast<double>();
  const auto num_known =
      static_cast<std::size_t>((fixed.factors.array() != 0).rowwise().any().count());
  for (std::size_t user = 0; user < weights.num_rows; ++user) {
    Eigen::MatrixXd normal = training.options.unobserved_weight * y.transpose() * y;
    Eigen::VectorXd right = Eigen::VectorXd::Zero(y.cols());
    double size = 0;
    for (std::size_t i = 0; i < weights.Columns(user).size(); ++i) {
      const Eigen::VectorXd row = y.row(weights.Columns(user)[i]);
      const double value = weights.Values(user)[i];
      if (row.isZero(0)) continue;  // Disliked by all: an unknown item.
      normal += std::abs(value) * row * row.transpose();
      if (value > 0) right += value * row;
      size += std::abs(value);
    }
    normal.diagonal().array() += IalsRegularisation(training.options, size, num_known);
    const Eigen::VectorXd expected = normal.fullPivLu().solve(right);
    EXPECT_LT(
        (users.row(static_cast<Eigen::Index>(user)).cast<double>().transpose() - expected).norm(),
        1e-4 * (1 + expected.norm()))
        << "user " << user;
  }
}

TEST(IalsTrainerTest, HalfStepsNeverRaiseTheLoss) {
  ThreadPool pool(2);
  IalsTraining training = SmallTraining();
  const CsrMatrix weights = SignedPairWeights(SampleShop(), {});
  std::vector<double> losses;

  for (training.epochs = 1; training.epochs <= 6; ++training.epochs) {
    const auto items = TrainIalsFactors(weights, training, {.pool = &pool});
    ASSERT_THAT(items, IsOk());
    const RotatedFactors fixed = DiagonaliseGram(*items, &pool);
    const Matrix users = IalsHalfStep(weights, fixed, {}, training, {.pool = &pool});
    losses.push_back(Loss(weights, users, fixed.factors, training.options));
  }

  for (std::size_t i = 1; i < losses.size(); ++i) {
    EXPECT_LE(losses[i], losses[i - 1] * (1 + 1e-5)) << "epoch " << i + 1;
  }
  EXPECT_LT(losses.back(), 0.99 * losses.front());
}

TEST(IalsTrainerTest, TheFoldInIsTheTrainingsOwnUserHalfStep) {
  ThreadPool pool(2);
  const Dataset shop = SampleShop();
  const TouchWeights touch_weights{.weighting = Weighting::kLogarithmic, .scale = 0.4F};
  IalsTraining training = SmallTraining();
  training.options.touch_weights = touch_weights;
  const CsrMatrix weights = SignedPairWeights(shop, touch_weights);
  const auto items = TrainIalsFactors(weights, training, {.pool = &pool});
  ASSERT_THAT(items, IsOk());
  const RotatedFactors fixed = DiagonaliseGram(*items, &pool);
  const Matrix users = IalsHalfStep(weights, fixed, {}, training, {.pool = &pool});
  const auto scorer = Ials::Create(*items, training.options);
  ASSERT_THAT(scorer, IsOk());

  std::vector<Query> queries;
  for (std::size_t user = 0; user < shop.num_users(); ++user) {
    queries.push_back({.history = shop.History(user)});
  }

  // Scores, since a basis is only defined up to signs.
  const Matrix trained = users * fixed.factors.transpose();
  const Matrix served = (*scorer)->UserVectors(queries) * (*scorer)->item_factors().transpose();
  EXPECT_LT((trained - served).cwiseAbs().maxCoeff(), 1e-5F);
}

TEST(IalsTrainerTest, GradientsAndBlocksArriveWhereCholeskyDoes) {
  ThreadPool pool(2);
  const CsrMatrix weights = SignedPairWeights(SampleShop(), {});
  IalsTraining exact = SmallTraining();
  exact.epochs = 30;
  IalsTraining gradients = exact;
  gradients.solver = IalsSolver::kConjugateGradients;
  IalsTraining blocks = exact;
  blocks.solver = IalsSolver::kBlocks;
  blocks.block_size = 2;
  const auto final_loss = [&](const IalsTraining& training) {
    const Matrix items = TrainIalsFactors(weights, training, {.pool = &pool}).value();
    const RotatedFactors fixed = DiagonaliseGram(items, &pool);
    const Matrix users = IalsHalfStep(weights, fixed, {}, exact, {.pool = &pool});
    return Loss(weights, users, fixed.factors, training.options);
  };

  const double exact_loss = final_loss(exact);

  EXPECT_NEAR(final_loss(gradients), exact_loss, 0.01 * exact_loss);
  EXPECT_NEAR(final_loss(blocks), exact_loss, 0.01 * exact_loss);
}

TEST(IalsTrainerTest, TheSeedDecidesTheFactors) {
  ThreadPool pool(1);
  const CsrMatrix weights = SignedPairWeights(SampleShop(), {});
  IalsTraining training = SmallTraining();
  const Matrix first = TrainIalsFactors(weights, training, {.pool = &pool}).value();
  const Matrix again = TrainIalsFactors(weights, training, {.pool = &pool}).value();
  training.seed = 2;
  const Matrix other = TrainIalsFactors(weights, training, {.pool = &pool}).value();

  EXPECT_EQ(first, again);
  EXPECT_NE(first, other);
}

TEST(IalsTrainerTest, ItemsThatNobodyLikedStayUnknown) {
  ThreadPool pool(1);
  const auto model = FindTrainer("ials")->train(SampleShop(), {}, {.pool = &pool});
  ASSERT_THAT(model, IsOk());
  const auto& scorer = static_cast<const Ials&>(*model->scorer);

  EXPECT_FALSE(scorer.known_items().Contains(testing::ItemNumber(58)));
  EXPECT_FALSE(scorer.known_items().Contains(testing::ItemNumber(59)));
  EXPECT_TRUE(scorer.known_items().Contains(testing::ItemNumber(55)));
}

TEST(IalsTrainerTest, AShopOfDislikesAloneTeachesNothingAndBreaksNothing) {
  ThreadPool pool(2);
  Dataset shop = SampleShop();
  for (Interaction& each : shop.interactions) each.weight = -1;

  for (const std::string solver : {"cholesky", "cg", "blocks"}) {
    const Settings settings = {{"solver", solver}, {"block_size", "1"}};
    const auto model = FindTrainer("ials")->train(shop, settings, {.pool = &pool});

    ASSERT_THAT(model, IsOk()) << solver;
    EXPECT_EQ(static_cast<const Ials&>(*model->scorer).known_items().Count(), 0U) << solver;
  }
}

TEST(IalsTrainerTest, FactorsThatRegularisationShrinksToZeroAreNotDividedByZero) {
  ThreadPool pool(2);

  const auto model = FindTrainer("ials")->train(SampleShop(), {{"lambda", "1e9"}}, {.pool = &pool});

  ASSERT_THAT(model, IsOk());
  EXPECT_EQ(static_cast<const Ials&>(*model->scorer).known_items().Count(), 0U);
}

TEST(IalsTrainerTest, ATrainingWithoutEpochsCanBeCancelledToo) {
  ThreadPool pool(2);
  IalsTraining training = SmallTraining();
  training.epochs = 0;
  const CsrMatrix weights = SignedPairWeights(SampleShop(), {});
  const std::atomic<bool> is_cancelled = true;

  const auto factors = ContinueIalsFactors(weights, FirstIalsFactors(weights, training), training,
                                           {.pool = &pool, .is_cancelled = &is_cancelled});

  EXPECT_THAT(factors, testing::StatusIs(absl::StatusCode::kCancelled));
}

// The item half-step of one item, dense and in double.
Eigen::VectorXd SlowItem(const CsrMatrix& by_item, std::size_t item, const Matrix& users,
                         const IalsTraining& training) {
  const Eigen::MatrixXd x = users.cast<double>();
  Eigen::MatrixXd normal = training.options.unobserved_weight * x.transpose() * x;
  Eigen::VectorXd right = Eigen::VectorXd::Zero(x.cols());
  double size = 0;
  for (std::size_t i = 0; i < by_item.Columns(item).size(); ++i) {
    const Eigen::VectorXd row = x.row(by_item.Columns(item)[i]);
    if (row.isZero(0)) continue;
    const double weight = by_item.Values(item)[i];
    normal += std::abs(weight) * row * row.transpose();
    if (weight > 0) right += weight * row;
    size += std::abs(weight);
  }
  const auto num_known = static_cast<std::size_t>((users.array() != 0).rowwise().any().count());
  normal.diagonal().array() += IalsRegularisation(training.options, size, num_known);
  return normal.fullPivLu().solve(right);
}

TEST(IalsTrainerTest, ANewItemIsFoldedInFromTheShoppersWhoTouchedItAndMovesNoOther) {
  ThreadPool pool(2);
  const IalsTraining training = SmallTraining();
  const CsrMatrix weights = SignedPairWeights(SampleShop(), {});
  Matrix known = TrainIalsFactors(weights, training, {.pool = &pool}).value();
  const std::vector<std::size_t> hidden = {3, 8};
  for (const std::size_t item : hidden) known.row(static_cast<Eigen::Index>(item)).setZero();

  const Matrix folded = WithNewIalsItems(weights, known, training, {.pool = &pool});

  // Inner products, since the basis is another one.
  EXPECT_TRUE(folded.row(58).isZero(0));
  Matrix others = folded;
  for (const std::size_t item : hidden) others.row(static_cast<Eigen::Index>(item)).setZero();
  EXPECT_LT((others * others.transpose() - known * known.transpose()).cwiseAbs().maxCoeff(), 1e-5F);
  const RotatedFactors fixed = DiagonaliseGram(others, &pool);
  const Matrix users = IalsHalfStep(weights, fixed, {}, training, {.pool = &pool});
  for (const std::size_t item : hidden) {
    const Eigen::VectorXd expected = SlowItem(Transpose(weights), item, users, training);
    const double length = folded.row(static_cast<Eigen::Index>(item)).cast<double>().norm();
    EXPECT_NEAR(length, expected.norm(), 1e-3 * expected.norm()) << "item " << item;
    for (const std::size_t other : {0U, 1U, 20U}) {
      EXPECT_NEAR(folded.row(static_cast<Eigen::Index>(item))
                      .dot(folded.row(static_cast<Eigen::Index>(other))),
                  expected.dot(fixed.factors.row(static_cast<Eigen::Index>(other)).cast<double>()),
                  1e-4)
          << "items " << item << " and " << other;
    }
  }
}

ModelSet Served(const Model& model) {
  ModelSet served;
  served.models = {model};
  return served;
}

TEST(IalsTrainerTest, GoingOnFromTheLiveModelNeedsFewerEpochs) {
  ThreadPool pool(2);
  const Trainer& trainer = *FindTrainer("ials");
  const Model live =
      trainer.train(SampleShop(), {{"dimensions", "6"}, {"epochs", "30"}}, {.pool = &pool}).value();
  const ModelSet served = Served(live);
  const auto scores_after = [&](const Settings& settings, const ModelSet* from) {
    Settings all = {{"dimensions", "6"}, {"epochs", "1"}, {"live_epochs", "1"}};
    all.insert(settings.begin(), settings.end());
    const Model model = trainer.train(SampleShop(), all, {.pool = &pool, .live = from}).value();
    const Matrix& factors = static_cast<const Ials&>(*model.scorer).item_factors();
    return Matrix(factors * factors.transpose());
  };
  const Matrix& live_factors = static_cast<const Ials&>(*live.scorer).item_factors();
  const Matrix goal = live_factors * live_factors.transpose();

  const double cold = (scores_after({}, &served) - goal).norm();
  const double warm = (scores_after({{"start", "live"}}, &served) - goal).norm();

  EXPECT_LT(warm, 0.2 * cold);
}

TEST(IalsTrainerTest, ALiveModelOfOtherDimensionsIsNoStart) {
  ThreadPool pool(2);
  const Trainer& trainer = *FindTrainer("ials");
  const ModelSet served =
      Served(trainer.train(SampleShop(), {{"dimensions", "5"}}, {.pool = &pool}).value());
  const Settings settings = {{"dimensions", "6"}, {"start", "live"}};

  const Model with =
      trainer.train(SampleShop(), settings, {.pool = &pool, .live = &served}).value();
  const Model without = trainer.train(SampleShop(), settings, {.pool = &pool}).value();

  EXPECT_EQ(static_cast<const Ials&>(*with.scorer).item_factors(),
            static_cast<const Ials&>(*without.scorer).item_factors());
}

TEST(IalsTrainerTest, RecommendsWhatShoppersOfTheSameTasteLiked) {
  ThreadPool pool(2);
  const auto model =
      FindTrainer("ials")->train(SampleShop(), {{"dimensions", "4"}}, {.pool = &pool});
  ASSERT_THAT(model, IsOk());
  // In the sample shop shoppers like either even items or odd ones.
  const std::vector<Interaction> history = {{0, ItemIndex{2}, 1}, {0, ItemIndex{8}, 1}};
  const Query query{.history = history};

  const auto list = model->scorer->Retrieve({&query, 1}, nullptr, 8).front();

  ASSERT_EQ(list.size(), 8U);
  for (const ScoredItem& scored : list) EXPECT_EQ(Row(scored.item) % 2, 0U);
}

}  // namespace
}  // namespace vitrine
