#pragma once

#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "insight/timelines.h"
#include "testing/fake_clock.h"
#include "vitrine/base/random.h"
#include "vitrine/feature_store/event.h"

namespace vitrine::testing {

// 2026-01-01T00:00:00Z, from which tests count minutes and days.
inline constexpr Micros kStart = FakeClock::kStart;
inline constexpr Micros kMinute = 60 * kMicrosPerSecond;
inline constexpr Micros kHour = 60 * kMinute;
inline constexpr Micros kDay = kMicrosPerDay;

inline Event Did(EventType type, const std::string& user, Micros after, const std::string& item) {
  Event event{.type = type, .user_id = user, .time_us = kStart + after};
  if (!item.empty()) event.items.push_back({.item_id = item});
  return event;
}

inline Event Viewed(const std::string& user, Micros after, const std::string& item) {
  return Did(EventType::kDetailPageView, user, after, item);
}

inline Event Carted(const std::string& user, Micros after, const std::string& item) {
  return Did(EventType::kAddToCart, user, after, item);
}

// An order of one piece at `units` EUR.
inline Event Bought(const std::string& user, Micros after, const std::string& item,
                    std::int64_t units) {
  Event event = Did(EventType::kPurchaseComplete, user, after, item);
  event.items.front().unit_price = Money{.micros = units * 1'000'000, .currency = "EUR"};
  return event;
}

inline Timelines TimelinesOf(const std::vector<Event>& events, Micros as_of_us = 0) {
  TimelineBuilder builder(as_of_us, [](const std::string&) { return std::string(); });
  for (const Event& event : events) builder.Add(event);
  return builder.Finish();
}

// What `num_users` shoppers did in 60 days, in no order of time: late events everywhere.
inline std::vector<Event> RandomEvents(std::size_t num_events, std::size_t num_users,
                                       std::uint64_t seed) {
  Random random(seed);
  const std::vector<EventType> types = {EventType::kDetailPageView,   EventType::kDetailPageView,
                                        EventType::kAddToCart,        EventType::kSearch,
                                        EventType::kPurchaseComplete, EventType::kReturnComplete,
                                        EventType::kImpression};
  std::vector<Event> events;
  for (std::size_t i = 0; i < num_events; ++i) {
    const std::string user = absl::StrFormat("u%d", random.Below(num_users));
    const std::string item = absl::StrFormat("i%d", random.Below(20));
    const auto after = static_cast<Micros>(random.Below(60 * 24 * 4)) * 15 * kMinute;
    const EventType type = types[random.Below(types.size())];
    if (type == EventType::kPurchaseComplete) {
      events.push_back(Bought(user, after, item, static_cast<std::int64_t>(random.Below(50)) + 1));
    } else {
      events.push_back(Did(type, user, after, item));
    }
  }
  return events;
}

}  // namespace vitrine::testing
