#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <vector>

#include "vitrine/base/clock.h"

namespace vitrine {

// The latest `limit` entries by time, those of one moment by their place in the log, oldest first.
// Which these are does not depend on the order in which entries come. `Entry` has time_us and
// offset, and offsets of one moment differ or are equal for entries that keep their order.
template <typename Entry>
bool IsEarlier(const Entry& a, const Entry& b) {
  if (a.time_us != b.time_us) return a.time_us < b.time_us;
  return a.offset < b.offset;
}

template <typename Entry>
void KeepLatest(std::vector<Entry>& latest, std::size_t limit, Entry entry) {
  if (latest.size() == limit) {
    if (IsEarlier(entry, latest.front())) return;  // Late, and older than all that is kept.
    latest.erase(latest.begin());
  } else if (latest.size() == latest.capacity()) {
    latest.reserve(std::min(limit, 2 * latest.size() + 2));
  }
  const auto place = std::upper_bound(latest.begin(), latest.end(), entry, IsEarlier<Entry>);
  latest.insert(place, std::move(entry));
}

template <typename Entry>
void MergeLatest(std::vector<Entry>& latest, std::size_t limit, std::vector<Entry> other) {
  if (other.empty()) return;
  std::vector<Entry> joined;
  joined.reserve(latest.size() + other.size());
  std::merge(std::make_move_iterator(latest.begin()), std::make_move_iterator(latest.end()),
             std::make_move_iterator(other.begin()), std::make_move_iterator(other.end()),
             std::back_inserter(joined), IsEarlier<Entry>);
  if (joined.size() > limit) {
    joined.erase(joined.begin(), joined.end() - static_cast<std::ptrdiff_t>(limit));
  }
  latest = std::move(joined);
}

}  // namespace vitrine
