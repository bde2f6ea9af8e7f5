#include "vitrine/nn/recurrent.h"

#include <gtest/gtest.h>

#include "nn/checks.h"
#include "nn/sequence_checks.h"

namespace vitrine::nn {
namespace {

using testing::CheckSequenceLayer;
using testing::ExpectSequenceThreadsChangeNoBit;
using testing::kSequences;
using testing::RandomMatrix;

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

  ExpectSequenceThreadsChangeNoBit(layer, 16);
}

INSTANTIATE_TEST_SUITE_P(Kinds, RecurrentTest,
                         ::testing::Values(RecurrentKind::kGru, RecurrentKind::kLstm));

}  // namespace
}  // namespace vitrine::nn
