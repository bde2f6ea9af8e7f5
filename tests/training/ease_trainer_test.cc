#include "training/ease_trainer.h"

#include <gmock/gmock.h>

#include <Eigen/LU>
#include <string>

#include "scorers/sample_shop.h"
#include "testing/status_matchers.h"
#include "training/ease_sparse_trainer.h"
#include "training/interactions.h"

namespace vitrine {
namespace {

using ::testing::AllOf;
using testing::DenseOf;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::RandomInteractions;
using testing::SampleShop;
using testing::SparseOf;
using testing::StatusIs;

constexpr std::uint64_t kEnough = 1'000'000'000;

// Ridge regression of column `target` on the columns `sources`, with nothing clever.
Eigen::VectorXd SlowRegression(const Eigen::MatrixXd& weights, Eigen::Index target,
                               const std::vector<Eigen::Index>& sources, double lambda) {
  const Eigen::MatrixXd x = weights(Eigen::all, sources);
  const Eigen::MatrixXd normal =
      x.transpose() * x + lambda * Eigen::MatrixXd::Identity(x.cols(), x.cols());
  return normal.inverse() * (x.transpose() * weights.col(target));
}

std::vector<Eigen::Index> AllBut(Eigen::Index target, Eigen::Index count) {
  std::vector<Eigen::Index> others;
  for (Eigen::Index i = 0; i < count; ++i) {
    if (i != target) others.push_back(i);
  }
  return others;
}

TEST(EaseTest, TwoItemsByHand) {
  Eigen::MatrixXf weights(3, 2);
  weights << 1, 1,  //
      1, 0,         //
      1, 1;
  ThreadPool pool(2);

  const auto ease = EaseMatrix(SparseOf(weights), 1, kEnough, {.pool = &pool});

  // X'X + I is (4 2; 2 3): item 1 is regressed on 0 by 2 / 4, item 0 on 1 by 2 / 3.
  ASSERT_THAT(ease, IsOk());
  EXPECT_NEAR(ease->weights(0, 1), 0.5, 1e-6);
  EXPECT_NEAR(ease->weights(1, 0), 2.0 / 3, 1e-6);
  EXPECT_EQ(ease->weights(0, 0), 0);
  EXPECT_EQ(ease->weights(1, 1), 0);
}

TEST(EaseTest, EveryColumnIsTheRegressionOnAllOthers) {
  const Eigen::MatrixXf weights = RandomInteractions(80, 40);
  constexpr double kLambda = 4;
  ThreadPool pool(2);

  const auto ease = EaseMatrix(SparseOf(weights), kLambda, kEnough, {.pool = &pool});

  ASSERT_THAT(ease, IsOk());
  ASSERT_EQ(ease->items.size(), 39U);  // Nobody touched the last.
  for (Eigen::Index target = 0; target < 39; ++target) {
    const std::vector<Eigen::Index> others = AllBut(target, 39);
    const Eigen::VectorXd expected =
        SlowRegression(weights.cast<double>(), target, others, kLambda);
    const Eigen::VectorXd found = ease->weights.col(target)(others).cast<double>();
    EXPECT_LT((found - expected).cwiseAbs().maxCoeff(), 1e-5) << "item " << target;
  }
}

TEST(EaseTest, LeavesOutWhatNobodyTouched) {
  Eigen::MatrixXf weights = RandomInteractions(30, 12);
  weights.col(4).setZero();
  ThreadPool pool(1);

  const auto ease = EaseMatrix(SparseOf(weights), 4, kEnough, {.pool = &pool});

  ASSERT_THAT(ease, IsOk());
  EXPECT_THAT(ease->items, ::testing::ElementsAre(0, 1, 2, 3, 5, 6, 7, 8, 9, 10));
}

TEST(EaseTest, RefusesBeforeItStartsWhatDoesNotFitIntoMemory) {
  ThreadPool pool(1);
  std::vector<double> reports;

  const auto ease =
      EaseMatrix(SparseOf(RandomInteractions(80, 40)), 4, 100'000,
                 {.pool = &pool, .progress = [&](double done) { reports.push_back(done); }});

  EXPECT_THAT(ease, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(std::string(ease.status().message()),
              AllOf(HasSubstr("ease of 39 items"), HasSubstr("ease_sparse")));
  EXPECT_TRUE(reports.empty());
}

TEST(EaseTest, SaysOnTheTerminalBeforeItStartsThatItTakesMuch) {
  // Ten thousand items, one a shopper.
  CsrMatrix interactions{.num_rows = 10'000, .num_cols = 10'000};
  for (std::uint32_t item = 0; item < 10'000; ++item) {
    interactions.column.push_back(item);
    interactions.value.push_back(1);
    interactions.row_begin.push_back(item + 1);
  }
  ThreadPool pool(1);

  ::testing::internal::CaptureStderr();
  const auto ease = EaseMatrix(interactions, 4, 100'000, {.pool = &pool});
  const std::string lines = ::testing::internal::GetCapturedStderr();

  EXPECT_THAT(ease, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(lines, AllOf(HasSubstr("warning ease.memory"), HasSubstr("wanted_bytes=440960000"),
                           HasSubstr("available_bytes=100000")));
}

TEST(EaseTest, SaysTheMemoryOfTheMatrixAndOfOneStep) {
  EXPECT_EQ(EaseMemoryBytes(1000), 4U * 1000 * (1000 + 1024));
}

TEST(EaseTest, ALambdaThatFloatsCannotHoldIsRefused) {
  Eigen::MatrixXf weights = Eigen::MatrixXf::Constant(5, 2, 1000);
  ThreadPool pool(1);

  EXPECT_THAT(EaseMatrix(SparseOf(weights), 1e-6, kEnough, {.pool = &pool}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(EaseTest, TheServedFormIsThePapersWhereNothingIsCut) {
  ThreadPool pool(2);
  const auto model = FindTrainer("ease")->train(
      SampleShop(), {{"neighbours", "100"}, {"as_paper", "true"}}, {.pool = &pool});
  ASSERT_THAT(model, IsOk());
  ASSERT_NE(model->as_paper, nullptr);
  const std::vector<Interaction> history = {{0, testing::ItemNumber(2), 3},
                                            {0, testing::ItemNumber(5), -1}};
  const Query query{.history = history};

  const auto served = model->scorer->Retrieve({&query, 1}, nullptr, 20).front();
  const auto as_paper = model->as_paper->Retrieve({&query, 1}, nullptr, 20).front();

  ASSERT_EQ(served.size(), 20U);
  ASSERT_EQ(as_paper.size(), 20U);
  for (std::size_t i = 0; i < 20; ++i) {
    EXPECT_NEAR(as_paper[i].score, served[i].score, 1e-6) << "rank " << i + 1;
  }
}

TEST(SparseEaseTest, EveryColumnIsTheRegressionOnItsNearest) {
  const Eigen::MatrixXf weights = RandomInteractions(80, 40);
  const Eigen::MatrixXd x = weights.cast<double>();
  constexpr double kLambda = 4;
  constexpr Eigen::Index kNeighbours = 7;
  ThreadPool pool(2);

  const auto found = SparseEaseNeighbours(
      SparseOf(weights), {.num_neighbours = kNeighbours, .lambda = kLambda}, {.pool = &pool});

  ASSERT_THAT(found, IsOk());
  const Eigen::MatrixXd columns = DenseOf(*found);
  for (Eigen::Index target = 0; target < 39; ++target) {
    std::vector<Eigen::Index> nearest = AllBut(target, 39);
    const auto cosine = [&](Eigen::Index i) {
      return x.col(i).dot(x.col(target)) / x.col(i).norm();
    };
    std::sort(nearest.begin(), nearest.end(),
              [&](Eigen::Index a, Eigen::Index b) { return cosine(a) > cosine(b); });
    nearest.resize(kNeighbours);
    Eigen::VectorXd expected = Eigen::VectorXd::Zero(40);
    expected(nearest) = SlowRegression(x, target, nearest, kLambda);
    EXPECT_LT((columns.col(target) - expected).cwiseAbs().maxCoeff(), 1e-5) << "item " << target;
  }
  EXPECT_TRUE(columns.col(39).isZero(0));
}

TEST(SparseEaseTest, IsEaseWhereNothingIsCut) {
  const CsrMatrix interactions = SparseOf(RandomInteractions(600, 25));
  ThreadPool pool(2);

  const auto sparse =
      SparseEaseNeighbours(interactions, {.num_neighbours = 100, .lambda = 9}, {.pool = &pool});
  const auto ease = EaseMatrix(interactions, 9, kEnough, {.pool = &pool});

  ASSERT_THAT(sparse, IsOk());
  ASSERT_THAT(ease, IsOk());
  EXPECT_LT(
      (DenseOf(*sparse).topLeftCorner(24, 24) - ease->weights.cast<double>()).cwiseAbs().maxCoeff(),
      1e-5);
}

}  // namespace
}  // namespace vitrine
