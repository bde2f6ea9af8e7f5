#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace vitrine::testing {

// Waits until `is_so`, for at most 20 seconds.
inline bool Eventually(const std::function<bool()>& is_so) {
  constexpr auto kPause = std::chrono::milliseconds(1);
  for (int tries = 0; tries < 20'000; ++tries) {
    if (is_so()) return true;
    std::this_thread::sleep_for(kPause);
  }
  return false;
}

}  // namespace vitrine::testing
