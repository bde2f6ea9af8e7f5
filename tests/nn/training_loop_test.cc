#include "vitrine/nn/training_loop.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <memory>
#include <set>
#include <string>

#include "nn/checks.h"
#include "testing/status_matchers.h"
#include "testing/temporary_folder.h"
#include "vitrine/base/atomic_file.h"
#include "vitrine/nn/activation.h"
#include "vitrine/nn/dense.h"
#include "vitrine/nn/embedding.h"
#include "vitrine/nn/loss.h"
#include "vitrine/nn/normalization.h"

namespace vitrine::nn {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::RandomMatrix;
using ::testing::StartsWith;
using vitrine::testing::IsOk;
using vitrine::testing::StatusIs;
using vitrine::testing::TemporaryFolder;

// A line through points, learned by a dense layer.
class LineFit {
 public:
  LineFit() {
    layer_.AddParameters("line", parameters_);
    Random noise(9);
    for (Eigen::Index i = 0; i < 100; ++i) {
      y_(i, 0) = 2 * x_(i, 0) - x_(i, 1) + 0.5F + 0.1F * static_cast<float>(noise.Normal());
    }
  }

  TrainingCallbacks Callbacks() {
    return {.step = [this](std::span<const std::uint32_t> examples,
                           Random& random) { return Step(examples, random); },
            .validate = [this] { return Loss(); }};
  }

  const ParameterList& parameters() const { return parameters_; }
  Matrix weight() const { return layer_.weight.value; }

  double Loss() {
    layer_.Forward(x_, cache_, {});
    Matrix unused;
    return MeanSquaredError(cache_.output, y_, unused);
  }

 private:
  double Step(std::span<const std::uint32_t> examples, Random& random) {
    Matrix x(static_cast<Eigen::Index>(examples.size()), 2);
    Matrix y(x.rows(), 1);
    for (std::size_t i = 0; i < examples.size(); ++i) {
      x.row(static_cast<Eigen::Index>(i)) = x_.row(examples[i]);
      // Random, so that a resumed training must draw the same.
      y(static_cast<Eigen::Index>(i), 0) =
          y_(examples[i], 0) + 0.01F * static_cast<float>(random.Normal());
    }
    Matrix by;
    layer_.Forward(x, cache_, {});
    const double loss = MeanSquaredError(cache_.output, y, by);
    layer_.BackwardParameters(x, by, {});
    return loss;
  }

  Random random_{3};
  Dense layer_{2, 1, random_};
  Dense::Cache cache_;
  ParameterList parameters_;
  const Matrix x_ = RandomMatrix(100, 2, 4);
  Matrix y_{100, 1};
};

TrainingLoopOptions Options() {
  TrainingLoopOptions options;
  options.batch_size = 16;
  options.epochs = 30;
  options.schedule.rate = 0.05;
  return options;
}

TEST(TrainingLoopTest, LearnsALine) {
  LineFit fit;

  const auto report = RunTrainingLoop(100, fit.parameters(), Options(), fit.Callbacks(), nullptr);

  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->epochs.size(), 30U);
  EXPECT_LT(fit.Loss(), 0.02);
  EXPECT_NEAR(fit.weight()(0, 0), 2, 0.05);
}

TEST(TrainingLoopTest, EachEpochVisitsEveryExampleOnceInAnotherOrder) {
  Parameter unused({1});
  std::multiset<std::uint32_t> seen;
  std::vector<std::vector<std::uint32_t>> first_batches;
  TrainingCallbacks callbacks;
  callbacks.step = [&](std::span<const std::uint32_t> examples, Random&) {
    if (seen.size() % 100 == 0) first_batches.emplace_back(examples.begin(), examples.end());
    seen.insert(examples.begin(), examples.end());
    return 1.0;
  };
  TrainingLoopOptions options = Options();
  options.epochs = 2;

  ASSERT_THAT(RunTrainingLoop(100, {{"unused", &unused}}, options, callbacks, nullptr), IsOk());

  for (std::uint32_t i = 0; i < 100; ++i) EXPECT_EQ(seen.count(i), 2U);
  ASSERT_EQ(first_batches.size(), 2U);
  EXPECT_NE(first_batches[0], first_batches[1]);
}

TEST(TrainingLoopTest, ResumedItHasTheBitsOfOneWithoutABreak) {
  const TemporaryFolder folder;
  LineFit whole;
  LineFit broken;
  TrainingLoopOptions options = Options();
  options.plateau = PlateauOptions{.factor = 0.5, .patience = 0, .least_gain = 0.9};
  const auto expected =
      RunTrainingLoop(100, whole.parameters(), options, whole.Callbacks(), nullptr);
  options.checkpoint = folder / "checkpoint.safetensors";
  options.epochs = 11;
  ASSERT_THAT(RunTrainingLoop(100, broken.parameters(), options, broken.Callbacks(), nullptr),
              IsOk());
  LineFit resumed;
  options.epochs = 30;

  const auto report =
      RunTrainingLoop(100, resumed.parameters(), options, resumed.Callbacks(), nullptr);

  ASSERT_THAT(report, IsOk());
  EXPECT_LT(report->epochs[10].learning_rate, 0.05) << "the plateau is remembered too";
  EXPECT_EQ(resumed.weight(), whole.weight());
  ASSERT_EQ(report->epochs.size(), expected->epochs.size());
  EXPECT_EQ(LossCurveCsv(*report), LossCurveCsv(*expected));
}

TEST(TrainingLoopTest, ResumedItRemembersTheBestEpochAndHowLongAgoItWas) {
  const TemporaryFolder folder;
  const auto train = [](LineFit& fit, const TrainingLoopOptions& options, int epoch) {
    TrainingCallbacks callbacks = fit.Callbacks();
    callbacks.validate = [&epoch] { return ++epoch == 3 ? 1.0 : 2.0; };
    return RunTrainingLoop(100, fit.parameters(), options, callbacks, nullptr);
  };
  TrainingLoopOptions options = Options();
  options.patience = 4;
  LineFit whole;
  ASSERT_THAT(train(whole, options, 0), IsOk());
  options.checkpoint = folder / "checkpoint.safetensors";
  options.epochs = 5;
  LineFit broken;
  ASSERT_THAT(train(broken, options, 0), IsOk());
  options.epochs = 30;
  LineFit resumed;

  const auto report = train(resumed, options, 5);

  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->best_epoch, 3U);
  EXPECT_EQ(report->epochs.size(), 3U + 5U);
  EXPECT_EQ(resumed.weight(), whole.weight());
}

// Ids' vectors, a dense layer, batch norm and dropout: the weights after two epochs.
std::vector<Matrix> TrainSmallNetwork(ThreadPool* pool) {
  Random random(5);
  Embedding table(300, 48, 0.1, random);
  Dense first(48, 160, random);
  const Activation gelu{ActivationKind::kGelu};
  BatchNorm norm(160);
  const Dropout dropout{0.2};
  Dense last(160, 40, random);
  ParameterList parameters;
  table.AddParameters("table", parameters);
  first.AddParameters("first", parameters);
  norm.AddParameters("norm", parameters);
  last.AddParameters("last", parameters);
  Embedding::Cache c0;
  Dense::Cache c1;
  Activation::Cache c2;
  BatchNorm::Cache c3;
  Dropout::Cache c4;
  Dense::Cache c5;
  Matrix by_logits;
  TrainingCallbacks callbacks;
  callbacks.step = [&](std::span<const std::uint32_t> examples, Random& step_random) {
    const Pass pass{.pool = pool, .random = &step_random};
    std::vector<std::uint32_t> ids;
    std::vector<std::uint32_t> targets;
    for (const std::uint32_t example : examples) {
      ids.push_back(example % 300);
      targets.push_back(example * 7 % 40);
    }
    table.Forward(ids, c0, pass);
    first.Forward(c0.output, c1, pass);
    gelu.Forward(c1.output, c2, pass);
    norm.Forward(c2.output, c3, pass);
    dropout.Forward(c3.output, c4, pass);
    last.Forward(c4.output, c5, pass);
    const double loss = SoftmaxCrossEntropy(c5.output, targets, by_logits, pool);
    last.Backward(c4.output, by_logits, c5, pass);
    dropout.Backward(c3.output, c5.by_input, c4, pass);
    norm.Backward(c2.output, c4.by_input, c3, pass);
    gelu.Backward(c1.output, c3.by_input, c2, pass);
    first.Backward(c0.output, c2.by_input, c1, pass);
    table.Backward(ids, c1.by_input, c0, pass);
    return loss;
  };
  TrainingLoopOptions options = Options();
  options.batch_size = 512;
  options.epochs = 2;
  options.optimizer.max_gradient_norm = 0.5;
  EXPECT_THAT(RunTrainingLoop(2000, parameters, options, callbacks, pool), IsOk());
  std::vector<Matrix> weights;
  for (const NamedParameter& named : parameters) weights.push_back(named.parameter->value);
  return weights;
}

TEST(TrainingLoopTest, NoBitDependsOnTheNumberOfThreads) {
  const std::vector<Matrix> alone = TrainSmallNetwork(nullptr);

  for (const std::size_t num_threads : {1, 2, 5}) {
    ThreadPool pool(num_threads);
    EXPECT_EQ(TrainSmallNetwork(&pool), alone) << num_threads << " threads";
  }
}

TEST(TrainingLoopTest, RefusesTheCheckpointOfAnotherTraining) {
  const TemporaryFolder folder;
  LineFit fit;
  TrainingLoopOptions options = Options();
  options.checkpoint = folder / "checkpoint.safetensors";
  ASSERT_THAT(RunTrainingLoop(100, fit.parameters(), options, fit.Callbacks(), nullptr), IsOk());

  TrainingLoopOptions other_seed = options;
  other_seed.seed = 2;
  EXPECT_THAT(RunTrainingLoop(100, fit.parameters(), other_seed, fit.Callbacks(), nullptr),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  TrainingLoopOptions other_rate = options;
  other_rate.schedule.rate = 0.06;
  EXPECT_THAT(RunTrainingLoop(100, fit.parameters(), other_rate, fit.Callbacks(), nullptr),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  TrainingLoopOptions other_data = options;
  other_data.subject = "data=7";
  EXPECT_THAT(RunTrainingLoop(100, fit.parameters(), other_data, fit.Callbacks(), nullptr),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST(TrainingLoopTest, WhatElseStepsChangeGoesOnToo) {
  const TemporaryFolder folder;
  TrainingLoopOptions options = Options();
  options.epochs = 3;
  const auto count_steps = [&options](Matrix& count) {
    Parameter unused({1});
    TrainingCallbacks callbacks;
    callbacks.step = [&count](std::span<const std::uint32_t>, Random&) {
      return static_cast<double>(++count(0, 0));
    };
    options.state = {{"count", &count}};
    return RunTrainingLoop(100, {{"unused", &unused}}, options, callbacks, nullptr);
  };
  Matrix whole = Matrix::Zero(1, 1);
  ASSERT_THAT(count_steps(whole), IsOk());
  options.checkpoint = folder / "checkpoint.safetensors";
  options.epochs = 2;
  Matrix broken = Matrix::Zero(1, 1);
  ASSERT_THAT(count_steps(broken), IsOk());
  options.epochs = 3;
  Matrix resumed = Matrix::Zero(1, 1);

  const auto report = count_steps(resumed);

  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(resumed, whole);
  EXPECT_EQ(report->epochs.back().loss, 18) << "the mean of steps 15 to 21";
}

TEST(TrainingLoopTest, ADamagedCheckpointIsRefused) {
  const TemporaryFolder folder;
  LineFit fit;
  TrainingLoopOptions options = Options();
  options.checkpoint = folder / "checkpoint.safetensors";
  ASSERT_THAT(WriteFileAtomically(LocalFileSystem(), options.checkpoint, "none"), IsOk());

  EXPECT_THAT(RunTrainingLoop(100, fit.parameters(), options, fit.Callbacks(), nullptr),
              StatusIs(absl::StatusCode::kDataLoss));
}

TEST(TrainingLoopTest, StopsEarlyWithTheBestWeights) {
  LineFit fit;
  TrainingCallbacks callbacks = fit.Callbacks();
  int epoch = 0;
  Matrix best;
  callbacks.validate = [&] {
    ++epoch;
    if (epoch == 3) best = fit.weight();
    return epoch == 3 ? 1.0 : 2.0;
  };
  TrainingLoopOptions options = Options();
  options.patience = 4;

  const auto report = RunTrainingLoop(100, fit.parameters(), options, callbacks, nullptr);

  ASSERT_THAT(report, IsOk());
  EXPECT_EQ(report->best_epoch, 3U);
  EXPECT_EQ(report->epochs.size(), 3U + 5U);
  EXPECT_EQ(fit.weight(), best);
}

TEST(TrainingLoopTest, ALossThatIsNoNumberStopsItWithTheLastGoodWeights) {
  LineFit fit;
  TrainingCallbacks callbacks = fit.Callbacks();
  const auto step = callbacks.step;
  int number = 0;
  Matrix good;
  callbacks.validate = [&] {
    good = fit.weight();
    return 1.0 / number;
  };
  callbacks.step = [&](std::span<const std::uint32_t> examples, Random& random) {
    const double loss = step(examples, random);
    return ++number == 20 ? std::numeric_limits<double>::quiet_NaN() : loss;
  };

  const auto report = RunTrainingLoop(100, fit.parameters(), Options(), callbacks, nullptr);

  ASSERT_THAT(report, StatusIs(absl::StatusCode::kInternal));
  EXPECT_THAT(std::string(report.status().message()), HasSubstr("step 20 (epoch 3): the loss"));
  EXPECT_THAT(std::string(report.status().message()), HasSubstr("those after epoch 2"));
  EXPECT_THAT(std::string(report.status().message()),
              AllOf(HasSubstr("Lower learning_rate (0.05 "), Not(HasSubstr("max_gradient_norm"))));
  EXPECT_EQ(fit.weight(), good);
}

TEST(TrainingLoopTest, AGradientThatIsNoNumberStopsItToo) {
  LineFit fit;
  const Matrix before = fit.weight();
  TrainingCallbacks callbacks = fit.Callbacks();
  callbacks.step = [&](std::span<const std::uint32_t>, Random&) {
    fit.parameters()[0].parameter->gradient.setConstant(std::nanf(""));
    return 1.0;
  };

  EXPECT_THAT(RunTrainingLoop(100, fit.parameters(), Options(), callbacks, nullptr),
              StatusIs(absl::StatusCode::kInternal));
  EXPECT_EQ(fit.weight(), before);
}

TEST(TrainingLoopTest, CanBeCancelledAndRefusesBadOptions) {
  LineFit fit;
  TrainingCallbacks callbacks = fit.Callbacks();
  TrainingLoopOptions bad = Options();
  bad.batch_size = 0;
  EXPECT_THAT(RunTrainingLoop(100, fit.parameters(), bad, callbacks, nullptr),
              StatusIs(absl::StatusCode::kInvalidArgument));
  callbacks.is_cancelled = [] { return true; };
  EXPECT_THAT(RunTrainingLoop(100, fit.parameters(), Options(), callbacks, nullptr),
              StatusIs(absl::StatusCode::kCancelled));
}

TEST(TrainingLoopTest, ReportsProgressAndCurves) {
  LineFit fit;
  TrainingCallbacks callbacks = fit.Callbacks();
  std::string last;
  callbacks.on_progress = [&](const TrainingProgress& progress) {
    last = FormatProgress(progress);
  };
  TrainingLoopOptions options = Options();
  options.epochs = 2;

  const auto report = RunTrainingLoop(100, fit.parameters(), options, callbacks, nullptr);

  ASSERT_THAT(report, IsOk());
  EXPECT_THAT(last, StartsWith("epoch 2/2 [==========] loss "));
  EXPECT_THAT(last, HasSubstr(", 0 s left, rate 0.05, "));
  EXPECT_THAT(last, EndsWith(" examples/s"));
  EXPECT_THAT(LossCurveCsv(*report), StartsWith("epoch,loss,validation_loss,learning_rate\n1,"));
  EXPECT_THAT(LossCurveSvg(*report), StartsWith("<svg "));
  EXPECT_THAT(LossCurveSvg(*report), HasSubstr("stroke-dasharray"));
}

}  // namespace
}  // namespace vitrine::nn
