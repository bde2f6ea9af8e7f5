#pragma once

#include <fstream>
#include <string>

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

inline double SecondsSince(Micros start) {
  return static_cast<double>(MonotonicNow() - start) / static_cast<double>(kMicrosPerSecond);
}

}  // namespace vitrine
