#include "vitrine/nn/transformer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "nn/checks.h"
#include "nn/sequence_checks.h"

namespace vitrine::nn {
namespace {

using testing::CheckSequenceLayer;
using testing::kSequences;
using testing::LastPlaces;
using testing::RandomMatrix;

TransformerOptions WithFrequencies() {
  return {.dimensions = 6,
          .num_heads = 2,
          .inner = 8,
          .dropout = 0.2,
          .inner_dropout = 0,
          .attention_dropout = 0.3,
          .norm_first = false,
          .num_frequencies = 2,
          .window = 5,
          .frequency_share = 0.6};
}

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

TEST(TransformerBlockTest, GradientsWithAFrequencyLayerAreTheSlopesOfTheLoss) {
  Random random(1);
  TransformerBlock layer(WithFrequencies(), random);

  CheckSequenceLayer(layer, 6, kSequences, /*is_training=*/true);
}

TEST(TransformerBlockTest, AFrequencyLayerHasItsShare) {
  Random random(1);
  TransformerOptions options = WithFrequencies();
  options.frequency_share = 1;
  TransformerBlock layer(options, random);
  const Matrix input = RandomMatrix(8, 6, 2);
  TransformerBlock::Cache cache;

  layer.Forward(input, kSequences, cache, {});
  EXPECT_EQ(cache.mixed, cache.frequency.output());

  layer.frequency_share = 0.25;
  layer.Forward(input, kSequences, cache, {});
  EXPECT_LT((cache.mixed - 0.25F * cache.frequency.output() - 0.75F * cache.norm1.output).norm(),
            1e-6);
}

class CausalBlockTest : public ::testing::TestWithParam<TransformerOptions> {};

TEST_P(CausalBlockTest, WhatComesLaterChangesNothingBefore) {
  Random random(1);
  const TransformerBlock layer(GetParam(), random);
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

INSTANTIATE_TEST_SUITE_P(
    Blocks, CausalBlockTest,
    ::testing::Values(TransformerOptions{.dimensions = 6, .num_heads = 2, .inner = 8},
                      WithFrequencies()));

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
    EXPECT_LT((alone.last_attention.output() - expected_of_attention).norm(),
              1e-5F * expected_of_attention.norm());
    ExpectLearnsAsAmongAll(input, sequences, cache, alone);
  }

  // After Forward and ForwardLast. Where nothing is asked of the other places, it is all the same.
  void ExpectLearnsAsAmongAll(const Matrix& input, const Sequences& sequences,
                              TransformerBlock::Cache& cache,
                              TransformerBlock::Cache& alone) const {
    TransformerBlock among_all = block_;
    TransformerBlock by_itself = block_;
    const Matrix by_last =
        RandomMatrix(static_cast<Eigen::Index>(sequences.number), input.cols(), 7);
    Matrix by_all = Matrix::Zero(input.rows(), input.cols());
    AddToLastRows(by_last, sequences, by_all);

    const Matrix& expected = among_all.Backward(input, sequences, by_all, cache, {});
    const Matrix& by_input = by_itself.BackwardLast(input, sequences, by_last, alone, {});

    EXPECT_LT((by_input - expected).norm(), 1e-4F * expected.norm());
    ParameterList of_all;
    among_all.AddParameters("", of_all);
    ParameterList of_last;
    by_itself.AddParameters("", of_last);
    for (std::size_t i = 0; i < of_all.size(); ++i) {
      const Matrix& wanted = of_all[i].parameter->gradient;
      EXPECT_LT((of_last[i].parameter->gradient - wanted).norm(), 1e-4F * (wanted.norm() + 1e-3F))
          << of_all[i].name;
    }
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

TEST(LastPlaceOfABlockTest, GradientsAreTheSlopesOfTheLoss) {
  Random random(1);
  TransformerOptions options = WithFrequencies();
  for (const std::size_t num_frequencies : {0, 2}) {
    options.num_frequencies = num_frequencies;
    LastPlaces<TransformerBlock> last{TransformerBlock(options, random)};

    CheckSequenceLayer(last, 6, kSequences, /*is_training=*/true);
  }
}

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
                           .norm_first = false},
        TransformerOptions{.dimensions = 12,
                           .num_heads = 2,
                           .inner = 20,
                           .norm_first = false,
                           .num_frequencies = 3,
                           .window = 50,
                           .frequency_share = 0.7}));

}  // namespace
}  // namespace vitrine::nn
