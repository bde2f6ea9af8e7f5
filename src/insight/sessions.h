#pragma once

#include <cstddef>
#include <span>

#include "insight/timelines.h"

namespace vitrine {

// Calls visit(acts) for every visit of a shopper, oldest first: a pause longer than `gap_us` begins
// a new one. REQUIRES: `acts` are one shopper's, by time
template <typename Visit>
void ForEachSession(std::span<const Act> acts, Micros gap_us, const Visit& visit) {
  std::size_t begin = 0;
  for (std::size_t i = 1; i <= acts.size(); ++i) {
    if (i < acts.size() && acts[i].time_us - acts[i - 1].time_us <= gap_us) continue;
    visit(acts.subspan(begin, i - begin));
    begin = i;
  }
}

// The events up to `as_of_us`. REQUIRES: `acts` are one shopper's, by time
inline std::span<const Act> Until(std::span<const Act> acts, Micros as_of_us) {
  std::size_t count = acts.size();
  while (count > 0 && acts[count - 1].time_us > as_of_us) --count;
  return acts.first(count);
}

}  // namespace vitrine
