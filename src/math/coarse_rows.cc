#include "vitrine/math/coarse_rows.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

#ifdef __AVX2__
#include <immintrin.h>
#endif

namespace vitrine {
namespace {

constexpr std::size_t kLanes = 16;  // Numbers that are multiplied at once.
constexpr float kMostOfRow = 127;
constexpr float kMostOfVector = 2047;  // So that 8,000 products fit into 32 bits.

float Largest(std::span<const float> values) {
  float largest = 0;
  for (const float value : values) largest = std::max(largest, std::abs(value));
  return largest;
}

// Rounds `values` to multiples of `unit`; returns the square of what that takes off.
template <typename Integer>
double RoundTo(float unit, std::span<const float> values, Integer* rounded) {
  double error = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    rounded[i] = unit == 0 ? Integer{0} : static_cast<Integer>(std::lround(values[i] / unit));
    const double off = static_cast<double>(values[i]) -
                       static_cast<double>(unit) * static_cast<double>(rounded[i]);
    error += off * off;
  }
  return error;
}

double SquaredLength(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += static_cast<double>(value) * static_cast<double>(value);
  return sum;
}

std::int32_t Product(const std::int8_t* row, std::span<const std::int16_t> vector) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < vector.size(); ++i) {
    sum += static_cast<std::int32_t>(row[i]) * static_cast<std::int32_t>(vector[i]);
  }
  return sum;
}

#ifdef __AVX2__

// Four rows at a time, so that their sums over lanes are taken together.
constexpr std::size_t kRowsAtOnce = 4;

__m256i ProductInLanes(const std::int8_t* row, std::span<const std::int16_t> vector) {
  __m256i sums = _mm256_setzero_si256();
  for (std::size_t i = 0; i < vector.size(); i += kLanes) {
    const __m256i of_row =
        _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(row + i)));
    const __m256i of_vector =
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(vector.data() + i));
    sums = _mm256_add_epi32(sums, _mm256_madd_epi16(of_row, of_vector));
  }
  return sums;
}

void MultiplyRows(const std::int8_t* rows, std::span<const std::int16_t> vector,
                  const float* scales, float scale, float* products) {
  const std::size_t stride = vector.size();
  const __m256i first =
      _mm256_hadd_epi32(ProductInLanes(rows, vector), ProductInLanes(rows + stride, vector));
  const __m256i second = _mm256_hadd_epi32(ProductInLanes(rows + 2 * stride, vector),
                                           ProductInLanes(rows + 3 * stride, vector));
  const __m256i halves = _mm256_hadd_epi32(first, second);
  const __m128i sums =
      _mm_add_epi32(_mm256_castsi256_si128(halves), _mm256_extracti128_si256(halves, 1));
  const __m128 units = _mm_mul_ps(_mm_loadu_ps(scales), _mm_set1_ps(scale));
  _mm_storeu_ps(products, _mm_mul_ps(units, _mm_cvtepi32_ps(sums)));
}

#else

constexpr std::size_t kRowsAtOnce = 1;

void MultiplyRows(const std::int8_t* rows, std::span<const std::int16_t> vector,
                  const float* scales, float scale, float* products) {
  products[0] = scales[0] * scale * static_cast<float>(Product(rows, vector));
}

#endif

}  // namespace

CoarseRows::CoarseRows(const Matrix& rows)
    : stride_((static_cast<std::size_t>(rows.cols()) + kLanes - 1) / kLanes * kLanes),
      values_(static_cast<std::size_t>(rows.rows()) * stride_),
      scales_(static_cast<std::size_t>(rows.rows())) {
  assert(rows.cols() <= 8000);
  double longest = 0;
  double largest_error = 0;
  for (std::size_t r = 0; r < scales_.size(); ++r) {
    const std::span<const float> row(rows.row(static_cast<Eigen::Index>(r)).data(),
                                     static_cast<std::size_t>(rows.cols()));
    scales_[r] = Largest(row) / kMostOfRow;
    const double error = std::sqrt(RoundTo(scales_[r], row, &values_[r * stride_]));
    largest_error = std::max(largest_error, error);
    longest = std::max(longest, std::sqrt(SquaredLength(row)) + error);
  }
  longest_ = static_cast<float>(longest);
  largest_error_ = static_cast<float>(largest_error);
}

CoarseVector CoarseRows::Prepare(std::span<const float> vector) const {
  CoarseVector coarse;
  coarse.values.resize(stride_);
  coarse.scale = Largest(vector) / kMostOfVector;
  const double error = std::sqrt(RoundTo(coarse.scale, vector, coarse.values.data()));
  const double length = std::sqrt(SquaredLength(vector));
  // The last: of sums of as many floats, here and where the exact ones are made.
  const double rounding =
      static_cast<double>(std::numeric_limits<float>::epsilon()) * static_cast<double>(stride_ + 8);
  coarse.error = static_cast<float>(static_cast<double>(largest_error_) * length +
                                    static_cast<double>(longest_) * (error + rounding * length));
  return coarse;
}

void CoarseRows::Multiply(const CoarseVector& vector, std::size_t first,
                          std::span<float> products) const {
  std::size_t i = 0;
  for (; i + kRowsAtOnce <= products.size(); i += kRowsAtOnce) {
    const std::size_t row = first + i;
    MultiplyRows(&values_[row * stride_], vector.values, &scales_[row], vector.scale, &products[i]);
  }
  for (; i < products.size(); ++i) {
    const std::size_t row = first + i;
    products[i] = scales_[row] * vector.scale *
                  static_cast<float>(Product(&values_[row * stride_], vector.values));
  }
}

}  // namespace vitrine
