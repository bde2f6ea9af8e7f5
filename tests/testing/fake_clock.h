#pragma once

#include <atomic>

#include "vitrine/base/clock.h"

namespace vitrine::testing {

// A clock that stands still until a test moves it. Thread-safe.
class FakeClock final : public Clock {
 public:
  // 2026-01-01T00:00:00Z: a round date that no event of a test is "in the future" of by accident.
  static constexpr Micros kStart = 1'767'225'600 * kMicrosPerSecond;

  explicit FakeClock(Micros now = kStart) : now_(now) {}

  Micros Now() const override { return now_.load(); }
  void Set(Micros now) { now_.store(now); }
  void Advance(Micros by) { now_.fetch_add(by); }

 private:
  std::atomic<Micros> now_;
};

}  // namespace vitrine::testing
