#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
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

  // Sums relative to the largest exponent, those below zero as zero. An item for which `is_hidden`
  // is true is as one without interactions. [num_items]
  std::vector<float> Values(std::size_t num_items, const std::vector<bool>& is_hidden = {}) const;

  void Write(ByteWriter& writer) const;
  void Read(ByteReader& reader);
  bool operator==(const Popularity&) const = default;

 private:
  double half_life_us_;
  std::vector<DecayedSum> sums_;  // [items that ever had one]
};

// What is in demand, and how that goes. 32 bytes an item.
struct Demand {
  static constexpr double kHaste = 7;  // A recent half-life is this part of the lasting one.

  explicit Demand(double half_life_days)
      : lasting(half_life_days), recent(half_life_days / kHaste) {}

  void Add(ItemIndex item, Micros time_us, float weight) {
    lasting.Add(item, time_us, weight);
    recent.Add(item, time_us, weight);
  }

  void Write(ByteWriter& writer) const;
  void Read(ByteReader& reader);
  bool operator==(const Demand&) const = default;

  Popularity lasting;
  Popularity recent;
};

// How much more of all demand each item has of late than it had, where f and s are its shares of
// the sums of `recent` and `lasting` values, both [items]:
//
//   trend = (f + c) / (s + c),   c = 1 / number of items that have any lasting demand
//
// Of shares, since all of a shop rises and falls with the hour and the season, which says nothing
// of one item; so it needs no clock either: what decays alike, and what does not happen, leaves it
// as it is. c is the share of the mean item. It keeps what little is known of near 1: an item has
// to gain about as much as the mean item has, to come near 2. Below kHaste, where an item that had
// no demand has all of it, nearly.
std::vector<float> Trends(std::span<const float> recent, std::span<const float> lasting);

}  // namespace vitrine
