#pragma once

#include <cstdint>

#include "vitrine/base/bytes.h"

namespace vitrine {

// The sum of w * 2^((t - now) / half_life) over things of weight w at time t. Kept relative to a
// fixed moment, so that it never has to be decayed: adding 2^(t / half_life) to a sum is decay, and
// a late addition is as good as one in time. It has an exponent of its own, so that no span of time
// overflows it. The order of additions matters to rounding alone; the same order gives the same
// bits. 16 bytes.
struct DecayedSum {
  double mantissa = 0;  // The sum is mantissa * 2^exponent.
  std::int64_t exponent = 0;

  // `half_lives`: the time, counted in half-lives since 1970.
  void Add(double half_lives, double weight);
  void Add(const DecayedSum& other);

  // As seen from that time.
  double At(double half_lives) const;

  void Write(ByteWriter& writer) const;
  void Read(ByteReader& reader);
  bool operator==(const DecayedSum&) const = default;
};

// mantissa * 2^shift, any shift.
double Scaled(double mantissa, std::int64_t shift);

}  // namespace vitrine
