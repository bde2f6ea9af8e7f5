#include "vitrine/base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <memory>

#include "absl/strings/str_format.h"
#include "vitrine/base/log_format.h"

namespace vitrine {
namespace {

// Times are in UTC.
constexpr char kTextPattern[] = "%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v";
// The message is the rest of the object.
constexpr char kJsonPattern[] = R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})";

std::atomic<LogFormat>& Format() {
  static std::atomic<LogFormat> format = LogFormat::kText;
  return format;
}

spdlog::logger& Logger() {
  static const std::shared_ptr<spdlog::logger> logger = [] {
    auto made = std::make_shared<spdlog::logger>(
        "vitrine", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    made->set_pattern(kTextPattern, spdlog::pattern_time_type::utc);
    return made;
  }();
  return *logger;
}

spdlog::level::level_enum Convert(LogLevel level) {
  switch (level) {
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

// A value with blanks is quoted, so that a line still splits into fields; what could end it, or
// talk to a terminal, becomes a blank.
std::string Quote(const std::string& value) {
  const auto is_plain = [](char c) {
    return static_cast<unsigned char>(c) > ' ' && c != '"' && c != '=' && c != 0x7f;
  };
  if (!value.empty() && std::all_of(value.begin(), value.end(), is_plain)) return value;
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += static_cast<unsigned char>(c) < ' ' || c == 0x7f ? ' ' : c;
  }
  return quoted + '"';
}

// A JSON string. What is no control character stays as it is: UTF-8 where it was.
std::string JsonQuote(std::string_view value) {
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(c));
      quoted += escape.data();
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string TextLine(std::string_view event, std::initializer_list<LogField> fields) {
  std::string line(event);
  for (const auto& [name, value] : fields) {
    line.append(" ").append(name).append("=").append(Quote(value.text()));
  }
  return line;
}

std::string JsonLine(std::string_view event, std::initializer_list<LogField> fields) {
  std::string line = "\"event\":" + JsonQuote(event);
  for (const auto& [name, value] : fields) {
    line.append(",").append(JsonQuote(name)).append(":");
    line.append(value.is_text() ? JsonQuote(value.text()) : value.text());
  }
  return line;
}

}  // namespace

LogValue::LogValue(double number) : is_text_(!std::isfinite(number)) {
  std::array<char, 32> digits{};
  const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  text_.assign(digits.data(), written.ptr);
}

LogValue LogValue::Rounded(double number, int num_decimals) {
  LogValue value(absl::StrFormat("%.*f", num_decimals, number));
  value.is_text_ = !std::isfinite(number);
  return value;
}

void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields) {
  const bool is_json = Format() == LogFormat::kJson;
  const std::string line = is_json ? JsonLine(event, fields) : TextLine(event, fields);
  Logger().log(Convert(level), spdlog::string_view_t(line.data(), line.size()));
}

void SetLogFormat(LogFormat format) {
  Format() = format;
  Logger().set_pattern(format == LogFormat::kJson ? kJsonPattern : kTextPattern,
                       spdlog::pattern_time_type::utc);
}

void SetLogLevel(LogLevel level) { Logger().set_level(Convert(level)); }

}  // namespace vitrine
