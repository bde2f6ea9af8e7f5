#include "vitrine/math/coarse_rows.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <numeric>

#include "math/coarse_kernels.h"

namespace vitrine {
namespace {

constexpr std::size_t kRows = CoarseChunk::kRows;
constexpr std::size_t kNumbers = CoarseChunk::kNumbers;
constexpr float kMostOfRow = 127;
constexpr float kMostOfVector = 2047;   // So that 8,000 products fit into 32 bits.
constexpr float kLeastUnit = 1.1e-19F;  // So that the product of two is a normal float.
constexpr double kEpsilon = std::numeric_limits<float>::epsilon();
constexpr double kLeastOfAll = std::numeric_limits<float>::denorm_min();

using Values = Eigen::Map<const Eigen::VectorXf>;

Values Of(std::span<const float> values) {
  return {values.data(), static_cast<Eigen::Index>(values.size())};
}

// What `values` are multiples of, at most `most` of it.
float UnitOf(std::span<const float> values, float most) {
  return std::max(Of(values).lpNorm<Eigen::Infinity>() / most, kLeastUnit);
}

// Rounds `values` to multiples of `unit`; returns the square of what that takes off.
template <typename Integer>
double RoundTo(float unit, std::span<const float> values, Integer* rounded) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    // Unlike std::lround an instruction.
    const float nearest = std::rint(values[i] / unit);
    rounded[i] = static_cast<Integer>(static_cast<std::int32_t>(nearest));
  }
  const Eigen::Map<const Eigen::Matrix<Integer, Eigen::Dynamic, 1>> whole(rounded,
                                                                          Of(values).size());
  return (Of(values).cast<double>() - static_cast<double>(unit) * whole.template cast<double>())
      .squaredNorm();
}

std::vector<std::uint32_t> InTheirOrder(const Matrix& rows) {
  std::vector<std::uint32_t> order(static_cast<std::size_t>(rows.rows()));
  std::iota(order.begin(), order.end(), 0U);
  return order;
}

double SquaredLength(std::span<const float> values) {
  return Of(values).cast<double>().squaredNorm();
}

}  // namespace

CoarseRows::CoarseRows(const Matrix& rows) : CoarseRows(rows, InTheirOrder(rows)) {}

CoarseRows::CoarseRows(const Matrix& rows, std::span<const std::uint32_t> order)
    : num_padded_((static_cast<std::size_t>(rows.cols()) + kNumbers - 1) / kNumbers * kNumbers),
      scales_(order.size()) {
  assert(rows.cols() <= kMostDimensions);
  const std::size_t num_chunks = num_padded_ / kNumbers;
  chunks_.resize((scales_.size() + kRows - 1) / kRows * num_chunks);
  std::vector<std::int8_t> rounded(static_cast<std::size_t>(rows.cols()));
  for (std::size_t r = 0; r < scales_.size(); ++r) {
    if (order[r] >= static_cast<std::size_t>(rows.rows())) continue;
    const std::span<const float> row(rows.row(static_cast<Eigen::Index>(order[r])).data(),
                                     rounded.size());
    scales_[r] = UnitOf(row, kMostOfRow);
    const double error = std::sqrt(RoundTo(scales_[r], row, rounded.data()));
    largest_error_ = std::max(largest_error_, error);
    longest_ = std::max(longest_, std::sqrt(SquaredLength(row)) + error);
    for (std::size_t i = 0; i < rounded.size(); ++i) {
      CoarseChunk& chunk = chunks_[r / kRows * num_chunks + i / kNumbers];
      chunk.values[r % kRows * kNumbers + i % kNumbers] =
          static_cast<std::uint8_t>(rounded[i] + 128);
    }
  }
}

CoarseVector CoarseRows::Prepare(std::span<const float> vector) const {
  CoarseVector coarse;
  coarse.values.resize(num_padded_);
  coarse.scale = UnitOf(vector, kMostOfVector);
  const double error = std::sqrt(RoundTo(coarse.scale, vector, coarse.values.data()));
  for (const std::int16_t value : coarse.values) {
    coarse.high.push_back(static_cast<std::int8_t>(value >> 4));
    coarse.low.push_back(static_cast<std::int8_t>(value & 15));
  }
  const double length = std::sqrt(SquaredLength(vector));
  if (longest_ == 0 || length == 0) return coarse;
  // Of sums of as many floats, here and where the exact ones are made: a share of what is rounded,
  // and below normal floats up to the least of all.
  const double rounding =
      (kEpsilon * longest_ * length + kLeastOfAll) * static_cast<double>(num_padded_ + 8);
  coarse.rounding = static_cast<float>(rounding);
  coarse.error = static_cast<float>(largest_error_ * length + longest_ * error + rounding);
  return coarse;
}

void CoarseRows::Multiply(const CoarseVector& vector, std::size_t first,
                          std::span<float> products) const {
  assert(first % kRows == 0);
  const CoarseKernel multiply = BestCoarseKernel();
  const std::size_t num_chunks = num_padded_ / kNumbers;
  std::array<std::int32_t, 32 * kRows> sums;  // Stay in the first-level cache.
  for (std::size_t begin = 0; begin < products.size(); begin += sums.size()) {
    const std::size_t count = std::min(sums.size(), products.size() - begin);
    const std::size_t num_groups = (count + kRows - 1) / kRows;
    multiply(
        std::span(chunks_).subspan((first + begin) / kRows * num_chunks, num_groups * num_chunks),
        vector, std::span(sums).first(num_groups * kRows));
    const float* const scales = &scales_[first + begin];
    for (std::size_t i = 0; i < count; ++i) {
      products[begin + i] = scales[i] * vector.scale * static_cast<float>(sums[i]);
    }
  }
}

}  // namespace vitrine
