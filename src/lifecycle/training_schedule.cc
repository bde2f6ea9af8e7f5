#include "vitrine/lifecycle/training_schedule.h"

#include <algorithm>
#include <limits>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"

namespace vitrine {
namespace {

constexpr Micros kMinute = 60 * kMicrosPerSecond;
constexpr Micros kHour = 60 * kMinute;
constexpr Micros kDay = 24 * kHour;

bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }

// Of two digits; -1 for anything else.
int TwoDigits(std::string_view text) {
  return IsDigit(text[0]) && IsDigit(text[1]) ? (text[0] - '0') * 10 + (text[1] - '0') : -1;
}

}  // namespace

Micros NextTraining(const TrainingSchedule& schedule, Micros last_us) {
  Micros next = std::numeric_limits<Micros>::max();
  if (schedule.every_hours > 0) {
    next = last_us + static_cast<Micros>(schedule.every_hours * static_cast<double>(kHour));
  }
  if (schedule.time_of_day_us >= 0) {
    const Micros midnight = last_us - last_us % kDay;  // Of times since 1970.
    const Micros that_day = midnight + schedule.time_of_day_us;
    next = std::min(next, that_day > last_us ? that_day : that_day + kDay);
  }
  return next;
}

void NewEvents::Begin(std::uint64_t num_events) {
  begin_ = num_events;
  seen_ = num_events;
}

void NewEvents::Learned(std::uint64_t num_trained, std::uint64_t num_events) {
  begin_ = std::max(begin_, std::min(num_trained, num_events));
}

std::uint64_t NewEvents::Count(std::uint64_t num_events) {
  if (num_events < seen_) begin_ -= std::min(begin_, seen_ - num_events);
  seen_ = num_events;
  return num_events - std::min(begin_, num_events);
}

absl::StatusOr<Micros> ParseTimeOfDay(std::string_view text) {
  const bool is_time = text.size() == 5 && text[2] == ':';
  const int hour = is_time ? TwoDigits(text.substr(0, 2)) : -1;
  const int minute = is_time ? TwoDigits(text.substr(3, 2)) : -1;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "\"%s\" is no time of a day; wants hours and minutes in UTC, such as \"03:30\"",
        std::string(text)));
  }
  return hour * kHour + minute * kMinute;
}

}  // namespace vitrine
