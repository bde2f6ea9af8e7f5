#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace vitrine {

enum class LogLevel { kInfo, kWarning, kError };

// One named value of a log line. Never a secret, never personal data.
using LogField = std::pair<std::string_view, std::string>;

// Writes one line to standard error: time, level, `event` (a stable dotted name, such as
// "store.opened") and the fields. Thread-safe.
void Log(LogLevel level, std::string_view event, std::initializer_list<LogField> fields = {});

// Lines below `level` are dropped from now on.
void SetLogLevel(LogLevel level);

}  // namespace vitrine
