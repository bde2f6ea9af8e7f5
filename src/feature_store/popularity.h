#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "feature_store/behaviour/decayed_sum.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/clock.h"
#include "vitrine/base/ids.h"

namespace vitrine {

// Per item, the sum of w * 2^((t - now) / half_life) over its interactions of weight w at time t
// (DecayedSum). The same additions in the same order give the same bits. Not thread-safe. 16 bytes
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
  double half_life_us_;
  std::vector<DecayedSum> sums_;  // [items that ever had one]
};

}  // namespace vitrine
