#include "feature_store/popularity.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace vitrine {
namespace {

constexpr std::int64_t kMaxShift = 2'000;  // 2^-2000 is zero as a double.

double Scaled(double mantissa, std::int64_t shift) {
  return std::ldexp(mantissa, static_cast<int>(std::clamp(shift, -kMaxShift, kMaxShift)));
}

}  // namespace

void Popularity::Add(ItemIndex item, Micros time_us, float weight) {
  if (weight == 0) return;
  if (Row(item) >= sums_.size()) sums_.resize(Row(item) + 1);
  const double half_lives = static_cast<double>(time_us) / half_life_us_;
  const double whole = std::floor(half_lives);
  const double mantissa = weight * std::exp2(half_lives - whole);
  const auto exponent = static_cast<std::int64_t>(whole);
  Sum& sum = sums_[Row(item)];
  if (sum.mantissa == 0) {
    sum = {mantissa, exponent};
  } else if (exponent > sum.exponent) {
    sum = {Scaled(sum.mantissa, sum.exponent - exponent) + mantissa, exponent};
  } else {
    sum.mantissa += Scaled(mantissa, exponent - sum.exponent);
  }
}

std::vector<float> Popularity::Values(std::size_t num_items) const {
  std::int64_t largest = std::numeric_limits<std::int64_t>::min();
  for (const Sum& sum : sums_) {
    if (sum.mantissa > 0) largest = std::max(largest, sum.exponent);
  }
  std::vector<float> values(num_items);
  for (std::size_t row = 0; row < std::min(num_items, sums_.size()); ++row) {
    const Sum& sum = sums_[row];
    if (sum.mantissa > 0) {
      values[row] = static_cast<float>(Scaled(sum.mantissa, sum.exponent - largest));
    }
  }
  return values;
}

void Popularity::Write(ByteWriter& writer) const {
  writer.Unsigned(sums_.size());
  for (const Sum& sum : sums_) {
    writer.Double(sum.mantissa);
    writer.Signed(sum.exponent);
  }
}

void Popularity::Read(ByteReader& reader) {
  sums_.assign(reader.Count(9), Sum());
  for (Sum& sum : sums_) {
    sum.mantissa = reader.Double();
    sum.exponent = reader.Signed();
  }
}

}  // namespace vitrine
