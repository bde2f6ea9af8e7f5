#include "vitrine/feature_store/parse_cell.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "absl/strings/str_format.h"
#include "vitrine/base/status_macros.h"

namespace vitrine {
namespace {

constexpr std::size_t kMillisecondDigits = 13;  // From the year 2001 on; as seconds: year 33658.

std::string_view Strip(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

bool IsDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<std::int64_t> ParseInteger(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::int64_t> Scaled(const std::string& text, std::int64_t scale) {
  const std::optional<std::int64_t> value = ParseInteger(Strip(text));
  if (!value.has_value() || *value < 0) return std::nullopt;
  if (*value > std::numeric_limits<std::int64_t>::max() / scale) return std::nullopt;
  return *value * scale;
}

}  // namespace

std::optional<double> ParseAnyNumber(std::string_view text) {
  text = Strip(text);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> ParseNumber(std::string_view text) {
  const std::optional<double> value = ParseAnyNumber(text);
  return value.has_value() && std::isfinite(*value) ? value : std::nullopt;
}

std::string FormatNumber(double value) {
  std::array<char, 32> text{};
  const auto result = std::to_chars(text.data(), text.data() + text.size(), value);
  return std::string(text.data(), result.ptr);
}

absl::StatusOr<absl::TimeZone> FindTimeZone(const std::string& name) {
  absl::TimeZone zone;
  if (absl::LoadTimeZone(name, &zone)) return zone;
  return absl::InvalidArgumentError(absl::StrFormat(
      "the time zone \"%s\" is not known here; wants a name such as Europe/London, or UTC", name));
}

absl::StatusOr<TimeFormat> TimeFormat::Create(std::string format, const std::string& zone) {
  VITRINE_ASSIGN_OR_RETURN(const absl::TimeZone found, FindTimeZone(zone));
  return TimeFormat(std::move(format), found);
}

std::optional<Micros> TimeFormat::ParseAs(const std::string& pattern,
                                          const std::string& text) const {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(pattern, text, zone_, &time, &error)) return std::nullopt;
  if (time == absl::InfiniteFuture() || time == absl::InfinitePast()) return std::nullopt;
  return absl::ToUnixMicros(time);
}

std::optional<Micros> TimeFormat::Parse(const std::string& text) const {
  if (format_ == "unix") return Scaled(text, kMicrosPerSecond);
  if (format_ == "unix-ms") return Scaled(text, kMicrosPerSecond / 1000);
  if (format_ != "auto") return ParseAs(format_, text);
  const std::string_view stripped = Strip(text);
  if (IsDigits(stripped)) {
    const bool is_ms = stripped.size() >= kMillisecondDigits;
    return Scaled(text, is_ms ? kMicrosPerSecond / 1000 : kMicrosPerSecond);
  }
  for (const char* pattern : {"%Y-%m-%d %H:%M:%E*S", "%Y-%m-%dT%H:%M:%E*S%Ez",
                              "%Y-%m-%dT%H:%M:%E*S", "%Y-%m-%d %H:%M:%E*S%Ez", "%Y-%m-%d"}) {
    const std::optional<Micros> time = ParseAs(pattern, text);
    if (time.has_value()) return time;
  }
  return std::nullopt;
}

}  // namespace vitrine
