#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "nn/checks.h"
#include "vitrine/nn/attention.h"
#include "vitrine/nn/recurrent.h"
#include "vitrine/nn/transformer.h"

namespace vitrine::nn {
namespace {

using testing::CheckGradients;
using testing::kGradientTolerance;
using testing::RandomMatrix;
using testing::Weighed;

// Two sequences of four places, with padding in front of the one and behind the other.
const std::vector<std::uint8_t> kIsReal = {0, 1, 1, 1, 1, 1, 0, 0};
const Sequences kSequences{.number = 2, .length = 4, .is_real = kIsReal};

// Layers whose Forward takes sequences too; in training, the same is dropped each time.
template <typename Layer>
void CheckSequenceLayer(Layer& layer, Eigen::Index columns, const Sequences& sequences,
                        bool is_training = false) {
  ParameterList parameters;
  layer.AddParameters("layer", parameters);
  Matrix input =
      RandomMatrix(static_cast<Eigen::Index>(sequences.number * sequences.length), columns, 5);
  Random random(9);
  const Pass pass{.random = is_training ? &random : nullptr};
  typename Layer::Cache cache;
  const Matrix& output = layer.Forward(input, sequences, cache, pass);
  const Matrix by_output = RandomMatrix(output.rows(), output.cols(), 6);
  const Matrix by_input = layer.Backward(input, sequences, by_output, cache, pass);
  const auto loss = [&] {
    random = Random(9);
    typename Layer::Cache other;
    return Weighed(layer.Forward(input, sequences, other, pass), by_output);
  };
  for (const NamedParameter& named : parameters) {
    // Keys' bias moves all scores of a row alike, so that its gradient is nothing but rounding.
    if (named.name == "layer.self_attn.in_proj_bias" || named.name == "layer.in_proj_bias") {
      const Eigen::Index d = named.parameter->value.cols() / 3;
      EXPECT_LT(named.parameter->gradient.middleCols(d, d).norm(), 1e-4);
    }
    EXPECT_LT(GradientError(named.parameter->value, named.parameter->gradient, loss),
              kGradientTolerance)
        << named.name;
  }
  EXPECT_LT(GradientError(input, by_input, loss), kGradientTolerance);
}

template <typename Layer>
void ExpectThreadsChangeNoBit(Layer& layer, Eigen::Index columns) {
  const Sequences sequences{.number = 40, .length = 30};
  const Matrix input = RandomMatrix(1200, columns, 5);
  ThreadPool pool(3);
  typename Layer::Cache alone;
  typename Layer::Cache together;
  ParameterList parameters;
  layer.AddParameters("", parameters);

  const Matrix output = layer.Forward(input, sequences, alone, {});
  const Matrix by_input = layer.Backward(input, sequences, output, alone, {});
  std::vector<Matrix> gradients;
  for (const NamedParameter& named : parameters) gradients.push_back(named.parameter->gradient);
  ZeroGradients(parameters);

  EXPECT_EQ(layer.Forward(input, sequences, together, {.pool = &pool}), output);
  EXPECT_EQ(layer.Backward(input, sequences, output, together, {.pool = &pool}), by_input);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    EXPECT_EQ(parameters[i].parameter->gradient, gradients[i]) << parameters[i].name;
  }
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

TEST_P(AttentionTest, ThreadsChangeNoBit) {
  Random random(1);
  Attention layer(32, 2, random);
  layer.AddNearness(8);
  layer.is_causal = GetParam();

  ExpectThreadsChangeNoBit(layer, 32);
}

INSTANTIATE_TEST_SUITE_P(IsCausal, AttentionTest, ::testing::Bool());

TEST(TransformerBlockTest, GradientsAreTheSlopesOfTheLoss) {
  Random random(1);
  TransformerBlock layer(
      {.dimensions = 6, .num_heads = 2, .inner = 8, .dropout = 0, .inner_dropout = 0}, random);

  CheckSequenceLayer(layer, 6, kSequences);
}

TEST(TransformerBlockTest, GradientsWithNormsLastAreTheSlopesOfTheLoss) {
  Random random(1);
  TransformerBlock layer({.dimensions = 6,
                          .num_heads = 2,
                          .inner = 8,
                          .dropout = 0.2,
                          .inner_dropout = 0.4,
                          .attention_dropout = 0.3,
                          .norm_first = false},
                         random);

  CheckSequenceLayer(layer, 6, kSequences, /*is_training=*/true);
}

TEST(TransformerBlockTest, WhatComesLaterChangesNothingBefore) {
  Random random(1);
  const TransformerBlock layer({.dimensions = 6, .num_heads = 2, .inner = 8}, random);
  Matrix input = RandomMatrix(8, 6, 2);
  const Sequences sequences{.number = 2, .length = 4};
  TransformerBlock::Cache cache;
  const Matrix before = layer.Forward(input, sequences, cache, {});

  input.row(2).setConstant(9);
  const Matrix& after = layer.Forward(input, sequences, cache, {});

  EXPECT_EQ(after.topRows(2), before.topRows(2));
  EXPECT_NE(after.row(2), before.row(2));
  EXPECT_NE(after.row(3), before.row(3));
  EXPECT_EQ(after.bottomRows(4), before.bottomRows(4)) << "another sequence";
}

TEST(SequencesTest, TheLastRealPlaceIsTheOneBeforePadding) {
  const std::vector<std::uint8_t> nothing_real = {0, 0, 0};

  EXPECT_EQ(kSequences.LastReal(0), 3U);
  EXPECT_EQ(kSequences.LastReal(1), 1U);
  EXPECT_EQ((Sequences{.number = 1, .length = 3}).LastReal(0), 2U);
  EXPECT_EQ((Sequences{.number = 1, .length = 3, .is_real = nothing_real}).LastReal(0), 0U);
}

class LastPlaceTest : public ::testing::TestWithParam<TransformerOptions> {
 protected:
  // With numbers in what is zero or one at first.
  LastPlaceTest() : block_(GetParam(), random_) {
    ParameterList parameters;
    block_.AddParameters("block", parameters);
    for (const NamedParameter& each : parameters) FillNormal(*each.parameter, 0.3, random_);
  }

  void ExpectAsAmongAll(const Sequences& sequences) const {
    const Matrix input =
        RandomMatrix(static_cast<Eigen::Index>(sequences.number * sequences.length),
                     static_cast<Eigen::Index>(GetParam().dimensions), 2);
    TransformerBlock::Cache cache;
    TransformerBlock::Cache alone;
    Matrix expected;
    Matrix expected_of_attention;
    LastRows(block_.Forward(input, sequences, cache, {}), sequences, expected);
    LastRows(cache.attention.output(), sequences, expected_of_attention);

    const Matrix& last = block_.ForwardLast(input, sequences, alone, {});

    ASSERT_EQ(last.rows(), expected.rows());
    EXPECT_LT((last - expected).norm(), 1e-5F * expected.norm());
    EXPECT_LT((alone.attention.output() - expected_of_attention).norm(),
              1e-5F * expected_of_attention.norm());
  }

  Random random_{1};
  TransformerBlock block_;
};

TEST_P(LastPlaceTest, IsAsAmongAll) {
  ExpectAsAmongAll({.number = 3, .length = 7});
  ExpectAsAmongAll({.number = 1, .length = 50});
}

TEST_P(LastPlaceTest, IsTheLastRealOneAmongPadding) {
  const std::vector<std::uint8_t> nothing_real_first = {0, 0, 0, 0, 1, 1, 1, 1};

  ExpectAsAmongAll(kSequences);
  ExpectAsAmongAll({.number = 2, .length = 4, .is_real = nothing_real_first});
}

TEST_P(LastPlaceTest, MayBeTheOnlyOne) { ExpectAsAmongAll({.number = 2, .length = 1}); }

TEST_P(LastPlaceTest, ThreadsChangeNoBit) {
  const Sequences sequences{.number = 200, .length = 30};
  const Matrix input = RandomMatrix(6000, static_cast<Eigen::Index>(GetParam().dimensions), 5);
  ThreadPool pool(3);
  TransformerBlock::Cache alone;
  TransformerBlock::Cache together;

  EXPECT_EQ(block_.ForwardLast(input, sequences, together, {.pool = &pool}),
            block_.ForwardLast(input, sequences, alone, {}));
}

INSTANTIATE_TEST_SUITE_P(
    Blocks, LastPlaceTest,
    ::testing::Values(
        TransformerOptions{.dimensions = 12, .num_heads = 1, .inner = 20},
        TransformerOptions{.dimensions = 12, .num_heads = 12, .inner = 20, .is_causal = false},
        TransformerOptions{.dimensions = 12,
                           .num_heads = 3,
                           .inner = 20,
                           .num_distances = 3,
                           .activation = ActivationKind::kRelu},
        TransformerOptions{.dimensions = 12, .num_heads = 2, .inner = 20, .norm_first = false},
        TransformerOptions{.dimensions = 12,
                           .num_heads = 4,
                           .inner = 20,
                           .is_causal = false,
                           .num_distances = 3,
                           .norm_first = false}));

class RecurrentTest : public ::testing::TestWithParam<RecurrentKind> {
 protected:
  Random random_{1};
};

TEST_P(RecurrentTest, GradientsAreTheSlopesOfTheLoss) {
  Recurrent layer(GetParam(), 3, 4, random_);

  CheckSequenceLayer(layer, 3, kSequences);
}

TEST_P(RecurrentTest, PaddingLeavesTheStateAsItWas) {
  const Recurrent layer(GetParam(), 3, 4, random_);
  const Matrix input = RandomMatrix(8, 3, 2);
  Recurrent::Cache cache;
  Recurrent::Cache short_cache;

  const Matrix& output = layer.Forward(input, kSequences, cache, {});
  const Matrix& shorter =
      layer.Forward(input.middleRows(1, 3), {.number = 1, .length = 3}, short_cache, {});

  EXPECT_EQ(output.row(0).norm(), 0);
  EXPECT_LT((output.middleRows(1, 3) - shorter).norm(), 1e-6);
  EXPECT_EQ(output.row(6), output.row(5));
  EXPECT_EQ(output.row(7), output.row(5));
}

TEST_P(RecurrentTest, ThreadsChangeNoBit) {
  Recurrent layer(GetParam(), 16, 48, random_);

  ExpectThreadsChangeNoBit(layer, 16);
}

INSTANTIATE_TEST_SUITE_P(Kinds, RecurrentTest,
                         ::testing::Values(RecurrentKind::kGru, RecurrentKind::kLstm));

}  // namespace
}  // namespace vitrine::nn
