#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "vitrine/base/bytes.h"
#include "vitrine/base/clock.h"
#include "vitrine/base/ids.h"

namespace vitrine {

// Per item, the sum of w * 2^((t - now) / half_life) over its interactions of weight w at time t.
// Kept relative to a fixed moment, so that no counter ever has to be decayed: adding 2^(t /
// half_life) to a sum is decay. Each sum has an exponent of its own, so that no span of time
// overflows it. The same additions in the same order give the same bits. Not thread-safe. 16 bytes
// an item.
class Popularity {
 public:
  explicit Popularity(double half_life_days) : half_life_us_(half_life_days * kMicrosPerDay) {}

  void Add(ItemIndex item, Micros time_us, float weight);

  // Sums relative to the largest exponent, those below zero as zero. [num_items]
  std::vector<float> Values(std::size_t num_items) const;

  void Write(ByteWriter& writer) const;
  void Read(ByteReader& reader);
  bool operator==(const Popularity&) const = default;

 private:
  struct Sum {
    double mantissa = 0;  // The sum is mantissa * 2^exponent.
    std::int64_t exponent = 0;
    bool operator==(const Sum&) const = default;
  };

  double half_life_us_;
  std::vector<Sum> sums_;  // [items that ever had one]
};

}  // namespace vitrine
