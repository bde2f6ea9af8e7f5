#include "vitrine/nn/attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "nn/checks.h"
#include "nn/sequence_checks.h"

namespace vitrine::nn {
namespace {

using testing::CheckSequenceLayer;
using testing::ExpectSequenceThreadsChangeNoBit;
using testing::kSequences;
using testing::LastPlaces;
using testing::RandomMatrix;

TEST(SequencesTest, TheLastRealPlaceIsTheOneBeforePadding) {
  const std::vector<std::uint8_t> nothing_real = {0, 0, 0};

  EXPECT_EQ(kSequences.LastReal(0), 3U);
  EXPECT_EQ(kSequences.LastReal(1), 1U);
  EXPECT_EQ((Sequences{.number = 1, .length = 3}).LastReal(0), 2U);
  EXPECT_EQ((Sequences{.number = 1, .length = 3, .is_real = nothing_real}).LastReal(0), 0U);
}

// By the equation, for one sequence, in double.
Matrix SlowAttention(const Attention& layer, const Matrix& input, const Sequences& sequences,
                     std::size_t sequence) {
  const auto length = static_cast<Eigen::Index>(sequences.length);
  const Eigen::MatrixXd x =
      input.middleRows(static_cast<Eigen::Index>(sequence) * length, length).cast<double>();
  const Eigen::MatrixXd qkv =
      (x * layer.projection.weight.value.cast<double>().transpose()).rowwise() +
      layer.projection.bias.value.row(0).cast<double>();
  const Eigen::Index d = input.cols();
  const Eigen::Index width = d / static_cast<Eigen::Index>(layer.num_heads);
  Eigen::MatrixXd heads = Eigen::MatrixXd::Zero(length, d);
  for (Eigen::Index column = 0; column < d; column += width) {
    for (Eigen::Index from = 0; from < length; ++from) {
      double total = 0;
      for (Eigen::Index to = 0; to < length; ++to) {
        if (layer.is_causal && to > from) continue;
        if (!sequences.IsReal(sequence, static_cast<std::size_t>(to))) continue;
        double score =
            qkv.row(from).segment(column, width).dot(qkv.row(to).segment(d + column, width)) /
            std::sqrt(static_cast<double>(width));
        if (layer.nearness.value.size() > 0) {
          const Eigen::Index farthest = layer.nearness.value.cols() - 1;
          const Eigen::Index distance = to > from ? farthest : std::min(from - to, farthest);
          score += static_cast<double>(layer.nearness.value(column / width, distance));
        }
        const double odds = std::exp(score);
        total += odds;
        heads.row(from).segment(column, width) += odds * qkv.row(to).segment(2 * d + column, width);
      }
      if (total > 0) heads.row(from).segment(column, width) /= total;
    }
  }
  return ((heads * layer.out.weight.value.cast<double>().transpose()).rowwise() +
          layer.out.bias.value.row(0).cast<double>())
      .cast<float>();
}

class AttentionTest : public ::testing::TestWithParam<bool> {};

TEST_P(AttentionTest, IsTheEquation) {
  Random random(1);
  Attention layer(6, 3, random);
  FillNormal(layer.projection.bias, 1, random);
  layer.is_causal = GetParam();
  const Matrix input = RandomMatrix(8, 6, 2);
  Attention::Cache cache;

  const Matrix& output = layer.Forward(input, kSequences, cache, {});

  for (std::size_t s = 0; s < 2; ++s) {
    const auto own = output.middleRows(static_cast<Eigen::Index>(4 * s), 4);
    EXPECT_LT((own - SlowAttention(layer, input, kSequences, s)).norm(), 1e-5) << s;
  }
}

TEST_P(AttentionTest, IsTheEquationWithNearnessToo) {
  Random random(1);
  Attention layer(6, 3, random);
  layer.AddNearness(3);  // The fourth place is as far from the first as the third.
  FillNormal(layer.nearness, 1, random);
  layer.is_causal = GetParam();
  const Matrix input = RandomMatrix(8, 6, 2);
  Attention::Cache cache;

  const Matrix& output = layer.Forward(input, kSequences, cache, {});

  for (std::size_t s = 0; s < 2; ++s) {
    const auto own = output.middleRows(static_cast<Eigen::Index>(4 * s), 4);
    EXPECT_LT((own - SlowAttention(layer, input, kSequences, s)).norm(), 1e-5) << s;
  }
}

TEST_P(AttentionTest, GradientsWithNearnessAreTheSlopesOfTheLoss) {
  Random random(1);
  Attention layer(6, 3, random);
  layer.AddNearness(3);
  FillNormal(layer.nearness, 1, random);
  layer.is_causal = GetParam();

  CheckSequenceLayer(layer, 6, kSequences);
}

TEST_P(AttentionTest, GradientsWhereOddsAreDroppedAreTheSlopesOfTheLoss) {
  Random random(1);
  Attention layer(6, 3, random);
  layer.is_causal = GetParam();
  layer.dropout.rate = 0.4;

  CheckSequenceLayer(layer, 6, kSequences, /*is_training=*/true);
}

TEST_P(AttentionTest, OddsAreDroppedInTrainingAlone) {
  Random random(1);
  Attention layer(6, 3, random);
  layer.is_causal = GetParam();
  const Matrix input = RandomMatrix(8, 6, 2);
  Attention::Cache cache;
  const Matrix before = layer.Forward(input, kSequences, cache, {});

  layer.dropout.rate = 0.4;

  EXPECT_EQ(layer.Forward(input, kSequences, cache, {}), before);
  EXPECT_NE(layer.Forward(input, kSequences, cache, {.random = &random}), before);
}

TEST_P(AttentionTest, GradientsAreTheSlopesOfTheLoss) {
  Random random(1);
  Attention layer(6, 3, random);
  FillNormal(layer.projection.bias, 1, random);
  layer.is_causal = GetParam();

  CheckSequenceLayer(layer, 6, kSequences);
}

TEST_P(AttentionTest, GradientsOfTheLastPlacesAreTheSlopesOfTheLoss) {
  Random random(1);
  Attention layer(6, 3, random);
  FillNormal(layer.projection.bias, 1, random);
  layer.AddNearness(3);
  FillNormal(layer.nearness, 1, random);
  layer.is_causal = GetParam();
  LastPlaces<Attention, Attention::LastCache> last{layer};

  CheckSequenceLayer(last, 6, kSequences);
  last.layer.dropout.rate = 0.4;
  CheckSequenceLayer(last, 6, kSequences, /*is_training=*/true);
}

TEST_P(AttentionTest, ThreadsChangeNoBitOfTheLastPlaces) {
  Random random(1);
  LastPlaces<Attention, Attention::LastCache> last{Attention(32, 2, random)};
  last.layer.AddNearness(8);
  last.layer.is_causal = GetParam();

  ExpectSequenceThreadsChangeNoBit(last, 32);
}

TEST_P(AttentionTest, ThreadsChangeNoBit) {
  Random random(1);
  Attention layer(32, 2, random);
  layer.AddNearness(8);
  layer.is_causal = GetParam();

  ExpectSequenceThreadsChangeNoBit(layer, 32);
}

INSTANTIATE_TEST_SUITE_P(IsCausal, AttentionTest, ::testing::Bool());

}  // namespace
}  // namespace vitrine::nn
