#pragma once

#include <cstddef>
#include <vector>

#include "training/journeys.h"
#include "vitrine/math/sparse.h"

namespace vitrine {

struct SessionOptions {
  double gap_minutes = 30;  // A pause longer than this begins a new session; 0: none does.
  std::size_t max_sessions = 1'000'000;  // The latest ones; the others are forgotten. >= 1
};

// Sessions by the time of their last visit, the latest first, ties by shopper.
struct Sessions {
  CsrMatrix
      items{};  // [sessions x num_items] Value: the session's step, from 0, last with the item.
  std::vector<Micros> end_us{};  // [sessions]
};

// The sessions of `journeys`. Of a session the latest 100 items are kept; one with a single item
// tells nothing of what goes together and is left out. Without times a journey is one session.
Sessions SessionsOf(const Journeys& journeys, std::size_t num_items, const SessionOptions& options);

}  // namespace vitrine
