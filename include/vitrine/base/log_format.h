#pragma once

namespace vitrine {

// How a line of the log is written: for people, or as one JSON object for programs.
enum class LogFormat { kText, kJson };

// Of all lines from now on; text until then. Thread-safe.
void SetLogFormat(LogFormat format);

}  // namespace vitrine
