#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "feature_store/behaviour/latest.h"
#include "feature_store/store_codec.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/clock.h"
#include "vitrine/base/ids.h"
#include "vitrine/feature_store/event.h"

namespace vitrine {

// Counts by day over the 32 days that end on the last day counted. Which days came first does not
// matter.
class DailyCounts {
 public:
  static constexpr std::int64_t kDays = 32;

  void Add(std::int64_t day);
  std::uint32_t On(std::int64_t day) const;
  void Prefetch() const {
    __builtin_prefetch(&counts_[static_cast<std::size_t>(last_day_) % kDays], 1);
  }

  void Write(ByteWriter& writer) const;
  void Read(ByteReader& reader);
  bool operator==(const DailyCounts&) const = default;

 private:
  std::int64_t last_day_ = -1;                 // -1: none was ever counted.
  std::array<std::uint32_t, kDays> counts_{};  // Of day d at d % kDays.
};

// All that the behaviour features of one item are made of, from the side of the item; independent
// of the order in which events come, like ShopperActivity. An event that names the item twice
// counts twice.
//
// Memory: 416 bytes, and 24 for each of the latest kVisits, and a quarter, who looked at or bought
// it.
struct ItemActivity {
  static constexpr std::size_t kVisits = 50;

  // Who touched it; as the event says, merges are followed when it is read.
  struct Visit {
    Micros time_us = 0;
    std::uint64_t offset = 0;
    UserIndex shopper{};
    bool operator==(const Visit&) const = default;
  };

  Micros first_us = std::numeric_limits<Micros>::max();
  Micros last_us = std::numeric_limits<Micros>::min();
  std::array<std::uint32_t, kNumEventTypes> num_events{};  // By type.
  Latest<Visit, kVisits> viewers{};
  DailyCounts views{};  // What comes often ends in its front.
  DailyCounts purchases{};
  Latest<Visit, kVisits> buyers{};
  std::uint64_t pieces_bought = 0;
  std::uint64_t pieces_returned = 0;
  std::int64_t rating_sum = 0;  // In millionths.

  bool has_events() const { return first_us <= last_us; }

  // Hints that an event is about to be added: first for what every event changes, later, once that
  // is there, for what a view changes beside it.
  static constexpr std::size_t kFrontBytes = 128;
  void PrefetchParts() const {
    viewers.Prefetch();
    views.Prefetch();
  }

  // REQUIRES: `touch` is one of head.items
  void Add(std::uint64_t offset, const LogHead& head, const LogHead::Touch& touch);

  void Write(ByteWriter& writer) const;
  void Read(ByteReader& reader);
  bool operator==(const ItemActivity&) const = default;
};

}  // namespace vitrine
