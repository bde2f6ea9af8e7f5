#include "vitrine/math/coarse_rows.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <tuple>
#include <vector>

#include "math/coarse_kernels.h"
#include "vitrine/base/random.h"

namespace vitrine {
namespace {

std::span<const float> Numbers(const Eigen::VectorXf& vector) {
  return {vector.data(), static_cast<std::size_t>(vector.size())};
}

// Rows of very different lengths, one of zeros among them.
Matrix SomeRows(Eigen::Index num_rows, Eigen::Index num_cols, Random& random) {
  Matrix rows(num_rows, num_cols);
  for (Eigen::Index r = 0; r < num_rows; ++r) {
    const double length = std::pow(10, 4 * random.Uniform() - 2);
    for (float& value : rows.row(r)) value = static_cast<float>(length * (random.Uniform() - 0.4));
  }
  if (num_rows > 2) rows.row(2).setZero();
  return rows;
}

float Times(double size, Random& random) { return static_cast<float>(size * random.Normal()); }

class CoarseRowsTest : public ::testing::TestWithParam<std::tuple<int, int>> {};

TEST_P(CoarseRowsTest, ProductsAreWithinTheErrorThatIsTold) {
  const auto [num_rows, num_cols] = GetParam();
  Random random(5);
  const Matrix rows = SomeRows(num_rows, num_cols, random);
  const CoarseRows coarse(rows);
  ASSERT_EQ(coarse.num_rows(), static_cast<std::size_t>(num_rows));
  for (int trial = 0; trial < 20; ++trial) {
    Eigen::VectorXf vector(num_cols);
    for (float& value : vector) value = static_cast<float>(random.Uniform() - 0.5);
    const CoarseVector prepared = coarse.Prepare(Numbers(vector));

    // Up to every last row, so that blocks of every length are met.
    for (std::size_t last = 0; last < static_cast<std::size_t>(num_rows); ++last) {
      const std::size_t first = last / CoarseChunk::kRows * CoarseChunk::kRows;
      std::vector<float> products(last + 1 - first);
      coarse.Multiply(prepared, first, products);
      for (std::size_t i = 0; i < products.size(); ++i) {
        const auto row = static_cast<Eigen::Index>(first + i);
        const double exact = rows.row(row).cast<double>().dot(vector.cast<double>());
        ASSERT_NEAR(static_cast<double>(products[i]), exact, static_cast<double>(prepared.error));
      }
    }
  }
}

TEST_P(CoarseRowsTest, AnotherOrderChangesNoProduct) {
  const auto [num_rows, num_cols] = GetParam();
  Random random(6);
  const Matrix rows = SomeRows(num_rows, num_cols, random);
  const auto size = static_cast<std::size_t>(num_rows);
  std::vector<std::uint32_t> order;
  for (std::uint32_t row = 0; row < size; ++row) order.push_back(row);
  random.Shuffle(order);
  order.insert(order.begin(), 0xFFFFFFFF);
  const CoarseRows coarse(rows);
  const CoarseRows shuffled(rows, order);
  const CoarseVector prepared = coarse.Prepare(Numbers(rows.row(0).transpose()));
  std::vector<float> products(size);
  std::vector<float> of_shuffled(size + 1);

  coarse.Multiply(prepared, 0, products);
  shuffled.Multiply(prepared, 0, of_shuffled);

  EXPECT_EQ(shuffled.Prepare(Numbers(rows.row(0).transpose())).error, prepared.error);
  EXPECT_EQ(of_shuffled.front(), 0);
  for (std::size_t i = 0; i < size; ++i) EXPECT_EQ(of_shuffled[i + 1], products[order[i + 1]]);
}

INSTANTIATE_TEST_SUITE_P(Shapes, CoarseRowsTest,
                         ::testing::Combine(::testing::Values(1, 3, 16, 21, 600),
                                            ::testing::Values(1, 15, 16, 17, 64, 200)));

// The slow one is the oracle of the others.
TEST(CoarseKernelsTest, AllGiveTheSameNumbers) {
  constexpr std::size_t kChunks = 5;
  constexpr std::size_t kGroups = 3;
  Random random(9);
  std::vector<CoarseChunk> chunks(kGroups * kChunks);
  for (CoarseChunk& chunk : chunks) {
    for (std::uint8_t& value : chunk.values) value = static_cast<std::uint8_t>(random.Below(256));
  }
  CoarseVector vector;
  for (std::size_t i = 0; i < kChunks * CoarseChunk::kNumbers; ++i) {
    const auto value = static_cast<std::int16_t>(static_cast<int>(random.Below(4095)) - 2047);
    vector.values.push_back(value);
    vector.high.push_back(static_cast<std::int8_t>(value >> 4));
    vector.low.push_back(static_cast<std::int8_t>(value & 15));
  }
  std::vector<std::int32_t> expected(kGroups * CoarseChunk::kRows);
  CoarseKernels().back().kernel(chunks, vector, expected);

  for (const NamedKernel& each : CoarseKernels()) {
    if (!each.runs_here()) continue;
    std::vector<std::int32_t> sums(expected.size());
    each.kernel(chunks, vector, sums);
    EXPECT_EQ(sums, expected) << each.name;
  }
}

TEST(CoarseRowsErrorTest, IsSmallBesideTheLongestProduct) {
  Random random(7);
  Matrix rows(50, 64);
  for (float& value : rows.reshaped()) value = static_cast<float>(random.Uniform() - 0.5);
  const CoarseRows coarse(rows);
  const Eigen::VectorXf vector = rows.row(0).transpose();

  const CoarseVector prepared = coarse.Prepare(Numbers(vector));

  EXPECT_GT(prepared.error, 0);
  EXPECT_LT(prepared.error, 0.01F * vector.squaredNorm());
}

TEST(CoarseRowsErrorTest, TheLargestNumbersDoNotOverflow) {
  const Matrix rows = Matrix::Constant(4, 8000, -3.0F);
  const CoarseRows coarse(rows);
  const Eigen::VectorXf vector = Eigen::VectorXf::Constant(8000, 2.0F);
  std::vector<float> products(4);

  coarse.Multiply(coarse.Prepare(Numbers(vector)), 0, products);

  for (const float product : products) EXPECT_NEAR(product, -48'000, 1);
}

TEST(CoarseRowsErrorTest, TheSmallestNumbersAreWithinTheirMarginsToo) {
  Random random(8);
  for (const double of_rows : {1e-44, 2e-43, 1e-38, 1e-25, 1e-19, 1.0, 1e18}) {
    for (const double of_vector : {1e-44, 3e-42, 1e-38, 1e-25, 1e-19, 1.0, 1e18}) {
      Matrix rows(20, 64);
      for (float& value : rows.reshaped()) value = Times(of_rows, random);
      Eigen::VectorXf vector(64);
      for (float& value : vector) value = Times(of_vector, random);
      const CoarseRows coarse(rows);
      const CoarseVector prepared = coarse.Prepare(Numbers(vector));
      std::vector<float> products(20);

      coarse.Multiply(prepared, 0, products);

      for (Eigen::Index row = 0; row < rows.rows(); ++row) {
        const double exact = rows.row(row).cast<double>().dot(vector.cast<double>());
        const auto of_floats = static_cast<double>(rows.row(row).dot(vector));
        const auto of_coarse = static_cast<double>(products[static_cast<std::size_t>(row)]);
        ASSERT_NEAR(of_coarse, of_floats, static_cast<double>(prepared.error))
            << of_rows << " times " << of_vector;
        ASSERT_NEAR(exact, of_floats, static_cast<double>(prepared.rounding))
            << of_rows << " times " << of_vector;
      }
    }
  }
}

TEST(CoarseRowsErrorTest, ZerosAreExact) {
  const CoarseRows coarse(Matrix::Zero(5, 3));
  std::vector<float> products(5, 1);

  const CoarseVector prepared = coarse.Prepare(Numbers(Eigen::VectorXf::Zero(3)));
  coarse.Multiply(prepared, 0, products);

  EXPECT_EQ(prepared.error, 0);
  for (const float product : products) EXPECT_EQ(product, 0);
}

}  // namespace
}  // namespace vitrine
