#include "cli/moment.h"

#include "absl/strings/str_format.h"
#include "cli/command.h"
#include "cli/import/values.h"
#include "vitrine/base/status_macros.h"

namespace vitrine::cli {

absl::StatusOr<Micros> ParseMoment(const std::string& flag, const std::string& text,
                                   const std::string& time_zone) {
  if (text.empty()) return 0;
  VITRINE_ASSIGN_OR_RETURN(const TimeFormat format, TimeFormat::Create("auto", time_zone));
  const auto moment = format.Parse(text);
  if (moment.has_value() && *moment > 0) return *moment;
  return UsageError(absl::StrFormat(
      "%s has \"%s\"; wants a time after 1970 such as 2011-12-10 or 2011-12-10T12:00:00Z", flag,
      text));
}

}  // namespace vitrine::cli
