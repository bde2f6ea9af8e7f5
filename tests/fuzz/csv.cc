// Files of an import: CSV. The first byte says which delimiter, and what blank lines are.
#include <cstdint>
#include <sstream>
#include <string>

#include "fuzz/rows.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::istringstream input(std::string(reinterpret_cast<const char*>(data) + 1, size - 1));
  using vitrine::cli::BlankLines;
  const auto blank_lines = data[0] / 4 % 2 == 0 ? BlankLines::kSkipped : BlankLines::kRows;
  const auto reader = vitrine::cli::ReadCsv(input, ",;\t|"[data[0] % 4], blank_lines);
  if (reader.ok()) vitrine::cli::ReadEveryRow(**reader);
  return 0;
}
