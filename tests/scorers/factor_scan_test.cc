// What blocks of many items must not change: the lists, to the last bit.
#include "scorers/factor_scan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

#include "scorers/slow_best.h"
#include "vitrine/base/random.h"

namespace vitrine {
namespace {

using testing::SlowBest;

constexpr std::size_t kItems = 6000;
constexpr std::size_t kDimensions = 20;

Matrix Drawn(std::size_t num_rows, Random& random, std::size_t num_cols = kDimensions) {
  Matrix rows(static_cast<Eigen::Index>(num_rows), static_cast<Eigen::Index>(num_cols));
  for (float& value : rows.reshaped()) value = static_cast<float>(random.Normal());
  return rows;
}

// Items about thirty directions, some that nothing is known of, and some that are alike.
Matrix SomeFactors() {
  Random random(1);
  const Matrix directions = Drawn(30, random);
  Matrix factors = 0.3F * Drawn(kItems, random);
  for (Eigen::Index row = 0; row < factors.rows(); ++row) {
    factors.row(row) += directions.row(static_cast<Eigen::Index>(random.Below(30)));
    factors.row(row) *= static_cast<float>(random.Uniform());
    if (row % 11 == 3) factors.row(row).setZero();
    if (row % 13 == 5) factors.row(row) = factors.row(row % 7);
  }
  return factors;
}

// Items that point all the same way, 1,280 each of four lengths that differ in their last digits:
// five whole blocks of either. The rest is shorter.
Matrix Copies(const Matrix& vector) {
  constexpr float kEpsilon = std::numeric_limits<float>::epsilon();
  Matrix factors(static_cast<Eigen::Index>(kItems), vector.cols());
  for (Eigen::Index row = 0; row < factors.rows(); ++row) {
    const float length = row < 4 * 1280 ? 1 + static_cast<float>(row % 4) * kEpsilon : 0.5F;
    factors.row(row) = length * vector.row(0);
  }
  return factors;
}

// By a product for each item.
std::vector<float> ScoresOneByOne(const FactorTable& table, const Matrix& vector) {
  std::vector<float> scores;
  for (std::uint32_t i = 0; i < kItems; ++i) {
    const ItemIndex item{i};
    Matrix score(1, 1);
    ScoreByFactors(table, vector, {&item, 1}, score);
    scores.push_back(score(0, 0));
  }
  return scores;
}

class FactorScanTest : public ::testing::TestWithParam<bool /*is_scaled*/> {
 protected:
  static Eigen::VectorXf Scales() {
    Random random(4);
    Eigen::VectorXf scales(static_cast<Eigen::Index>(kItems));
    for (float& scale : scales) scale = static_cast<float>(0.5 + random.Uniform());
    return scales;
  }
  Matrix Kept() const { return GetParam() ? Matrix(scales_.asDiagonal() * factors_) : factors_; }
  FactorTable TableWith(const CoarseIndex& index) const {
    return {&factors_, &known_, GetParam() ? &scales_ : nullptr, &index};
  }

  const Matrix factors_ = SomeFactors();
  const ItemBitmap known_ = KnownRows(factors_);
  const Eigen::VectorXf scales_ = Scales();
  const CoarseIndex in_blocks_{Kept(), /*fewest_in_blocks=*/0};
  const CoarseIndex in_order_{Kept()};
};

INSTANTIATE_TEST_SUITE_P(Scales, FactorScanTest, ::testing::Bool());

TEST_P(FactorScanTest, FewItemsAreInNoBlocks) {
  EXPECT_TRUE(in_blocks_.has_blocks());
  EXPECT_FALSE(in_order_.has_blocks());
}

TEST_P(FactorScanTest, BlocksChangeNoList) {
  Random random(2);
  const Matrix vectors = Drawn(12, random);
  ItemBitmap few(kItems);
  for (std::uint32_t i = 0; i < kItems; i += 97) few.Insert(ItemIndex{i});
  ItemBitmap hardly_any(kItems + 90);  // So few that no block is looked at; one came later.
  for (std::uint32_t i = 30; i < kItems; i += 191) hardly_any.Insert(ItemIndex{i});
  hardly_any.Insert(ItemIndex{kItems + 50});
  const std::vector<const ItemBitmap*> filters = {nullptr, &few, &hardly_any};
  for (Eigen::Index v = 0; v < vectors.rows(); ++v) {
    const Matrix vector = v == 0 ? Matrix(factors_.row(40)) : Matrix(vectors.row(v));
    const std::vector<float> scores = ScoresOneByOne(TableWith(in_order_), vector);
    std::vector<ItemIndex> excluded;
    for (const ItemBitmap* const allowed : filters) {
      for (const std::size_t k : {0U, 1U, 20U, 400U, 9000U}) {
        const Query query{.excluded = excluded};
        const auto expected = SlowBest(scores, query, allowed, k);
        for (const CoarseIndex* const index : {&in_blocks_, &in_order_}) {
          EXPECT_EQ(RetrieveByFactors(TableWith(*index), vector, {&query, 1}, allowed, k).front(),
                    expected)
              << "vector " << v << ", k = " << k;
        }
        if (k == 20) {
          for (const ScoredItem& each : expected) excluded.push_back(each.item);
          std::sort(excluded.begin(), excluded.end());
        }
      }
    }
  }
}

// Of such, the bound of a block is what all its products are, and sums of floats come out above it.
TEST_P(FactorScanTest, ProductsThatRoundingLiftsAboveTheirBoundsChangeNoList) {
  Random random(5);
  std::size_t num_above = 0;
  for (int trial = 0; trial < 8; ++trial) {
    const Matrix vector = Drawn(1, random, 64);
    const Matrix factors = Copies(vector);
    const Eigen::VectorXf scales = factors.rowwise().norm().cwiseInverse();
    const Matrix kept = GetParam() ? Matrix(scales.asDiagonal() * factors) : factors;
    const CoarseIndex index(kept, /*fewest_in_blocks=*/0);
    const ItemBitmap known = KnownRows(factors);
    const FactorTable table{&factors, &known, GetParam() ? &scales : nullptr, &index};
    const std::vector<float> scores = ScoresOneByOne(table, vector);
    const Query query;
    for (const std::size_t k : {1U, 20U}) {
      const auto expected = SlowBest(scores, query, nullptr, k);

      EXPECT_EQ(RetrieveByFactors(table, vector, {&query, 1}, nullptr, k).front(), expected)
          << "trial " << trial << ", k = " << k;

      const auto best = static_cast<Eigen::Index>(Row(expected.front().item));
      const double exact = kept.row(best).cast<double>().dot(vector.row(0).cast<double>());
      if (static_cast<double>(expected.front().score) > exact) ++num_above;
    }
  }
  EXPECT_GT(num_above, 0U);  // Else nothing was tried.
}

TEST_P(FactorScanTest, TheSmallestRowsChangeNoList) {
  Random random(6);
  Matrix factors = factors_;
  for (Eigen::Index row = 0; row < factors.rows(); row += 3) factors.row(row) *= 1e-42F;
  const Matrix kept = GetParam() ? Matrix(scales_.asDiagonal() * factors) : factors;
  const CoarseIndex index(kept, /*fewest_in_blocks=*/0);
  const ItemBitmap known = KnownRows(factors);
  const FactorTable table{&factors, &known, GetParam() ? &scales_ : nullptr, &index};
  const Query query;
  for (const float length : {1.0F, 1e-20F, 1e-40F}) {
    const Matrix vector = length * Drawn(1, random);
    const std::vector<float> scores = ScoresOneByOne(table, vector);
    for (const std::size_t k : {20U, 5000U}) {
      EXPECT_EQ(RetrieveByFactors(table, vector, {&query, 1}, nullptr, k).front(),
                SlowBest(scores, query, nullptr, k))
          << "a vector of length " << length << ", k = " << k;
    }
  }
}

TEST_P(FactorScanTest, AVectorThatIsNotFiniteFindsNothing) {
  const float infinity = std::numeric_limits<float>::infinity();
  const Query query;
  for (const float value : {infinity, -infinity, std::numeric_limits<float>::quiet_NaN()}) {
    Matrix vector = factors_.row(40);
    vector(0, 1) = value;
    for (const CoarseIndex* const index : {&in_blocks_, &in_order_}) {
      EXPECT_TRUE(
          RetrieveByFactors(TableWith(*index), vector, {&query, 1}, nullptr, 20).front().empty());
    }
  }
}

TEST_P(FactorScanTest, BlocksChangeNoSketch) {
  Random random(3);
  const Matrix vector = Drawn(1, random);
  for (const std::size_t count : {kItems + 5, kItems, std::size_t{100}, std::size_t{0}}) {
    std::vector<float> by_blocks(count, std::numeric_limits<float>::quiet_NaN());
    std::vector<float> in_order = by_blocks;

    const float error = SketchByFactors(TableWith(in_blocks_), vector, by_blocks);

    EXPECT_EQ(error, SketchByFactors(TableWith(in_order_), vector, in_order));
    EXPECT_EQ(by_blocks, in_order);
  }
}

TEST_P(FactorScanTest, ManyItemsAreInBlocks) {
  Matrix many(static_cast<Eigen::Index>(CoarseIndex::kFewestInBlocks), 2);
  many.setOnes();

  EXPECT_TRUE(CoarseIndex(many).has_blocks());
  EXPECT_FALSE(CoarseIndex(Matrix(many.topRows(many.rows() - 1))).has_blocks());
}

}  // namespace
}  // namespace vitrine
