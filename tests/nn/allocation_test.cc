// Counts what is allocated, by standing in for malloc. Not with sanitizers, which do so themselves.
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <functional>
#include <optional>
#include <vector>

#include "nn/checks.h"
#include "nn/sequence_checks.h"
#include "vitrine/nn/activation.h"
#include "vitrine/nn/convolution.h"
#include "vitrine/nn/cross.h"
#include "vitrine/nn/dense.h"
#include "vitrine/nn/embedding.h"
#include "vitrine/nn/frequency_layer.h"
#include "vitrine/nn/loss.h"
#include "vitrine/nn/normalization.h"
#include "vitrine/nn/optimizer.h"
#include "vitrine/nn/propagation.h"
#include "vitrine/nn/recurrent.h"
#include "vitrine/nn/training_loop.h"
#include "vitrine/nn/transformer.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define VITRINE_COUNTS_ALLOCATIONS 0
#else
#define VITRINE_COUNTS_ALLOCATIONS 1
#endif

namespace {
std::atomic<std::size_t> num_allocations = 0;
}

#if VITRINE_COUNTS_ALLOCATIONS
extern "C" {
void* __libc_malloc(std::size_t size);                           // NOLINT: of the C library.
void* __libc_memalign(std::size_t alignment, std::size_t size);  // NOLINT

void* malloc(std::size_t size) {
  ++num_allocations;
  return __libc_malloc(size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  ++num_allocations;
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** result, std::size_t alignment, std::size_t size) {
  ++num_allocations;
  *result = __libc_memalign(alignment, size);
  return *result == nullptr ? ENOMEM : 0;
}
}
#endif

namespace vitrine::nn {
namespace {

using testing::LastPlaces;
using testing::RandomMatrix;

// Allocations of the last of five calls.
template <typename Step>
std::size_t AllocationsOnceWarm(const Step& step) {
  for (int i = 0; i < 4; ++i) step();
  const std::size_t before = num_allocations;
  step();
  return num_allocations - before;
}

// Each of some users likes the item of the same number.
CsrMatrix Pairs(std::size_t users) {
  CsrMatrix likes;
  likes.num_rows = users;
  likes.num_cols = users;
  for (std::size_t user = 0; user < users; ++user) {
    likes.column.push_back(static_cast<std::uint32_t>(user));
    likes.value.push_back(1);
    likes.row_begin.push_back(user + 1);
  }
  return likes;
}

class AllocationTest : public ::testing::TestWithParam<std::size_t> {
 protected:
  void SetUp() override {
    if (!VITRINE_COUNTS_ALLOCATIONS)
      GTEST_SKIP() << "not counted: a sanitizer has a malloc of its own";
    if (GetParam() > 0) pool_.emplace(GetParam());
  }

  Pass TrainingPass() { return {.pool = pool_ ? &*pool_ : nullptr, .random = &random_}; }

  Random random_{1};
  std::optional<ThreadPool> pool_;
};

TEST_P(AllocationTest, CountsWhatIsAllocated) {
  std::vector<float> values;
  EXPECT_GE(AllocationsOnceWarm([&] { values = std::vector<float>(1000); }), 1U);
  EXPECT_GE(AllocationsOnceWarm([&] { Matrix::Zero(30, 30).eval(); }), 1U);
}

TEST_P(AllocationTest, AStepOfANetworkAllocatesNothing) {
  Dense first(300, 400, random_);
  Activation relu;
  Dense second(400, 350, random_);
  ParameterList parameters;
  first.AddParameters("first", parameters);
  second.AddParameters("second", parameters);
  auto optimizer = Optimizer::Create(parameters, {.max_gradient_norm = 1});
  ASSERT_TRUE(optimizer.ok());
  const Matrix input = RandomMatrix(280, 300, 2);
  const std::vector<std::uint32_t> targets(280, 3);
  Dense::Cache first_cache;
  Activation::Cache relu_cache;
  Dense::Cache second_cache;
  Matrix by_logits;
  const Pass pass = TrainingPass();

  EXPECT_EQ(AllocationsOnceWarm([&] {
              first.Forward(input, first_cache, pass);
              relu.Forward(first_cache.output, relu_cache, pass);
              second.Forward(relu_cache.output, second_cache, pass);
              SoftmaxCrossEntropy(second_cache.output, targets, by_logits, pass.pool);
              second.Backward(relu_cache.output, by_logits, second_cache, pass);
              relu.Backward(first_cache.output, second_cache.by_input, relu_cache, pass);
              first.BackwardParameters(input, relu_cache.by_input, pass);
              optimizer->Step(0.01, pass.pool);
            }),
            0U);
}

TEST_P(AllocationTest, ATrainingLoopAllocatesNothingAfterItsFirstEpoch) {
  constexpr std::size_t kStepsOfAnEpoch = 4;
  Dense layer(300, 400, random_);
  ParameterList parameters;
  layer.AddParameters("layer", parameters);
  const Matrix input = RandomMatrix(64, 300, 2);
  const Matrix wanted = RandomMatrix(64, 400, 3);
  Dense::Cache cache;
  Matrix by_output;
  const Pass pass = TrainingPass();
  std::size_t num_steps = 0;
  std::size_t num_reports = 0;
  std::size_t before = 0;
  std::size_t of_loop = 0;
  const TrainingCallbacks callbacks{
      .step =
          [&](std::span<const std::uint32_t>, Random&) {
            if (num_steps++ > kStepsOfAnEpoch) of_loop += num_allocations - before;
            layer.Forward(input, cache, pass);
            const double loss = MeanSquaredError(cache.output, wanted, by_output);
            layer.BackwardParameters(input, by_output, pass);
            before = num_allocations;  // What follows, to the next step, is the loop's own.
            return loss;
          },
      .validate = [&] { return -static_cast<double>(num_steps); },  // Each epoch is the best.
      .on_progress = [&](const TrainingProgress&) { ++num_reports; },
      .is_cancelled = [] { return false; }};

  const auto report = RunTrainingLoop(kStepsOfAnEpoch * 16, parameters,
                                      {.batch_size = 16, .epochs = 4}, callbacks, pass.pool);

  ASSERT_TRUE(report.ok());
  EXPECT_EQ(num_reports, 4 * kStepsOfAnEpoch);
  EXPECT_EQ(report->best_epoch, 4U);
  EXPECT_EQ(of_loop, 0U);
}

// The number of times that Forward and Backward of a layer of one input allocate.
template <typename Layer>
std::size_t AllocationsOf(Layer layer, const Matrix& input, const Pass& pass) {
  typename Layer::Cache cache;
  return AllocationsOnceWarm([&] {
    const Matrix& output = layer.Forward(input, cache, pass);
    layer.Backward(input, output, cache, pass);
  });
}

template <typename Layer>
std::size_t AllocationsOf(Layer layer, const Matrix& input, const Sequences& sequences,
                          const Pass& pass) {
  typename Layer::Cache cache;
  return AllocationsOnceWarm([&] {
    const Matrix& output = layer.Forward(input, sequences, cache, pass);
    layer.Backward(input, sequences, output, cache, pass);
  });
}

TEST_P(AllocationTest, LayersAllocateNothing) {
  const Pass pass = TrainingPass();
  const Matrix input = RandomMatrix(300, 192, 2);
  const ImageShape image{3, 8, 8};
  const Windows windows{.height = 3, .width = 3, .stride = 2, .padding_height = 1};
  Propagation propagation{.graph = NormalizedGraph(Pairs(150))};
  const CsrMatrix pairs = NormalizedPairs(Pairs(300));
  const ItemPropagation items{.by_user = pairs, .by_item = Transpose(pairs)};

  EXPECT_EQ(AllocationsOf(Activation{ActivationKind::kGelu}, input, pass), 0U);
  EXPECT_EQ(AllocationsOf(Softmax(), input, pass), 0U);
  EXPECT_EQ(AllocationsOf(UnitLength(), input, pass), 0U);
  EXPECT_EQ(AllocationsOf(Dropout(), input, pass), 0U);
  EXPECT_EQ(AllocationsOf(LayerNorm(192), input, pass), 0U);
  EXPECT_EQ(AllocationsOf(BatchNorm(192), input, pass), 0U);
  EXPECT_EQ(AllocationsOf(Convolution(image, 6, windows, random_), input, pass), 0U);
  EXPECT_EQ(AllocationsOf(Pooling{image, windows, PoolingKind::kMax}, input, pass), 0U);
  EXPECT_EQ(AllocationsOf(Pooling{image, windows, PoolingKind::kMean}, input, pass), 0U);
  EXPECT_EQ(AllocationsOf(propagation, input, pass), 0U);
  EXPECT_EQ(AllocationsOf(items, input, pass), 0U);
  Cross cross(192, random_);
  Cross::Cache cache;
  EXPECT_EQ(AllocationsOnceWarm([&] {
              const Matrix& output = cross.Forward(input, input, cache, pass);
              cross.Backward(input, input, output, cache, pass);
            }),
            0U);
}

TEST_P(AllocationTest, LayersOfSequencesAllocateNothing) {
  const Pass pass = TrainingPass();
  const Matrix input = RandomMatrix(300, 64, 2);
  const Sequences sequences{.number = 10, .length = 30};

  EXPECT_EQ(AllocationsOf(Attention(64, 2, random_), input, sequences, pass), 0U);
  EXPECT_EQ(AllocationsOf(TransformerBlock({}, random_), input, sequences, pass), 0U);
  EXPECT_EQ(
      AllocationsOf(TransformerBlock({.attention_dropout = 0.1, .norm_first = false}, random_),
                    input, sequences, pass),
      0U);
  EXPECT_EQ(AllocationsOf(FrequencyLayer(64, 30, 3, 0.1, random_), input, sequences, pass), 0U);
  for (const RecurrentKind kind : {RecurrentKind::kGru, RecurrentKind::kLstm}) {
    EXPECT_EQ(AllocationsOf(Recurrent(kind, 64, 80, random_), input, sequences, pass), 0U);
  }
}

TEST_P(AllocationTest, LastPlacesAllocateNothing) {
  const Pass pass = TrainingPass();
  const Matrix input = RandomMatrix(300, 64, 2);
  const Sequences sequences{.number = 10, .length = 30};

  for (const bool norm_first : {true, false}) {
    const LastPlaces<TransformerBlock> block{
        TransformerBlock({.attention_dropout = 0.1, .norm_first = norm_first}, random_)};
    EXPECT_EQ(AllocationsOf(block, input, sequences, pass), 0U);
  }
  const LastPlaces<FrequencyLayer> frequency{FrequencyLayer(64, 30, 3, 0.1, random_)};
  EXPECT_EQ(AllocationsOf(frequency, input, sequences, pass), 0U);
}

TEST(SharedWorkTest, AllocatesNothingTheFirstTimeEither) {
  ThreadPool pool(8);
  std::atomic<int> calls = 0;
  const std::function<void(std::size_t)> body = [&calls](std::size_t) { ++calls; };
  const std::size_t before = num_allocations;
  pool.ParallelFor(8, body);
  EXPECT_EQ(num_allocations - before, 0U);
  EXPECT_EQ(calls, 8);
}

TEST_P(AllocationTest, SparseStepsAllocateNothing) {
  const Pass pass = TrainingPass();
  Embedding table(500, 32, 1, random_);
  ParameterList parameters;
  table.AddParameters("table", parameters);
  std::vector<std::uint32_t> ids(2000);
  for (std::uint32_t& id : ids) id = static_cast<std::uint32_t>(random_.Below(500));
  const std::vector<std::size_t> begins = {0, 700, 2000};
  const Bags bags{.begin = begins, .ids = ids};

  for (const OptimizerKind kind : {OptimizerKind::kSgd, OptimizerKind::kAdagrad,
                                   OptimizerKind::kAdam, OptimizerKind::kAdamW}) {
    auto optimizer = Optimizer::Create(parameters, {.kind = kind, .weight_decay = 0.1});
    ASSERT_TRUE(optimizer.ok());
    Embedding::Cache cache;
    Embedding::Cache bag_cache;
    EXPECT_EQ(AllocationsOnceWarm([&] {
                const Matrix& output = table.Forward(ids, cache, pass);
                table.Backward(ids, output, cache, pass);
                const Matrix& sums = table.ForwardBags(bags, BagKind::kMean, bag_cache, pass);
                table.BackwardBags(bags, BagKind::kMean, sums, bag_cache, pass);
                optimizer->Step(0.01, pass.pool);
              }),
              0U);
  }
}

TEST_P(AllocationTest, LossesAllocateNothing) {
  const Pass pass = TrainingPass();
  const Matrix logits = RandomMatrix(100, 300, 2);
  const Matrix labels = RandomMatrix(100, 300, 3).cwiseAbs().cwiseMin(1);
  const std::vector<std::uint32_t> targets(100, 3);
  const std::vector<float> log_odds(300, -2);
  std::vector<std::size_t> bag_begins(101);
  for (std::size_t row = 0; row <= 100; ++row) bag_begins[row] = 2 * row;
  std::vector<std::uint32_t> bag_columns(200);
  for (std::size_t i = 0; i < 200; ++i) bag_columns[i] = static_cast<std::uint32_t>(i);
  const TargetBags bags{.begin = bag_begins, .columns = bag_columns};
  std::vector<float> by_row(300);
  std::vector<float> by_other_row(300);
  Matrix by;

  EXPECT_EQ(AllocationsOnceWarm([&] {
              MeanSquaredError(logits, labels, by);
              BinaryCrossEntropy(logits, labels, by);
              SoftmaxCrossEntropy(logits, targets, by, pass.pool);
              SampledSoftmaxCrossEntropy(logits, targets, {.log_odds = log_odds}, by, pass.pool);
              MultinomialCrossEntropy(logits, bags, log_odds, by, pass.pool);
              const std::span<const float> positive(logits.row(0).data(), 300);
              const std::span<const float> negative(logits.row(1).data(), 300);
              BprLoss(positive, negative, {by_row, by_other_row});
              HingeLoss(positive, negative, 1, {by_row, by_other_row});
              CosineContrastiveLoss(positive.first(100), logits, {}, by_row, by);
            }),
            0U);
}

INSTANTIATE_TEST_SUITE_P(Threads, AllocationTest, ::testing::Values(0, 2));

}  // namespace
}  // namespace vitrine::nn
