#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "vitrine/base/clock.h"

namespace vitrine {

// When trainings begin by the clock. Both may be set: whichever comes first.
struct TrainingSchedule {
  double every_hours = 0;      // After the last one began. 0: not so.
  Micros time_of_day_us = -1;  // UTC, from midnight. Below 0: not so.

  bool is_empty() const { return every_hours <= 0 && time_of_day_us < 0; }
};

// The first time after `last_us`, when the last training began or, before any, the server did, that
// the schedule calls for one. In the past where the server was not there to see it.
// REQUIRES: !schedule.is_empty()
Micros NextTraining(const TrainingSchedule& schedule, Micros last_us);

// How many events were recorded since the last training began, counted by how many the store holds,
// `num_events`. Where that has fallen since it was counted last, old ones were forgotten or erased,
// which makes the new ones no fewer. Not thread-safe.
class NewEvents {
 public:
  // A training begins.
  void Begin(std::uint64_t num_events);

  // A version is served that was trained on so many, maybe by another process and of a larger
  // store: these are not new.
  void Learned(std::uint64_t num_trained, std::uint64_t num_events);

  std::uint64_t Count(std::uint64_t num_events);

 private:
  std::uint64_t begin_ = 0;  // What the store holds beyond these is new.
  std::uint64_t seen_ = 0;   // When it was counted last.
};

// "03:30" as microseconds from midnight. INVALID_ARGUMENT: it is no time of a day.
absl::StatusOr<Micros> ParseTimeOfDay(std::string_view text);

}  // namespace vitrine
