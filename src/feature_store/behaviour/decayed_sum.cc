#include "feature_store/behaviour/decayed_sum.h"

#include <algorithm>
#include <cmath>

namespace vitrine {
namespace {

constexpr std::int64_t kMaxShift = 2'000;  // 2^-2000 is zero as a double.

}  // namespace

double Scaled(double mantissa, std::int64_t shift) {
  if (shift == 0) return mantissa;
  return std::ldexp(mantissa, static_cast<int>(std::clamp(shift, -kMaxShift, kMaxShift)));
}

void DecayedSum::Add(double half_lives, double weight) {
  if (weight == 0) return;
  const double whole = std::floor(half_lives);
  Add({.mantissa = weight * std::exp2(half_lives - whole),
       .exponent = static_cast<std::int64_t>(whole)});
}

void DecayedSum::Add(const DecayedSum& other) {
  if (other.mantissa == 0) return;
  if (mantissa == 0) {
    *this = other;
  } else if (other.exponent > exponent) {
    mantissa = Scaled(mantissa, exponent - other.exponent) + other.mantissa;
    exponent = other.exponent;
  } else {
    mantissa += Scaled(other.mantissa, other.exponent - exponent);
  }
}

double DecayedSum::At(double half_lives) const {
  const double whole = std::floor(half_lives);
  return Scaled(mantissa, exponent - static_cast<std::int64_t>(whole)) /
         std::exp2(half_lives - whole);
}

void DecayedSum::Write(ByteWriter& writer) const {
  writer.Double(mantissa);
  writer.Signed(exponent);
}

void DecayedSum::Read(ByteReader& reader) {
  mantissa = reader.Double();
  exponent = reader.Signed();
}

}  // namespace vitrine
