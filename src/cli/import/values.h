#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "vitrine/base/clock.h"

namespace vitrine::cli {

// A finite decimal number that is the whole of `text`, blanks around it aside.
std::optional<double> ParseNumber(std::string_view text);

// "2.55" is 2550000: exact, at most six digits behind the point. No exponent, no separators.
std::optional<std::int64_t> ParseMicros(std::string_view text);

// "17850.0" is "17850": a whole number as a float column prints it. Other text stays as it is.
std::string WithoutFraction(std::string_view text);

// The names that ParseEventType knows.
std::vector<std::string> EventTypeNames();

// How times are written in a file.
class TimeFormat {
 public:
  // `format` is "auto", "unix", "unix-ms", or a pattern in strptime's letters such as
  // "%d/%m/%Y %H:%M". `zone` is where times without an offset are from, such as "Europe/London".
  // Errors: INVALID_ARGUMENT the zone is not known on this machine.
  static absl::StatusOr<TimeFormat> Create(std::string format, const std::string& zone);

  // Microseconds since 1970; nothing when `text` is not of the format. "auto" takes 2010-12-01,
  // 2010-12-01 08:26:00, the same with T, a fraction or an offset, and whole seconds since 1970
  // (milliseconds from 13 digits on).
  std::optional<Micros> Parse(const std::string& text) const;

  const std::string& format() const { return format_; }

 private:
  TimeFormat(std::string format, absl::TimeZone zone) : format_(std::move(format)), zone_(zone) {}

  std::optional<Micros> ParseAs(const std::string& pattern, const std::string& text) const;

  std::string format_;
  absl::TimeZone zone_;
};

}  // namespace vitrine::cli
