#include "vitrine/base/clock.h"

#include <chrono>

namespace vitrine {
namespace {

template <typename ChronoClock>
Micros MicrosOf() {
  const auto since = ChronoClock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(since).count();
}

class MachineClock final : public Clock {
 public:
  Micros Now() const override { return MicrosOf<std::chrono::system_clock>(); }
};

}  // namespace

const Clock& SystemClock() {
  static const MachineClock clock;
  return clock;
}

Micros MonotonicNow() { return MicrosOf<std::chrono::steady_clock>(); }

}  // namespace vitrine
