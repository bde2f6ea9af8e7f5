#pragma once

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "vitrine/base/clock.h"

namespace vitrine {

// As the kernel calls the processor.
inline std::string ProcessorName() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown processor";
}

// A figure of a process in the kernel's words: "VmRSS", "VmHWM" for the peak of it. `process`: its
// id, or "self". 0: there is none.
inline double MemoryBytes(const std::string& what, const std::string& process = "self") {
  std::ifstream status("/proc/" + process + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(what + ":")) return 1024 * std::atof(line.c_str() + what.size() + 1);
  }
  return 0;
}

inline double SecondsSince(Micros start) {
  return static_cast<double>(MonotonicNow() - start) / static_cast<double>(kMicrosPerSecond);
}

// REQUIRES: values are not empty
template <typename T>
T Median(std::vector<T> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace vitrine
