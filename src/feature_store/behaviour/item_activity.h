#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

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
// Memory: 416 bytes, and 24 for each of the latest kVisits who looked at or bought it.
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
  std::uint64_t pieces_bought = 0;
  std::uint64_t pieces_returned = 0;
  std::int64_t rating_sum = 0;  // In millionths.
  DailyCounts views{};
  DailyCounts purchases{};
  std::vector<Visit> viewers{};  // KeepLatest
  std::vector<Visit> buyers{};   // KeepLatest

  bool has_events() const { return first_us <= last_us; }

  // Hints that an event is about to be added.
  void PrefetchParts() const { __builtin_prefetch(viewers.data() + viewers.size(), 1); }

  // REQUIRES: `touch` is one of head.items
  void Add(std::uint64_t offset, const LogHead& head, const LogHead::Touch& touch);

  void Write(ByteWriter& writer) const;
  void Read(ByteReader& reader);
  bool operator==(const ItemActivity&) const = default;
};

}  // namespace vitrine
