#include "vitrine/nn/embedding.h"

#include <gmock/gmock.h>

#include <vector>

#include "nn/checks.h"

namespace vitrine::nn {
namespace {

using ::testing::ElementsAre;
using testing::kGradientTolerance;
using testing::RandomMatrix;
using testing::Weighed;

class EmbeddingTest : public ::testing::Test {
 protected:
  Random random_{1};
  Embedding table_{7, 3, 1, random_};
  Embedding::Cache cache_;
};

TEST_F(EmbeddingTest, LooksUpRowsAndNothingIsZero) {
  const std::vector<std::uint32_t> ids = {4, kNoId, 4};

  const Matrix& output = table_.Forward(ids, cache_, {});

  EXPECT_EQ(output.row(0), table_.weight.value.row(4));
  EXPECT_EQ(output.row(1).norm(), 0);
  EXPECT_EQ(output.row(2), output.row(0));
}

TEST_F(EmbeddingTest, GradientsAreOfTouchedRowsAloneAndAddUp) {
  const std::vector<std::uint32_t> ids = {4, kNoId, 2, 4};
  const std::vector<std::uint32_t> others = {2, 6};
  const Matrix by = RandomMatrix(4, 3, 2);
  const Matrix by_others = RandomMatrix(2, 3, 3);

  table_.Backward(ids, by, cache_, {});
  table_.Backward(others, by_others, cache_, {});

  EXPECT_THAT(table_.weight.touched, ElementsAre(2, 4, 6));
  Matrix expected = Matrix::Zero(7, 3);
  expected.row(4) = by.row(0) + by.row(3);
  expected.row(2) = by.row(2) + by_others.row(0);
  expected.row(6) = by_others.row(1);
  EXPECT_LT((table_.weight.gradient - expected).norm(), 1e-6);
}

TEST_F(EmbeddingTest, GradientsAreTheSlopesOfTheLoss) {
  const std::vector<std::uint32_t> ids = {4, kNoId, 2, 4};
  const Matrix by = RandomMatrix(4, 3, 2);

  table_.Backward(ids, by, cache_, {});

  EXPECT_LT(GradientError(table_.weight.value, table_.weight.gradient,
                          [&] {
                            Embedding::Cache other;
                            return Weighed(table_.Forward(ids, other, {}), by);
                          }),
            kGradientTolerance);
}

struct BagCase {
  BagKind kind;
  bool has_weights;
};

class BagTest : public EmbeddingTest, public ::testing::WithParamInterface<BagCase> {
 protected:
  const std::vector<std::size_t> begin_ = {0, 3, 3, 5};
  const std::vector<std::uint32_t> ids_ = {1, 1, 5, kNoId, 0};
  const std::vector<float> weights_ = {1, 2, -0.5F, 3, 0.25F};

  Bags MakeBags() const {
    Bags bags{.begin = begin_, .ids = ids_};
    if (GetParam().has_weights) bags.weights = weights_;
    return bags;
  }
};

TEST_P(BagTest, AddsUpTheVectorsInIt) {
  const Bags bags = MakeBags();
  const auto weight = [&](std::size_t i) { return bags.weights.empty() ? 1 : bags.weights[i]; };
  const Matrix& rows = table_.weight.value;
  Matrix expected = Matrix::Zero(3, 3);
  expected.row(0) = (weight(0) + weight(1)) * rows.row(1) + weight(2) * rows.row(5);
  expected.row(2) = weight(4) * rows.row(0);
  if (GetParam().kind == BagKind::kMean) {
    expected.row(0) /= 3;
    expected.row(2) /= 2;
  }

  EXPECT_LT((table_.ForwardBags(bags, GetParam().kind, cache_, {}) - expected).norm(), 1e-6);
}

TEST_P(BagTest, GradientsAreTheSlopesOfTheLoss) {
  const Bags bags = MakeBags();
  const Matrix by = RandomMatrix(3, 3, 4);

  table_.BackwardBags(bags, GetParam().kind, by, cache_, {});

  EXPECT_THAT(table_.weight.touched, ElementsAre(0, 1, 5));
  EXPECT_LT(GradientError(table_.weight.value, table_.weight.gradient,
                          [&] {
                            Embedding::Cache other;
                            return Weighed(table_.ForwardBags(bags, GetParam().kind, other, {}),
                                           by);
                          }),
            kGradientTolerance);
}

INSTANTIATE_TEST_SUITE_P(Kinds, BagTest,
                         ::testing::Values(BagCase{BagKind::kSum, false},
                                           BagCase{BagKind::kMean, false},
                                           BagCase{BagKind::kSum, true},
                                           BagCase{BagKind::kMean, true}));

TEST(EmbeddingThreadsTest, ChangeNoBit) {
  Random random(1);
  Embedding one(50, 32, 1, random);
  Embedding two = one;
  std::vector<std::uint32_t> ids(3000);
  for (std::uint32_t& id : ids) id = static_cast<std::uint32_t>(random.Below(50));
  const Matrix by = RandomMatrix(3000, 32, 2);
  ThreadPool pool(3);
  Embedding::Cache alone;
  Embedding::Cache together;

  one.Backward(ids, by, alone, {});
  two.Backward(ids, by, together, {.pool = &pool});

  EXPECT_EQ(one.weight.gradient, two.weight.gradient);
}

}  // namespace
}  // namespace vitrine::nn
