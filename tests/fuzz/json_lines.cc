// Files of an import: JSON lines.
#include <cstdint>
#include <sstream>
#include <string>

#include "fuzz/rows.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::istringstream input(std::string(reinterpret_cast<const char*>(data), size));
  vitrine::cli::ReadEveryRow(*vitrine::cli::ReadJsonLines(input));
  return 0;
}
