#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace vitrine {

enum class LogLevel { kInfo, kWarning, kError };

// A truth is none.
template <typename T>
concept LogNumber = std::integral<T> && !std::same_as<T, bool>;

// The value of a field: a text, a number or a truth. In JSON it is of that type, so a text that
// only looks like a number stays a text.
class LogValue {
 public:
  // NOLINTBEGIN(google-explicit-constructor): {{"path", path}, {"events", 12}} is how fields read.
  LogValue(std::string text) : text_(std::move(text)) {}
  LogValue(std::string_view text) : text_(text) {}
  LogValue(const char* text) : text_(text) {}
  // Templates, or a pointer would be a truth rather than a text.
  template <std::same_as<bool> T>
  LogValue(T truth) : text_(truth ? "true" : "false"), is_text_(false) {}
  template <LogNumber T>
  LogValue(T number) : text_(std::to_string(number)), is_text_(false) {}
  // In the shortest form that reads back as the same number.
  LogValue(double number);
  // NOLINTEND(google-explicit-constructor)

  // With so many decimals, 0 or more.
  static LogValue Rounded(double number, int num_decimals);

  // As the text form of the log has it.
  const std::string& text() const { return text_; }
  // False for what JSON writes without quotes: not for NaN and infinities, which it does not know.
  bool is_text() const { return is_text_; }

 private:
  std::string text_;
  bool is_text_ = true;
};

// One named value of a log line. Never a secret, never personal data.
using LogField = std::pair<std::string_view, LogValue>;

// Writes one line to standard error: time, level, `event` (a stable dotted name, such as
// "store.opened") and the fields. Thread-safe.
void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

// Lines below `level` are dropped from now on.
void SetLogLevel(LogLevel level);

}  // namespace vitrine
