#include "insight/calendar.h"

#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"

namespace vitrine {
namespace {

constexpr int kEpochYear = 1970;

}  // namespace

absl::StatusOr<Calendar> Calendar::Create(const std::string& time_zone) {
  absl::TimeZone zone;
  if (!absl::LoadTimeZone(time_zone, &zone)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "there is no time zone %s here; wants a name such as Europe/London", time_zone));
  }
  return Calendar(zone);
}

std::int32_t Calendar::DayOf(Micros time_us) const {
  const absl::CivilDay day = absl::ToCivilDay(absl::FromUnixMicros(time_us), zone_);
  return static_cast<std::int32_t>(day - absl::CivilDay(kEpochYear, 1, 1));
}

std::int32_t Calendar::MonthOf(Micros time_us) const {
  const absl::CivilMonth month = absl::ToCivilMonth(absl::FromUnixMicros(time_us), zone_);
  return static_cast<std::int32_t>(month - absl::CivilMonth(kEpochYear));
}

std::string MinuteName(Micros time_us, const std::string& time_zone) {
  absl::TimeZone zone = absl::UTCTimeZone();
  absl::LoadTimeZone(time_zone, &zone);
  return absl::FormatTime("%Y-%m-%d %H:%M", absl::FromUnixMicros(time_us), zone);
}

std::string DayName(std::int32_t day) {
  const absl::CivilDay civil = absl::CivilDay(kEpochYear, 1, 1) + day;
  return absl::StrFormat("%04d-%02d-%02d", civil.year(), civil.month(), civil.day());
}

std::string MonthName(std::int32_t month) {
  const absl::CivilMonth civil = absl::CivilMonth(kEpochYear) + month;
  return absl::StrFormat("%04d-%02d", civil.year(), civil.month());
}

}  // namespace vitrine
