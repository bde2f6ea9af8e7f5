#include "vitrine/nn/optimizer.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <vector>

#include "nn/checks.h"
#include "testing/status_matchers.h"

namespace vitrine::nn {
namespace {

using testing::RandomMatrix;
using vitrine::testing::IsOk;
using vitrine::testing::StatusIs;

// One number, by the published equations, in double.
class SlowOptimizer {
 public:
  explicit SlowOptimizer(const OptimizerOptions& options) : options_(options) {}

  void Step(double gradient, double rate, double& value) {
    ++t_;
    if (options_.kind == OptimizerKind::kAdamW) {
      value -= rate * options_.weight_decay * value;
    } else {
      gradient += options_.weight_decay * value;
    }
    if (options_.kind == OptimizerKind::kSgd) {
      first_ = options_.momentum * first_ + gradient;
      value -= rate * first_;
    } else if (options_.kind == OptimizerKind::kAdagrad) {
      second_ += gradient * gradient;
      value -= rate * gradient / (std::sqrt(second_) + options_.adam.tiny);
    } else {
      const double b1 = options_.adam.first_decay;
      const double b2 = options_.adam.second_decay;
      first_ = b1 * first_ + (1 - b1) * gradient;
      second_ = b2 * second_ + (1 - b2) * gradient * gradient;
      value -= rate * (first_ / (1 - std::pow(b1, t_))) /
               (std::sqrt(second_ / (1 - std::pow(b2, t_))) + options_.adam.tiny);
    }
  }

 private:
  OptimizerOptions options_;
  double t_ = 0;
  double first_ = 0;
  double second_ = 0;
};

class OptimizerTest : public ::testing::TestWithParam<OptimizerOptions> {};

TEST_P(OptimizerTest, StepsAsItsEquationsSay) {
  Parameter parameter({3, 2});
  parameter.value = RandomMatrix(3, 2, 1);
  Matrix expected = parameter.value;
  std::vector<SlowOptimizer> slow(6, SlowOptimizer(GetParam()));
  auto optimizer = Optimizer::Create({{"p", &parameter}}, GetParam());
  ASSERT_THAT(optimizer, IsOk());

  for (std::uint64_t step = 0; step < 8; ++step) {
    const double rate = 0.1 / static_cast<double>(step + 1);
    parameter.gradient = RandomMatrix(3, 2, 10 + step);
    for (Eigen::Index i = 0; i < 6; ++i) {
      double value = expected.data()[i];
      slow[static_cast<std::size_t>(i)].Step(parameter.gradient.data()[i], rate, value);
      expected.data()[i] = static_cast<float>(value);
    }
    optimizer->Step(rate, nullptr);
    EXPECT_EQ(parameter.gradient.norm(), 0);
  }

  EXPECT_LT((parameter.value - expected).norm(), 1e-5);
}

TEST_P(OptimizerTest, StepsTouchedRowsOnlyAndTheseAsIfTheyWereAlone) {
  Parameter table({4, 3});
  table.is_sparse = true;
  table.value = RandomMatrix(4, 3, 1);
  const Matrix before = table.value;
  Parameter alone({3});
  alone.value = before.row(2);
  auto optimizer = Optimizer::Create({{"table", &table}}, GetParam());
  auto other = Optimizer::Create({{"alone", &alone}}, GetParam());
  ASSERT_THAT(optimizer, IsOk());
  ASSERT_THAT(other, IsOk());

  for (std::uint64_t step = 0; step < 3; ++step) {
    alone.gradient = RandomMatrix(1, 3, step);
    table.gradient.row(2) = alone.gradient.row(0);
    table.touched = {2};
    optimizer->Step(0.1, nullptr);
    other->Step(0.1, nullptr);
  }

  EXPECT_EQ(table.value.row(2), alone.value.row(0));
  EXPECT_NE(table.value.row(2), before.row(2));
  EXPECT_EQ(table.value.topRows(2), before.topRows(2));
  EXPECT_EQ(table.value.row(3), before.row(3));
}

TEST_P(OptimizerTest, ThreadsChangeNoBit) {
  Parameter one({600, 40});
  Parameter two({600, 40});
  auto first = Optimizer::Create({{"p", &one}}, GetParam());
  auto second = Optimizer::Create({{"p", &two}}, GetParam());
  ASSERT_THAT(first, IsOk());
  ASSERT_THAT(second, IsOk());
  ThreadPool pool(3);

  for (std::uint64_t step = 0; step < 3; ++step) {
    one.gradient = RandomMatrix(600, 40, step);
    two.gradient = one.gradient;
    first->Step(0.1, nullptr);
    second->Step(0.1, &pool);
  }

  EXPECT_EQ(one.value, two.value);
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, OptimizerTest,
    ::testing::Values(OptimizerOptions{.kind = OptimizerKind::kSgd},
                      OptimizerOptions{
                          .kind = OptimizerKind::kSgd, .momentum = 0.9, .weight_decay = 0.1},
                      OptimizerOptions{.kind = OptimizerKind::kAdagrad, .weight_decay = 0.1},
                      OptimizerOptions{.kind = OptimizerKind::kAdam},
                      OptimizerOptions{.kind = OptimizerKind::kAdam, .weight_decay = 0.1},
                      OptimizerOptions{.kind = OptimizerKind::kAdamW, .weight_decay = 0.1}));

TEST(OptimizerStepTest, ClipsByTheNormOfAllGradients) {
  Parameter a({1});
  Parameter b({1});
  auto optimizer = Optimizer::Create({{"a", &a}, {"b", &b}},
                                     {.kind = OptimizerKind::kSgd, .max_gradient_norm = 1});
  ASSERT_THAT(optimizer, IsOk());
  a.gradient << 3;
  b.gradient << 4;

  EXPECT_DOUBLE_EQ(optimizer->Step(1, nullptr), 5);

  EXPECT_FLOAT_EQ(a.value(0, 0), -0.6F);
  EXPECT_FLOAT_EQ(b.value(0, 0), -0.8F);
}

TEST(OptimizerStepTest, DoesNotStepByAGradientThatIsNoNumber) {
  Parameter a({2});
  auto optimizer = Optimizer::Create({{"a", &a}}, {.max_gradient_norm = 1});
  ASSERT_THAT(optimizer, IsOk());
  a.gradient << std::numeric_limits<float>::quiet_NaN(), 1;

  EXPECT_TRUE(std::isnan(optimizer->Step(1, nullptr)));
  EXPECT_EQ(a.value.norm(), 0);
}

TEST(OptimizerStepTest, LeavesAloneWhatIsNotTrained) {
  Parameter kept({1});
  kept.is_trained = false;
  kept.gradient << 5;
  auto optimizer = Optimizer::Create({{"kept", &kept}}, {.weight_decay = 1});
  ASSERT_THAT(optimizer, IsOk());

  optimizer->Step(1, nullptr);

  EXPECT_EQ(kept.value(0, 0), 0);
  EXPECT_TRUE(optimizer->State().empty());
}

class BadOptionsTest : public ::testing::TestWithParam<OptimizerOptions> {};

TEST_P(BadOptionsTest, AreRefused) {
  EXPECT_THAT(Optimizer::Create({}, GetParam()), StatusIs(absl::StatusCode::kInvalidArgument));
}

INSTANTIATE_TEST_SUITE_P(Options, BadOptionsTest,
                         ::testing::Values(OptimizerOptions{.momentum = 1},
                                           OptimizerOptions{.momentum = -0.1},
                                           OptimizerOptions{.adam = {.first_decay = 1}},
                                           OptimizerOptions{.adam = {.second_decay = -1}},
                                           OptimizerOptions{.adam = {.tiny = 0}},
                                           OptimizerOptions{.weight_decay = -1},
                                           OptimizerOptions{.max_gradient_norm = std::nan("")}));

}  // namespace
}  // namespace vitrine::nn
