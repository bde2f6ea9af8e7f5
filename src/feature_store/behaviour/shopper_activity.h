#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "feature_store/behaviour/active_days.h"
#include "feature_store/behaviour/decayed_sum.h"
#include "feature_store/behaviour/event_details.h"
#include "feature_store/behaviour/latest.h"
#include "feature_store/store_codec.h"
#include "vitrine/base/bytes.h"
#include "vitrine/base/clock.h"
#include "vitrine/feature_store/event.h"

namespace vitrine {

inline constexpr double kInterestHalfLifeDays = 30;  // Of decayed counts and of affinities.

// All that the behaviour features of one shopper are made of, beside their history. It does not
// depend on the order in which events come (the decayed sums: beyond rounding), so that a late
// event changes it as it would have in time, and two shoppers that turn out to be one can be
// merged.
//
// Memory: 384 bytes, and the shopper's history: 32 bytes an order, 16 for each of at most
// kSteps latest events, 48 for each of at most kWords latest words searched for (Latest: of both a
// quarter more), 46 a year between the first and the last visit.
struct ShopperActivity {
  static constexpr std::size_t kSteps = 128;
  static constexpr std::size_t kWords = 32;

  struct Order {
    std::uint64_t key = 0;
    Micros time_us = 0;         // Of its first event.
    std::int64_t revenue = -1;  // The largest that an event of it named; -1: none did.
    std::int64_t lines = -1;    // The sum over its events; -1: no price is known.
    // What it came to, in millionths; -1: unknown.
    std::int64_t value() const { return revenue >= 0 ? revenue : lines; }
    bool operator==(const Order&) const = default;
  };

  // An event as sessions and paths see it. Impressions are none: they are the shop's doing.
  struct Step {
    Micros time_us = 0;
    std::uint64_t offset : 56 = 0;
    std::uint64_t type : 8 = 0;
    bool operator==(const Step&) const = default;
  };
  static_assert(sizeof(Step) == 16);

  struct Word {
    Micros time_us = 0;
    std::uint64_t offset = 0;
    std::string text{};
    bool operator==(const Word&) const = default;
  };

  Micros first_us = std::numeric_limits<Micros>::max();
  Micros last_us = std::numeric_limits<Micros>::min();
  std::array<std::uint32_t, kNumEventTypes> num_events{};  // By type.
  Latest<Step, kSteps> steps{};
  ActiveDays days{};
  DecayedSum recent_views{};
  DecayedSum recent_carts{};
  DecayedSum recent_purchases{};
  std::array<std::uint32_t, 7> weekdays{};  // From Monday; UTC, as the hours.
  std::array<std::uint32_t, 24> hours{};    // What comes often ends in its front.
  std::uint64_t items_shown = 0;            // In impressions.
  std::uint64_t pieces_bought = 0;
  std::uint64_t pieces_returned = 0;
  std::int64_t rating_sum = 0;  // In millionths.
  std::vector<Order> orders{};  // By key.
  Latest<Word, kWords> words{};

  bool has_events() const { return first_us <= last_us; }

  void Add(std::uint64_t offset, const LogHead& head, const EventDetails& details);
  void Merge(ShopperActivity other);

  // Hints that an event is about to be added: first for what every event changes, then for what
  // that points to.
  static constexpr std::size_t kFrontBytes = 320;
  void PrefetchParts() const {
    days.Prefetch();
    steps.Prefetch();
  }

  void Write(ByteWriter& writer) const;
  void Read(ByteReader& reader);
  bool operator==(const ShopperActivity&) const = default;

 private:
  void AddOrder(const Order& order);
};

// A rating as a whole number, so that sums of them are exact.
std::int64_t RatingMillionths(double rating);

}  // namespace vitrine
