#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "vitrine/base/clock.h"

namespace vitrine {

// Days and months as the people of one time zone count them. Immutable, thread-safe.
class Calendar {
 public:
  // INVALID_ARGUMENT: the machine knows no zone of this name.
  static absl::StatusOr<Calendar> Create(const std::string& time_zone);

  // Days since 1970-01-01, and months since 1970-01; both may be negative.
  std::int32_t DayOf(Micros time_us) const;
  std::int32_t MonthOf(Micros time_us) const;

 private:
  explicit Calendar(absl::TimeZone zone) : zone_(zone) {}

  absl::TimeZone zone_;
};

// "2011-12-09 12:50" in the zone; in UTC where the machine does not know it.
std::string MinuteName(Micros time_us, const std::string& time_zone);

// "2011-12-09", "2010-12"
std::string DayName(std::int32_t day);
std::string MonthName(std::int32_t month);

}  // namespace vitrine
