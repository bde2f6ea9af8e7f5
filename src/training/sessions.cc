#include "training/sessions.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace vitrine {

namespace {

constexpr std::size_t kMaxItems = 100;

// The end of the session that begins at `begin`.
std::size_t EndOfSession(std::span<const Visit> journey, std::size_t begin, double gap_us) {
  std::size_t end = begin + 1;
  while (end < journey.size() &&
         (gap_us <= 0 ||
          static_cast<double>(journey[end].time_us - journey[end - 1].time_us) <= gap_us)) {
    ++end;
  }
  return end;
}

// (item, step) of the latest distinct items, by item; empty where there are less than two.
std::vector<std::pair<std::uint32_t, std::uint32_t>> LatestItems(std::span<const Visit> session) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> items;
  for (auto visit = session.rbegin(); visit != session.rend() && items.size() < kMaxItems;
       ++visit) {
    const bool is_known = std::any_of(items.begin(), items.end(),
                                      [&](const auto& each) { return each.first == visit->item; });
    if (!is_known) items.emplace_back(visit->item, visit->step - session.front().step);
  }
  if (items.size() < 2) items.clear();
  std::sort(items.begin(), items.end());
  return items;
}

}  // namespace

Sessions SessionsOf(const Journeys& journeys, std::size_t num_items,
                    const SessionOptions& options) {
  const double gap_us = options.gap_minutes * 60 * static_cast<double>(kMicrosPerSecond);
  std::vector<std::span<const Visit>> found;
  for (std::size_t user = 0; user < journeys.size(); ++user) {
    const auto journey = journeys[user];
    for (std::size_t begin = 0, end = 0; begin < journey.size(); begin = end) {
      end = EndOfSession(journey, begin, gap_us);
      if (end - begin > 1) found.push_back(journey.subspan(begin, end - begin));
    }
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return a.back().time_us > b.back().time_us;
  });
  found.resize(std::min(found.size(), options.max_sessions));

  Sessions sessions;
  sessions.items.num_cols = num_items;
  for (const auto& session : found) {
    const auto items = LatestItems(session);
    if (items.empty()) continue;
    for (const auto& [item, step] : items) {
      sessions.items.column.push_back(item);
      sessions.items.value.push_back(static_cast<float>(step));
    }
    sessions.items.row_begin.push_back(sessions.items.column.size());
    ++sessions.items.num_rows;
    sessions.end_us.push_back(session.back().time_us);
  }
  return sessions;
}

}  // namespace vitrine
