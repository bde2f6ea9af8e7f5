#include "vitrine/nn/convolution.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "nn/checks.h"
#include "vitrine/nn/propagation.h"

namespace vitrine::nn {
namespace {

using testing::CheckLayer;
using testing::ExpectThreadsChangeNoBit;
using testing::RandomMatrix;

TEST(ConvolutionTest, OfASequenceIsAWeightedSumOfEachWindow) {
  Random random(1);
  Convolution layer({1, 1, 4}, 1, {.width = 3, .padding_width = 1}, random);
  layer.dense.weight.value << 1, 10, 100;
  layer.dense.bias.value << 5;
  Matrix input(1, 4);
  input << 1, 2, 3, 4;
  Convolution::Cache cache;

  Matrix expected(1, 4);
  expected << 215, 326, 437, 48;
  EXPECT_EQ(layer.Forward(input, cache, {}), expected);
  EXPECT_EQ(layer.dense.weight.shape, (std::vector<std::size_t>{1, 1, 3}));
}

TEST(ConvolutionTest, GradientsAreTheSlopesOfTheLoss) {
  Random random(1);
  Convolution layer({2, 5, 4}, 3,
                    {.height = 3, .width = 2, .stride = 2, .padding_height = 1, .padding_width = 1},
                    random);
  Matrix input = RandomMatrix(2, 40, 2);
  ParameterList parameters;
  layer.AddParameters("", parameters);

  EXPECT_EQ(layer.OutputShape().height, 3U);
  EXPECT_EQ(layer.OutputShape().width, 3U);
  CheckLayer(layer, input, parameters, Pass());
}

TEST(ConvolutionTest, GradientsOfASequenceAreTheSlopesOfTheLoss) {
  Random random(1);
  Convolution layer({3, 1, 7}, 2, {.width = 3, .stride = 2, .padding_width = 1}, random);
  Matrix input = RandomMatrix(4, 21, 2);
  ParameterList parameters;
  layer.AddParameters("", parameters);

  CheckLayer(layer, input, parameters, Pass());
}

TEST(ConvolutionTest, ThreadsChangeNoBit) {
  Random random(1);
  ExpectThreadsChangeNoBit(
      Convolution({3, 16, 16}, 8, {.height = 3, .width = 3, .padding_height = 1}, random),
      RandomMatrix(40, 3 * 16 * 16, 2));
}

class PoolingTest : public ::testing::TestWithParam<PoolingKind> {};

TEST_P(PoolingTest, GradientsAreTheSlopesOfTheLoss) {
  Pooling layer{{2, 4, 5}, {.height = 2, .width = 3, .stride = 2, .padding_width = 1}, GetParam()};
  Matrix input(2, 40);
  // Far enough apart that a difference does not change which is the largest.
  for (Eigen::Index i = 0; i < 80; ++i) input.data()[i] = static_cast<float>(i * 37 % 80) / 8 - 5;

  CheckLayer(layer, input, {}, Pass());
}

TEST_P(PoolingTest, ThreadsChangeNoBit) {
  ExpectThreadsChangeNoBit(Pooling{{3, 16, 16}, {.height = 2, .width = 2, .stride = 2}, GetParam()},
                           RandomMatrix(40, 3 * 16 * 16, 2));
}

INSTANTIATE_TEST_SUITE_P(Kinds, PoolingTest,
                         ::testing::Values(PoolingKind::kMax, PoolingKind::kMean));

TEST(PoolingValuesTest, AreTheLargestOrTheMean) {
  Matrix input(1, 4);
  input << -1, -3, 5, 7;
  const Windows windows{.width = 2, .stride = 2};
  Pooling::Cache cache;

  Matrix largest(1, 2);
  largest << -1, 7;
  Matrix mean(1, 2);
  mean << -2, 6;
  EXPECT_EQ((Pooling{{1, 1, 4}, windows, PoolingKind::kMax}.Forward(input, cache, {})), largest);
  EXPECT_EQ((Pooling{{1, 1, 4}, windows, PoolingKind::kMean}.Forward(input, cache, {})), mean);
}

// Two users, three items.
CsrMatrix Likes() {
  CsrMatrix likes;
  likes.num_rows = 2;
  likes.num_cols = 3;
  likes.row_begin = {0, 2, 3};
  likes.column = {0, 2, 2};
  likes.value = {1, 1, 1};
  return likes;
}

TEST(PropagationTest, GraphIsScaledByTheRootsOfDegrees) {
  const CsrMatrix graph = NormalizedGraph(Likes());

  Matrix dense = Matrix::Zero(5, 5);
  for (std::size_t row = 0; row < 5; ++row) {
    for (std::size_t i = 0; i < graph.Columns(row).size(); ++i) {
      dense(static_cast<Eigen::Index>(row), graph.Columns(row)[i]) = graph.Values(row)[i];
    }
  }
  EXPECT_EQ(dense, dense.transpose());
  EXPECT_NEAR(dense(0, 2), 1 / std::sqrt(2.0 * 1.0), 1e-6);
  EXPECT_NEAR(dense(0, 4), 1 / std::sqrt(2.0 * 2.0), 1e-6);
  EXPECT_NEAR(dense(1, 4), 1 / std::sqrt(1.0 * 2.0), 1e-6);
  EXPECT_EQ(dense.row(3).norm(), 0) << "nobody likes it";
}

TEST(PropagationTest, IsTheMeanOfPowers) {
  Propagation layer{.graph = NormalizedGraph(Likes()), .layers = 2};
  Matrix a = Matrix::Zero(5, 5);
  for (std::size_t row = 0; row < 5; ++row) {
    for (std::size_t i = 0; i < layer.graph.Columns(row).size(); ++i) {
      a(static_cast<Eigen::Index>(row), layer.graph.Columns(row)[i]) = layer.graph.Values(row)[i];
    }
  }
  const Matrix input = RandomMatrix(5, 3, 1);
  Propagation::Cache cache;
  ThreadPool pool(2);

  const Matrix output = layer.Forward(input, cache, {.pool = &pool});

  EXPECT_LT((output - (input + a * input + a * a * input) / 3).norm(), 1e-6);
  EXPECT_EQ(output, layer.Forward(input, cache, {}));
}

TEST(PropagationTest, GradientsAreTheSlopesOfTheLoss) {
  Propagation layer{.graph = NormalizedGraph(Likes()), .layers = 3};
  Matrix input = RandomMatrix(5, 3, 1);

  CheckLayer(layer, input, {}, Pass());
}

ItemPropagation ItemsOf(const CsrMatrix& likes, std::size_t hops) {
  const CsrMatrix pairs = NormalizedPairs(likes);
  return {.by_user = pairs, .by_item = Transpose(pairs), .hops = hops};
}

// The whole graph, with users at zero: what reaches items, and what reaches users.
TEST(ItemPropagationTest, IsThePropagationOfUsersAtZero) {
  constexpr std::size_t kHops = 2;
  const Propagation whole{.graph = NormalizedGraph(Likes()), .layers = 2 * kHops + 1};
  const ItemPropagation layer = ItemsOf(Likes(), kHops);
  Matrix input = Matrix::Zero(5, 3);
  input.bottomRows(3) = RandomMatrix(3, 3, 1);
  Matrix pairs = Matrix::Zero(2, 3);
  pairs << 1 / std::sqrt(2.0F), 0, 0.5F, 0, 0, 1 / std::sqrt(2.0F);
  Propagation::Cache whole_cache;
  ItemPropagation::Cache cache;
  ThreadPool pool(2);

  const Matrix items = layer.Forward(input.bottomRows(3), cache, {.pool = &pool});
  const Matrix& expected = whole.Forward(input, whole_cache, {});

  EXPECT_LT((items / 2 - expected.bottomRows(3)).norm(), 1e-6);
  EXPECT_LT((pairs * items / 2 - expected.topRows(2)).norm(), 1e-6);
  EXPECT_EQ(items, layer.Forward(input.bottomRows(3), cache, {}));
}

TEST(ItemPropagationTest, GradientsAreTheSlopesOfTheLoss) {
  ItemPropagation layer = ItemsOf(Likes(), 2);
  Matrix input = RandomMatrix(3, 3, 1);

  CheckLayer(layer, input, {}, Pass());
}

}  // namespace
}  // namespace vitrine::nn
