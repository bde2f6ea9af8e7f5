#pragma once

#include <cstdint>
#include <vector>

#include "vitrine/base/bytes.h"
#include "vitrine/base/clock.h"

namespace vitrine {

// The number of a moment's day since 1970, in UTC.
inline std::int64_t DayOf(Micros time_us) { return time_us / kMicrosPerDay; }

// A set of days: one bit each from the first to the last, 46 bytes a year. The order in which days
// are added does not matter.
class ActiveDays {
 public:
  void Add(std::int64_t day);
  void Merge(const ActiveDays& other);

  std::uint32_t Count() const;

  // Days in [from, to].
  std::uint32_t Count(std::int64_t from, std::int64_t to) const;

  std::uint32_t LongestRun() const;

  // The run of days without a gap that ends on `day`, or on the day before it: today is not over.
  // 0: neither is in the set.
  std::uint32_t CurrentRun(std::int64_t day) const;

  void Prefetch() const { __builtin_prefetch(words_.data(), 1); }

  void Write(ByteWriter& writer) const;
  void Read(ByteReader& reader);
  bool operator==(const ActiveDays&) const = default;

 private:
  bool Contains(std::int64_t day) const;

  std::int64_t first_word_ = 0;       // Bit 0 of words_[0] is day 64 * first_word_.
  std::vector<std::uint64_t> words_;  // The first and the last are not 0.
};

}  // namespace vitrine
