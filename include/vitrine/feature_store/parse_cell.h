#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "vitrine/base/clock.h"

namespace vitrine {

// A finite decimal number that is the whole of `text`, blanks around it aside.
std::optional<double> ParseNumber(std::string_view text);

// The same, and what programs print for what is no finite number: inf, -inf, infinity and nan, in
// any case.
std::optional<double> ParseAnyNumber(std::string_view text);

// The shortest decimal that reads back as `value`: "0.1", "1e+300", "nan".
std::string FormatNumber(double value);

// The zone of a name such as "Europe/London" or "UTC". Errors: INVALID_ARGUMENT it is not known on
// this machine.
absl::StatusOr<absl::TimeZone> FindTimeZone(const std::string& name);

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

}  // namespace vitrine
