#pragma once

#include <cstdint>

namespace vitrine {

// Time as microseconds since 1970-01-01T00:00:00Z.
using Micros = std::int64_t;

inline constexpr Micros kMicrosPerSecond = 1'000'000;
inline constexpr Micros kMicrosPerMinute = 60 * kMicrosPerSecond;
inline constexpr Micros kMicrosPerDay = 86'400 * kMicrosPerSecond;

// Where "now" comes from, so that tests can set it. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Micros Now() const = 0;
};

// The machine's own clock. Lives as long as the process.
const Clock& SystemClock();

// Microseconds since an arbitrary start; never goes back. For measuring durations only.
Micros MonotonicNow();

}  // namespace vitrine
