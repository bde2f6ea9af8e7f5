#pragma once

#include <cstdint>
#include <cstdlib>

namespace vitrine::testing {

// The number that the environment's variable `name` holds; `otherwise` where it is not set.
inline std::uint64_t NumberFromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

}  // namespace vitrine::testing
