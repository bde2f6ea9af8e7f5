#include "vitrine/scorers/item_vectors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "vitrine/base/random.h"

namespace vitrine {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::Pointwise;

std::vector<float> CosinesOf(const ItemVectors& vectors, std::uint32_t item,
                             const std::vector<std::uint32_t>& others) {
  std::vector<ItemIndex> indices;
  for (const std::uint32_t other : others) indices.push_back(ItemIndex{other});
  std::vector<float> cosines(others.size(), 9);
  vectors.Cosines(ItemIndex{item}, indices, cosines);
  return cosines;
}

TEST(ItemVectorsTest, FactorsCompareByTheirAngle) {
  Matrix factors(4, 2);
  factors << 3, 0,  //
      0, 0.5F,      //
      -2, 0,        //
      1, 1;
  const auto vectors = MakeFactorVectors(nullptr, factors);

  EXPECT_THAT(CosinesOf(*vectors, 0, {0, 1, 2, 3}),
              Pointwise(FloatNear(1e-6F), {1.0F, 0.0F, -1.0F, std::sqrt(0.5F)}));
}

TEST(ItemVectorsTest, SparseRowsCompareByTheirAngle) {
  // 0: (1, 2, 0), 1: (0, 1, 1), 2: (0, 0, 0), 3: (2, 4, 0)
  const CsrMatrix rows{.num_rows = 4,
                       .num_cols = 3,
                       .row_begin = {0, 2, 4, 4, 6},
                       .column = {0, 1, 1, 2, 0, 1},
                       .value = {1, 2, 1, 1, 2, 4}};
  const auto vectors = MakeSparseVectors(nullptr, rows);

  EXPECT_THAT(CosinesOf(*vectors, 0, {0, 1, 2, 3}),
              Pointwise(FloatNear(1e-6F), {1.0F, 2 / std::sqrt(10.0F), 0.0F, 1.0F}));
  EXPECT_FALSE(vectors->Knows(ItemIndex{2}));
}

TEST(ItemVectorsTest, WhatIsNotKnownIsLikeNothing) {
  Matrix factors = Matrix::Zero(2, 3);
  factors(0, 1) = 1;
  const auto vectors = MakeFactorVectors(nullptr, factors);

  EXPECT_TRUE(vectors->Knows(ItemIndex{0}));
  EXPECT_FALSE(vectors->Knows(ItemIndex{1}));
  EXPECT_FALSE(vectors->Knows(ItemIndex{7}));
  EXPECT_THAT(CosinesOf(*vectors, 0, {1, 7}), ElementsAre(0, 0));
  EXPECT_THAT(CosinesOf(*vectors, 7, {0, 1}), ElementsAre(0, 0));
  EXPECT_THAT(CosinesOf(*vectors, 1, {0, 1}), ElementsAre(0, 0));
}

// The same numbers as sparse rows and as dense ones.
TEST(ItemVectorsTest, SparseAndDenseAgree) {
  Random random(5);
  Matrix factors = Matrix::Zero(20, 15);
  CsrMatrix rows{.num_rows = 20, .num_cols = 15};
  for (Eigen::Index r = 0; r < factors.rows(); ++r) {
    for (Eigen::Index c = 0; c < factors.cols(); ++c) {
      if (random.Below(3) != 0) continue;
      factors(r, c) = static_cast<float>(random.Below(100)) / 10 - 4.95F;
      rows.column.push_back(static_cast<std::uint32_t>(c));
      rows.value.push_back(factors(r, c));
    }
    rows.row_begin.push_back(rows.column.size());
  }
  const auto dense = MakeFactorVectors(nullptr, factors);
  const auto sparse = MakeSparseVectors(nullptr, rows);
  std::vector<std::uint32_t> all;
  for (std::uint32_t i = 0; i < 20; ++i) all.push_back(i);

  for (const std::uint32_t item : all) {
    EXPECT_THAT(CosinesOf(*dense, item, all),
                Pointwise(FloatNear(1e-5F), CosinesOf(*sparse, item, all)));
  }
}

}  // namespace
}  // namespace vitrine
